// The frames of the map: workloads by namespace; what is outside at the right, and at the left where
// it only calls in.
import type { Map as Body } from "../wire/rest";
import { type Arc, CALLERS, type Group, OUTSIDE } from "./layout";

export function groupsOf({ nodes, group }: Body, arcs: readonly Arc[]): Group[] {
  const asked = new Set(arcs.map(([, to]) => to));
  const spaces = new Map<string, string[]>();
  for (const { id, kind, namespace } of nodes) {
    const key = kind === "outside" ? (asked.has(id) ? OUTSIDE : CALLERS) : `ns ${namespace ?? id}`;
    spaces.set(key, [...(spaces.get(key) ?? []), id]);
  }
  return [...spaces].map(([key, ids]) => ({ key, title: titleOf(key), bare: group === "namespace" && key.startsWith("ns "), nodes: ids }));
}

function titleOf(key: string): string {
  if (key === OUTSIDE) return "outside";
  return key === CALLERS ? "outside, calling in" : key.slice(3);
}

// Which workloads are listed and in which order: pure, from the list and the address.
import type { Hold, Workload } from "../wire/rest";

export const SORTS = ["name", "ingress", "egress", "policies", "would_drop", "dropped", "forwarded", "node"] as const;
export type Sort = (typeof SORTS)[number];

/** Packets by verdict, both directions together. */
export function sumOf(workload: Workload, verdict: "forwarded" | "would_drop" | "dropped"): number {
  return (workload.into?.packets[verdict] ?? 0) + (workload.out_of?.packets[verdict] ?? 0);
}

/** The workloads that match all words, sorted; equal ones by name. */
export function shownOf(list: readonly Workload[], text: string, sort: Sort): Workload[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return list
    .filter((workload) => words.every((word) => (word.startsWith("-") ? !test(workload, word.slice(1)) : test(workload, word))))
    .sort((one, other) => compare(one, other, sort) || one.name.localeCompare(other.name));
}

const HOLD_ORDER: Record<Hold, number> = { open: 0, detected: 1, enforced: 2 };

function test(workload: Workload, word: string): boolean {
  const colon = word.indexOf(":");
  const value = word.slice(colon + 1);
  switch (word.slice(0, Math.max(colon, 0))) {
    case "namespace":
      return workload.name.startsWith(`${value}/`);
    case "in":
      return workload.ingress === value;
    case "out":
      return workload.egress === value;
    case "policy":
      return workload.policies.some((policy) => policy.toLowerCase().includes(value));
    case "has":
      return has(workload, value);
    default:
      return [workload.name, ...workload.labels, ...workload.addresses, ...workload.policies].some((part) => part.toLowerCase().includes(word));
  }
}

function has(workload: Workload, what: string): boolean {
  switch (what) {
    case "would-drop":
      return sumOf(workload, "would_drop") > 0;
    case "dropped":
      return sumOf(workload, "dropped") > 0;
    case "no-policy":
      return workload.policies.length === 0;
    case "trouble":
      return workload.not_enforced !== undefined;
    default:
      return false;
  }
}

function compare(one: Workload, other: Workload, sort: Sort): number {
  switch (sort) {
    case "name":
      return 0;
    case "ingress":
    case "egress":
      return HOLD_ORDER[one[sort]] - HOLD_ORDER[other[sort]];
    case "policies":
      return other.policies.length - one.policies.length;
    case "node":
      return (one.node ?? "").localeCompare(other.node ?? "");
    case "forwarded":
    case "would_drop":
    case "dropped":
      return sumOf(other, sort) - sumOf(one, sort);
  }
}

/** `7: 2 open inward, 4 open outward` */
export function heading(list: readonly Workload[]): string {
  const open = (side: "ingress" | "egress") => list.filter((workload) => workload[side] === "open").length;
  const parts = [[open("ingress"), "open inward"], [open("egress"), "open outward"]].filter(([count]) => count !== 0);
  if (list.length === 0) return "0";
  return parts.length === 0 ? `${list.length}, all held both ways` : `${list.length}: ${parts.map((part) => part.join(" ")).join(", ")}`;
}

// Which policies are listed and in which order: pure, from the list and the address.
import type { Mode, Policy } from "../wire/rest";
import { exact } from "../words/number";
import { isRefused, kindWord } from "../words/verdict";

export const SORTS = [
  "name", "mode", "namespace", "kind", "workloads", "forwarded", "would_drop", "dropped", "last_hit", "file", "changed",
] as const;
export type Sort = (typeof SORTS)[number];

/** The policies that match all words, sorted; equal ones by name. */
export function shownOf(list: readonly Policy[], text: string, sort: Sort): Policy[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return list
    .filter((policy) => words.every((word) => matches(policy, word)))
    .sort((one, other) => compare(one, other, sort) || one.name.localeCompare(other.name));
}

function matches(policy: Policy, word: string): boolean {
  const not = word.startsWith("-");
  const [key, value] = split(not ? word.slice(1) : word);
  return test(policy, key, value) !== not;
}

function test(policy: Policy, key: string, value: string): boolean {
  switch (key) {
    case "mode":
      return value.split(",").includes(policy.mode);
    case "namespace":
      return (policy.namespace ?? "all") === value;
    case "kind":
      return [policy.kind, kindWord(policy.kind)].some((kind) => kind.toLowerCase() === value);
    case "has":
      return has(policy, value);
    default:
      return [policy.id, policy.file, ...policy.workloads, ...policy.sentences.map(({ text }) => text)]
        .some((part) => part.toLowerCase().includes(value));
  }
}

function has(policy: Policy, what: string): boolean {
  switch (what) {
    case "would-drop":
      return policy.packets.would_drop > 0;
    case "dropped":
      return policy.packets.dropped > 0;
    case "hits":
      return policy.last_hit !== undefined;
    case "findings":
      return policy.diagnostics.length > 0;
    case "never-hit":
      return policy.last_hit === undefined && policy.mode !== "off" && !isRefused(policy);
    case "shadowed":
      return policy.shadowed !== undefined;
    case "refused":
      return isRefused(policy);
    default:
      return false;
  }
}

function split(word: string): [string, string] {
  const colon = word.indexOf(":");
  const key = word.slice(0, colon);
  return ["mode", "namespace", "kind", "has"].includes(key) ? [key, word.slice(colon + 1)] : ["", word];
}

const MODE_ORDER: Record<Mode, number> = { enforce: 0, detect: 1, off: 2 };

function compare(one: Policy, other: Policy, sort: Sort): number {
  switch (sort) {
    case "name":
      return one.name.localeCompare(other.name);
    case "mode":
      return MODE_ORDER[one.mode] - MODE_ORDER[other.mode];
    case "namespace":
      return (one.namespace ?? "").localeCompare(other.namespace ?? "");
    case "kind":
      return one.kind.localeCompare(other.kind);
    case "file":
      return one.file.localeCompare(other.file);
    case "workloads":
      return other.workloads.length - one.workloads.length;
    case "changed":
      return (other.changed?.time ?? 0) - (one.changed?.time ?? 0);
    case "last_hit":
      return (other.last_hit ?? 0) - (one.last_hit ?? 0);
    case "forwarded":
    case "would_drop":
    case "dropped":
      return other.packets[sort] - one.packets[sort];
  }
}

/** `12: 8 detect, 3 enforce, 1 off` */
export function heading(list: readonly Policy[]): string {
  const count = (mode: Mode) => list.filter((policy) => policy.mode === mode && !isRefused(policy)).length;
  const parts = [
    [count("detect"), "detect"],
    [count("enforce"), "enforce"],
    [count("off"), "off"],
    [list.filter(isRefused).length, "refused"],
  ].filter(([number]) => number !== 0);
  return `${exact(list.length)}${parts.length ? ": " : ""}${parts.map((part) => part.join(" ")).join(", ")}`;
}

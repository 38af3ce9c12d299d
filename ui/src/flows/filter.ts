// The filter's words: `verdict:would-drop from:shop/* -to:kube-system/*`. Text to terms and back,
// and whether a flow matches. Pure; the text stands in the address.
import type { Flow, Peer } from "../wire/rest";
import { nameOf, policyOf, verdictWords } from "../words/verdict";

export const KEYS = ["verdict", "from", "to", "with", "port", "protocol", "direction", "policy", "reason"] as const;
export type Key = (typeof KEYS)[number];

/** One condition; without a key it is looked for in every name. */
export interface Term {
  key: Key | null;
  value: string;
  not: boolean;
}

/** What a person typed, as terms. A word that is no `key:value` is looked for everywhere. */
export function parse(text: string): Term[] {
  return text.split(/\s+/).filter((word) => word !== "" && word !== "-").map(termOf);
}

export const format = (terms: readonly Term[]): string => terms.map(textOf).join(" ");

export function textOf({ key, value, not }: Term): string {
  return `${not ? "-" : ""}${key ? `${key}:` : ""}${value}`;
}

function termOf(word: string): Term {
  const not = word.startsWith("-") && word.length > 1;
  const rest = not ? word.slice(1) : word;
  const colon = rest.indexOf(":");
  const key = KEYS.find((known) => known === rest.slice(0, colon).toLowerCase());
  return key ? { key, value: rest.slice(colon + 1), not } : { key: null, value: rest, not };
}

/** Terms of one key are alternatives, of several keys conditions; a negated one excludes. */
export function matcherOf(terms: readonly Term[]): (flow: Flow) => boolean {
  const wanted = new Map<string, ((flow: Flow) => boolean)[]>();
  const unwanted: ((flow: Flow) => boolean)[] = [];
  for (const term of terms.filter(({ value }) => value !== "")) {
    const test = testOf(term);
    if (term.not) unwanted.push(test);
    else {
      // Words without a key narrow down one after the other.
      const group = term.key ?? `word ${term.value}`;
      wanted.set(group, [...(wanted.get(group) ?? []), test]);
    }
  }
  const groups = [...wanted.values()];
  return (flow) =>
    groups.every((tests) => tests.some((test) => test(flow))) && !unwanted.some((test) => test(flow));
}

function testOf({ key, value }: Term): (flow: Flow) => boolean {
  const matches = patternsOf(value);
  switch (key) {
    case "verdict": {
      const wanted = value.toLowerCase().split(",").map((word) => word.replaceAll("-", "_"));
      return ({ verdict }) => wanted.some((word) => verdictIs(verdict, word));
    }
    case "from":
      return ({ source }) => namesOf(source).some(matches);
    case "to":
      return (flow) => destinationNames(flow).some(matches);
    case "with":
      return (flow) => [...namesOf(flow.source), ...destinationNames(flow)].some(matches);
    case "port":
      return portTest(value);
    case "protocol":
      return ({ protocol }) => matches(protocol);
    case "direction":
      return ({ direction }) => matches(direction) || matches(direction === "ingress" ? "in" : "out");
    case "policy":
      return ({ policy, rule }) => deciders(policy, rule).some(matches);
    case "reason":
      return ({ reason }) => reason !== undefined && matches(reason);
    case null:
      return anywhere(value.toLowerCase());
  }
}

function verdictIs(verdict: Flow["verdict"], word: string): boolean {
  return verdict === word || (word === "audit" && verdict === "would_drop");
}

/** Alternatives with `*` for anything: `shop/*,data/db`. */
function patternsOf(value: string): (name: string) => boolean {
  const patterns = value.toLowerCase().split(",").filter(Boolean).map((part) =>
    new RegExp(`^${part.split("*").map(escaped).join(".*")}$`));
  return (name) => patterns.some((pattern) => pattern.test(name.toLowerCase()));
}

const escaped = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");

function portTest(value: string): (flow: Flow) => boolean {
  const ranges = value.split(",").map((part) => part.split("-").map(Number));
  return ({ port }) => ranges.some(([from = NaN, to = from]) => port >= from && port <= to);
}

function namesOf(peer: Peer): string[] {
  const bare = peer.workload?.split("/")[1];
  return [peer.ip, ...(peer.names ?? []), ...(peer.workload ? [peer.workload] : []), ...(bare ? [bare] : [])];
}

function destinationNames({ destination, service }: Flow): string[] {
  return [...namesOf(destination), ...(service ? [service.ip] : []), ...(service?.name ? [service.name] : [])];
}

function deciders(policy: string | undefined, rule: string | undefined): string[] {
  const id = policy ?? (rule ? policyOf(rule) : undefined);
  if (!id) return [];
  return [id, nameOf(id), id.split("/").at(-1)!, ...(rule ? [rule] : [])];
}

function anywhere(word: string): (flow: Flow) => boolean {
  return (flow) => {
    const { source, policy, rule, port, protocol, verdict, reason_text } = flow;
    const text = [
      ...namesOf(source), ...destinationNames(flow), ...deciders(policy, rule),
      String(port), protocol, verdictWords(verdict), reason_text ?? "",
    ];
    return text.some((part) => part.toLowerCase().includes(word));
  };
}

// What the filter offers while somebody types: keys first, then values that exist, with how often.
import type { Flow } from "../wire/rest";
import { endName } from "../verdict/end";
import { nameOf } from "../words/verdict";
import { KEYS, type Key } from "./filter";

export interface Suggestion {
  text: string;
  hint: string;
}

const KEY_HINTS: Record<Key, string> = {
  verdict: "forwarded, would-drop, dropped",
  from: "who began: shop/web, shop/*, an address",
  to: "who was asked",
  with: "either end",
  port: "5432, 8000-8099",
  protocol: "tcp, udp, icmpv4",
  direction: "in, out",
  policy: "who decided",
  reason: "why it was stopped",
};

const SHOWN = 8;
/** The newest records are enough to know what exists. */
const LOOKED_AT = 5_000;

/** Completions of the last word of `text`. */
export function suggestionsFor(text: string, flows: readonly Flow[]): Suggestion[] {
  const word = text.split(/\s+/).at(-1) ?? "";
  const not = word.startsWith("-") ? "-" : "";
  const bare = word.slice(not.length).toLowerCase();
  const colon = bare.indexOf(":");
  const key = KEYS.find((known) => known === bare.slice(0, colon));
  if (!key) {
    return KEYS.filter((known) => known.startsWith(bare)).map((known) => ({
      text: `${not}${known}:`, hint: KEY_HINTS[known],
    }));
  }
  const begun = bare.slice(colon + 1);
  return counts(key, flows)
    .filter(([value]) => value.toLowerCase().includes(begun))
    .slice(0, SHOWN)
    .map(([value, count]) => ({ text: `${not}${key}:${value}`, hint: String(count) }));
}

function counts(key: Key, flows: readonly Flow[]): [string, number][] {
  const found = new Map<string, number>();
  for (const flow of flows.slice(-LOOKED_AT)) {
    for (const value of valuesOf(key, flow)) found.set(value, (found.get(value) ?? 0) + 1);
  }
  return [...found].sort((one, other) => other[1] - one[1]);
}

function valuesOf(key: Key, flow: Flow): string[] {
  switch (key) {
    case "verdict":
      return [flow.verdict.replace("_", "-")];
    case "from":
      return [endName(flow.source)];
    case "to":
      return [endName(flow.destination)];
    case "with":
      return [endName(flow.source), endName(flow.destination)];
    case "port":
      return [String(flow.port)];
    case "protocol":
      return [flow.protocol.toLowerCase()];
    case "direction":
      return [flow.direction === "ingress" ? "in" : "out"];
    case "policy":
      return flow.policy ? [nameOf(flow.policy)] : [];
    case "reason":
      return flow.reason ? [flow.reason] : [];
  }
}

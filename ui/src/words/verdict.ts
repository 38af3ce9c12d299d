// The verdicts and modes in words and in the three looks that they have everywhere.
import type { Mode, Policy, Verdict } from "../wire/rest";

/** The three looks: a line, a hollow diamond, a solid square. */
export type Look = "forwarded" | "would" | "dropped";

const LOOKS: Record<Verdict, Look> = {
  forwarded: "forwarded",
  would_drop: "would",
  dropped: "dropped",
  would_allow: "dropped",
};

const WORDS: Record<Verdict, string> = {
  forwarded: "forwarded",
  would_drop: "would drop",
  dropped: "dropped",
  would_allow: "dropped, would pass",
};

const MODE_WORDS: Record<Mode, string> = { off: "Off", detect: "Detect", enforce: "Enforce" };

export const MODES: readonly Mode[] = ["off", "detect", "enforce"];

export const lookOf = (verdict: Verdict): Look => LOOKS[verdict];
export const verdictWords = (verdict: Verdict): string => WORDS[verdict];
export const modeWords = (mode: Mode): string => MODE_WORDS[mode];

const KINDS: Record<string, string> = {
  NetworkPolicy: "KNP",
  CiliumNetworkPolicy: "CNP",
  CiliumClusterwideNetworkPolicy: "CCNP",
};

/** The field's short name of a kind. */
export const kindWord = (kind: string): string => KINDS[kind] ?? kind;

/** The policy's id out of a rule's or a policy's: all before `#`. */
export const policyOf = (rule: string): string => rule.split("#", 1)[0] ?? rule;

/** `namespace/name` of `Kind/namespace/name`, or the name of a cluster-wide one. */
export const nameOf = (id: string): string => policyOf(id).split("/").slice(1).join("/") || id;

/** The rule within its policy: `ingress[0]` as `ingress 1`. */
export function ruleWords(rule: string): string {
  const section = rule.split("#")[1];
  if (!section) return nameOf(rule);
  return section.replace(/\[(\d+)\]/g, (_, index: string) => ` ${Number(index) + 1}`);
}

/** Whether some text of it is in force, if only an earlier one. */
export const isInForce = (policy: Policy): boolean =>
  policy.mode !== "off" || policy.sentences.length > 0 || policy.workloads.length > 0;

/** Whether its document was refused, so that what is in force is older or nothing. */
export const isRefused = (policy: Policy): boolean =>
  policy.diagnostics.some(({ severity }) => severity === "error");

/** `5432/TCP` as `5432`, `53/UDP` as `53 udp`, `ICMPv4` as `icmpv4`. */
export function portWords(port: string): string {
  const [number, protocol] = port.split("/");
  if (!protocol) return port.toLowerCase();
  return protocol === "TCP" ? number! : `${number} ${protocol.toLowerCase()}`;
}

/** The filter's word for a pair's port. */
export function portTerm(port: string): string {
  const [number, protocol] = port.split("/");
  return protocol ? `port:${number} protocol:${protocol.toLowerCase()}` : `protocol:${port.toLowerCase()}`;
}

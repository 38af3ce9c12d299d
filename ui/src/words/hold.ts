// How a workload is held, in words: inward and outward.
import type { Hold } from "../wire/rest";

const WORDS: Record<Hold, string> = { enforced: "enforced", detected: "detected", open: "open" };

export const holdWord = (hold: Hold): string => WORDS[hold];

/** `enforced in, open out`, `detected both ways` */
export function holdsWords(ingress: Hold, egress: Hold): string {
  if (ingress === egress) return ingress === "open" ? "held by nothing" : `${WORDS[ingress]} both ways`;
  return `${WORDS[ingress]} in, ${WORDS[egress]} out`;
}

// The same question on the command line: for `podwall observe`, and for people who know `hubble`.
import type { Flow, Peer } from "../wire/rest";

export interface Commands {
  podwall: string;
  hubble: string;
}

const HUBBLE_VERDICTS: Record<Flow["verdict"], string> = {
  forwarded: "FORWARDED",
  would_drop: "AUDIT",
  dropped: "DROPPED",
  would_allow: "DROPPED",
};

/** Commands that show flows of the same two ends, port and verdict. */
export function commandsFor(flow: Flow, since: string): Commands {
  const words = [
    ...endWords("from", flow.source),
    ...endWords("to", flow.destination),
    ...(flow.port > 0 ? ["--port", String(flow.port)] : []),
    "--verdict", HUBBLE_VERDICTS[flow.verdict],
    "--since", since,
  ];
  const line = words.map(quoted).join(" ");
  return { podwall: `podwall observe ${line}`, hubble: `hubble observe ${line}` };
}

function endWords(end: "from" | "to", peer: Peer): string[] {
  return peer.workload ? [`--${end}-pod`, peer.workload] : [`--${end}-ip`, peer.ip];
}

/** Names come from the cluster: what a shell would read otherwise is quoted. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

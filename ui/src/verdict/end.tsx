// One end of a flow in words: the workload with its namespace light, else a name, else the address.
import type { Peer } from "../wire/rest";
import css from "./verdict.module.css";

/** Names that stand for many addresses: the address says more. */
const BROAD = new Set(["world", "world-ipv4", "world-ipv6", "all", "cluster", "unmanaged", "unknown"]);

/** The words for an end: what a person would call it. */
export function endName(peer: Peer): string {
  return peer.workload ?? peer.names?.find((name) => !BROAD.has(name)) ?? peer.ip;
}

/** What an end is called beside its name. */
export function alsoCalled(peer: Peer): string {
  return [peer.ip, ...(peer.names ?? [])].join(", ");
}

export function End({ peer }: { peer: Peer }) {
  return <Named name={endName(peer)} hover={alsoCalled(peer)} />;
}

/** `namespace/name`, or any other name, as tables show it. */
export function Named({ name, hover }: { name: string; hover?: string }) {
  const cut = cutOf(name);
  return <span className={css.name} title={hover}><span className={css.space}>{name.slice(0, cut)}</span>{name.slice(cut)}</span>;
}

/** Where the namespace of a name ends: behind its slash, or at nothing. */
function cutOf(name: string): number {
  if (name.includes("://") || /^[\d.:a-f]+\/\d+$/.test(name)) return 0;
  return name.indexOf("/") <= 0 ? 0 : name.indexOf("/") + 1;
}

export function Arrow() {
  return <span className={css.arrow} aria-label="to">→</span>;
}

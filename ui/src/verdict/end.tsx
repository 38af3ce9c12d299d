// One end of a flow in words: the workload with its namespace light, else a name, else the address.
import type { Peer } from "../wire/rest";
import css from "./verdict.module.css";

/** Names that stand for many addresses: the address says more. */
const BROAD = new Set(["world", "world-ipv4", "world-ipv6", "all", "cluster", "unmanaged", "unknown"]);

/** The words for an end: what a person would call it. */
export function endName(peer: Peer): string {
  return peer.workload ?? peer.names?.find((name) => !BROAD.has(name)) ?? peer.ip;
}

export function End({ peer }: { peer: Peer }) {
  return <Named name={endName(peer)} hover={[peer.ip, ...(peer.names ?? [])].join(", ")} />;
}

/** `namespace/name`, or any other name, as tables show it. */
export function Named({ name, hover }: { name: string; hover?: string }) {
  const cut = name.includes("://") ? -1 : name.indexOf("/");
  const isAddress = /^[\d.:a-f]+\/\d+$/.test(name);
  if (cut <= 0 || isAddress) return <span className={css.name} title={hover}>{name}</span>;
  return (
    <span className={css.name} title={hover}>
      <span className={css.space}>{name.slice(0, cut + 1)}</span>
      {name.slice(cut + 1)}
    </span>
  );
}

export function Arrow() {
  return <span className={css.arrow} aria-label="to">→</span>;
}

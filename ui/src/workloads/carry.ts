// The peers of a workload carried on by flow records. Pure.
import type { Flow, Peer, PeerStats, WorkloadDetail } from "../wire/rest";
import { endName } from "../verdict/end";

/** With what more records say of its peers; what it judged itself counts. */
export function withFlows(detail: WorkloadDetail, flows: readonly Flow[]): WorkloadDetail {
  const own = flows.filter(({ workload, kind, time }) => workload === detail.name && kind !== "closed" && time >= detail.until);
  if (own.length === 0) return detail;
  return {
    ...detail,
    peers_in: grown(detail.peers_in, own.filter(({ direction }) => direction === "ingress"), ({ source }) => source),
    peers_out: grown(detail.peers_out, own.filter(({ direction }) => direction === "egress"), ({ destination }) => destination),
  };
}

function grown(peers: readonly PeerStats[], flows: readonly Flow[], otherOf: (flow: Flow) => Peer): PeerStats[] {
  const names = new Set(peers.map(({ peer }) => peer));
  const known = new Map(peers.map((peer) => [keyOf(peer), peer]));
  for (const flow of flows) {
    const other = otherOf(flow);
    const next: PeerStats = {
      peer: other.workload ?? [...(other.names ?? []), other.ip].find((name) => names.has(name)) ?? endName(other),
      ...(other.workload ? { workload: other.workload } : {}), verdict: flow.verdict, count: flow.count, first: flow.time, last: flow.time,
      port: flow.port > 0 ? `${flow.port}/${flow.protocol}` : flow.protocol, ...(flow.policy ? { policy: flow.policy } : {}),
    };
    const before = known.get(keyOf(next));
    known.set(keyOf(next), before ? { ...before, count: before.count + next.count, last: Math.max(before.last, next.last) } : next);
  }
  return [...known.values()];
}

const keyOf = ({ peer, port, verdict, policy }: PeerStats): string => `${peer} ${port} ${verdict} ${policy ?? ""}`;

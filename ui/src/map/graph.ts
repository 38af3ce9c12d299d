// The map as it is drawn: ends, and one line for each way that a connection between two ends fared.
// Pure, from what the server told and from records that came after it.
import type { Flow, Map as Body, MapEdge, MapGroup, MapNode, MapPort, Peer, VerdictCounts } from "../wire/rest";
import { endName } from "../verdict/end";
import type { Look } from "../words/verdict";

/** Who talked to whom in one way. */
export interface Line {
  id: string;
  source: string;
  destination: string;
  look: Look;
  ports: readonly string[];
  count: number;
  policies: readonly string[];
  last: number;
}

const LOOKS: readonly Look[] = ["dropped", "would", "forwarded"];
const RANK: Record<Look, number> = { dropped: 0, would: 1, forwarded: 2 };

/** Every line, those that are stopped first, then the busiest. */
export function linesOf(edges: readonly MapEdge[]): Line[] {
  return edges.flatMap(linesOfEdge).sort((one, other) =>
    RANK[one.look] - RANK[other.look] || other.count - one.count || one.id.localeCompare(other.id));
}

function linesOfEdge({ source, destination, ports, policies, last }: MapEdge): Line[] {
  return LOOKS.flatMap((look) => {
    const fared = ports.map((port) => ({ port: port.port, count: countOf(port, look) })).filter(({ count }) => count > 0);
    if (fared.length === 0) return [];
    fared.sort((one, other) => other.count - one.count);
    const count = fared.reduce((sum, one) => sum + one.count, 0);
    return [{ id: `${source} ${destination} ${look}`, source, destination, look, ports: fared.map(({ port }) => port), count, policies, last }];
  });
}

/** Both ends judge one connection: what fared worse at one of them decides. */
function countOf({ egress, ingress }: MapPort, look: Look): number {
  const dropped = egress.dropped + ingress.dropped;
  const would = Math.max(egress.would_drop, ingress.would_drop);
  switch (look) {
    case "dropped":
      return dropped;
    case "would":
      return would;
    case "forwarded":
      return Math.max(0, Math.max(allOf(egress), allOf(ingress)) - would - dropped);
  }
}

const allOf = ({ forwarded, would_drop, dropped }: VerdictCounts): number => forwarded + would_drop + dropped;

/** The map with records that came after it was asked for. Nodes and edges that change are new. */
export function carriedOn(map: Body, flows: readonly Flow[]): Body {
  const nodes = new Map(map.nodes.map((node) => [node.id, node]));
  const edges = new Map(map.edges.map((edge) => [`${edge.source} ${edge.destination}`, edge]));
  for (const flow of flows) {
    if (flow.kind === "closed" || flow.time < map.until) continue;
    const source = idOf(flow.source, map.group, nodes);
    const destination = idOf(flow.destination, map.group, nodes);
    if (source === destination && map.group === "namespace") continue;
    for (const [id, peer] of [[source, flow.source], [destination, flow.destination]] as const) {
      if (!nodes.has(id)) nodes.set(id, nodeOf(id, peer, map.group));
    }
    const key = `${source} ${destination}`;
    edges.set(key, withFlow(edges.get(key) ?? newEdge(source, destination, flow), flow));
  }
  return { ...map, nodes: nodes.size === map.nodes.length ? map.nodes : [...nodes.values()], edges: [...edges.values()] };
}

function idOf(peer: Peer, group: MapGroup, known: ReadonlyMap<string, MapNode>): string {
  if (peer.workload) return group === "namespace" ? `${peer.workload.split("/")[0]}/` : peer.workload;
  return [...(peer.names ?? []), peer.ip].find((name) => known.has(name)) ?? endName(peer);
}

function nodeOf(id: string, peer: Peer, group: MapGroup): MapNode {
  if (!peer.workload) return { id, kind: "outside", name: id, workloads: 0 };
  const [namespace = "", name = ""] = peer.workload.split("/");
  return { id, kind: group, namespace, name: group === "namespace" ? namespace : name, workloads: 1 };
}

const NONE: VerdictCounts = { forwarded: 0, would_drop: 0, dropped: 0 };

function newEdge(source: string, destination: string, flow: Flow): MapEdge {
  return { source, destination, egress: NONE, ingress: NONE, ports: [], policies: [], first: flow.time, last: flow.time };
}

function withFlow(edge: MapEdge, flow: Flow): MapEdge {
  const port = flow.port > 0 ? `${flow.port}/${flow.protocol}` : flow.protocol;
  const known = edge.ports.find((one) => one.port === port) ?? { port, egress: NONE, ingress: NONE };
  const counted = { ...known, [flow.direction]: plusOne(known[flow.direction], flow) };
  const decider = flow.policy && !edge.policies.includes(flow.policy) ? [flow.policy] : [];
  return {
    ...edge, [flow.direction]: plusOne(edge[flow.direction], flow), last: Math.max(edge.last, flow.time),
    ports: [...edge.ports.filter((one) => one.port !== port), counted], policies: [...edge.policies, ...decider],
  };
}

function plusOne(counts: VerdictCounts, { verdict, count }: Flow): VerdictCounts {
  const key = verdict === "would_allow" ? "dropped" : verdict;
  return { ...counts, [key]: counts[key] + count };
}

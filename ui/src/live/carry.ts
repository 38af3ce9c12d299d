// Statistics carried on by the stream: what a tick and flow records add to what was asked for.
// Pure; nothing here is asked again.
import type { Flow, NamespaceStats, Pair, Peer, Sample, Stats, VerdictCounts } from "../wire/rest";
import { endName } from "../verdict/end";
import { NO_COUNTS, plus, totalOf } from "./series";

/** With one more tick, in samples of `step`; what ended before `since` falls out. */
export function withTick(stats: Stats, tick: Stats, since: number, step: number): Stats {
  const newest = stats.samples.at(-1)?.end ?? 0;
  const [fresh] = tick.samples.filter(({ end }) => end > newest);
  if (!fresh) return stats;
  const joins = joinsLast(stats.samples, fresh, step);
  const samples = joins ? [...stats.samples.slice(0, -1), joined(stats.samples.at(-1)!, fresh)] : [...stats.samples, fresh];
  const gone = samples.findIndex(({ end }) => end > since);
  const told = new Map(tick.namespaces.map((one) => [one.namespace, one.packets]));
  const names = [...stats.namespaces.map(({ namespace }) => namespace), ...told.keys()];
  const known = new Map(stats.namespaces.map((one) => [one.namespace, one]));
  return {
    ...stats,
    samples: samples.slice(gone),
    total: totalAfter(stats, fresh, samples.slice(0, gone)),
    namespaces: [...new Set(names)].map((name) =>
      namespaceAfter(known.get(name) ?? blank(name, stats.samples.length), told.get(name) ?? NO_COUNTS, joins, gone)),
  };
}

function joinsLast(samples: readonly Sample[], fresh: Sample, step: number): boolean {
  const last = samples.at(-1);
  if (!last) return false;
  return fresh.start < last.start + step && last.start >= Math.floor(fresh.start / step) * step;
}

function joined(last: Sample, fresh: Sample): Sample {
  return {
    start: last.start, end: Math.max(last.end, fresh.end),
    packets: plus(last.packets, fresh.packets), bytes: plus(last.bytes, fresh.bytes),
  };
}

function totalAfter({ total }: Stats, fresh: Sample, gone: readonly Sample[]): Stats["total"] {
  const left = totalOf(gone);
  return {
    packets: minus(plus(total.packets, fresh.packets), left.packets),
    bytes: minus(plus(total.bytes, fresh.bytes), left.bytes),
  };
}

const blank = (namespace: string, samples: number): NamespaceStats =>
  ({ namespace, packets: NO_COUNTS, samples: Array.from({ length: samples }, () => NO_COUNTS) });

function namespaceAfter(one: NamespaceStats, told: VerdictCounts, joins: boolean, gone: number): NamespaceStats {
  const { samples } = one;
  const all = joins ? [...samples.slice(0, -1), plus(samples.at(-1) ?? NO_COUNTS, told)] : [...samples, told];
  const left = all.slice(0, gone).reduce(plus, NO_COUNTS);
  return { ...one, packets: minus(plus(one.packets, told), left), samples: all.slice(gone) };
}

function minus(all: VerdictCounts, part: VerdictCounts): VerdictCounts {
  return {
    forwarded: Math.max(0, all.forwarded - part.forwarded),
    would_drop: Math.max(0, all.would_drop - part.would_drop),
    dropped: Math.max(0, all.dropped - part.dropped),
  };
}

/** With the pairs of more records; pairs that were last seen before `since` fall out. */
export function withFlows(stats: Stats, flows: readonly Flow[], since: number): Stats {
  const stopped = flows.filter(({ verdict, kind }) => verdict !== "forwarded" && kind !== "closed");
  if (stopped.length === 0) return stats;
  const names = new Set(stats.pairs.flatMap(({ source, destination }) => [source, destination]));
  const pairs = new Map(stats.pairs.map((pair) => [keyOf(pair), pair]));
  for (const flow of stopped) {
    const next = pairOf(flow, names);
    const known = pairs.get(keyOf(next));
    pairs.set(keyOf(next), known ? { ...known, count: known.count + next.count, last: Math.max(known.last, next.last) } : next);
  }
  return { ...stats, pairs: [...pairs.values()].filter(({ last }) => last >= since) };
}

function pairOf(flow: Flow, known: ReadonlySet<string>): Pair {
  const { source, destination, verdict, count, time, protocol, port } = flow;
  return {
    source: nameIn(known, source), destination: nameIn(known, destination), verdict, count, first: time, last: time,
    port: port > 0 ? `${port}/${protocol}` : protocol, policy: flow.rule ?? flow.policy,
  };
}

/** What an end is called already, else what a person would call it. */
function nameIn(known: ReadonlySet<string>, peer: Peer): string {
  if (peer.workload) return peer.workload;
  return [...(peer.names ?? []), peer.ip].find((name) => known.has(name)) ?? endName(peer);
}

const keyOf = ({ source, destination, port, verdict, policy }: Pair): string =>
  `${source} ${destination} ${port} ${verdict} ${policy ?? ""}`;

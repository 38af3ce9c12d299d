// Samples over time as the chart and the figures need them: pure arithmetic on what the server
// sent. A missing interval stays missing; it never becomes zero.
import type { Sample, Stats, VerdictCounts } from "../wire/rest";

export type Unit = "packets" | "bytes";

export const NO_COUNTS: VerdictCounts = { forwarded: 0, would_drop: 0, dropped: 0 };

/** Everything that was judged, whatever the verdict. */
export const allOf = (counts: VerdictCounts): number =>
  counts.forwarded + counts.would_drop + counts.dropped;

export function plus(one: VerdictCounts, other: VerdictCounts): VerdictCounts {
  return {
    forwarded: one.forwarded + other.forwarded,
    would_drop: one.would_drop + other.would_drop,
    dropped: one.dropped + other.dropped,
  };
}

/** Samples end when they were read: the newest is not yet as wide as its step. */
export function clipped(stats: Stats, until: number): Stats {
  const samples = stats.samples.map((sample) => ({ ...sample, end: Math.min(sample.end, until) }));
  return { ...stats, samples: samples.filter(({ start, end }) => end > start) };
}

export function totalOf(samples: readonly Sample[]): Stats["total"] {
  let packets = NO_COUNTS;
  let bytes = NO_COUNTS;
  for (const sample of samples) {
    packets = plus(packets, sample.packets);
    bytes = plus(bytes, sample.bytes);
  }
  return { packets, bytes };
}

/** A stretch of time of which nothing is known. */
export interface Gap {
  from: number;
  to: number;
}

/** What uPlot draws: seconds, rates, and the stack's top; `null` breaks a line. */
export interface Lanes {
  times: number[];
  forwarded: (number | null)[];
  would: (number | null)[];
  /** would drop and dropped, one above the other. */
  stopped: (number | null)[];
  gaps: Gap[];
}

/** Below this much of a step nothing is said of its rate: readings come a second apart. */
const TELLING_MS = 5_000;

/** Without a last sample that has only begun. */
export function begun(samples: readonly Sample[], step: number): Sample[] {
  const last = samples.at(-1);
  const short = last !== undefined && samples.length > 1 && last.end - last.start < Math.min(step, TELLING_MS);
  return short ? samples.slice(0, -1) : [...samples];
}

/** Rates per second of each sample, with a break wherever more than half a step is missing. */
export function lanesOf(samples: readonly Sample[], unit: Unit, step: number): Lanes {
  const lanes: Lanes = { times: [], forwarded: [], would: [], stopped: [], gaps: [] };
  samples.forEach((sample, index) => {
    const next = samples[index + 1];
    const seconds = Math.max(sample.end - sample.start, 1) / 1000;
    const counts = sample[unit];
    push(lanes, sample.start, {
      forwarded: counts.forwarded / seconds,
      would_drop: counts.would_drop / seconds,
      dropped: counts.dropped / seconds,
    });
    if (next && next.start - sample.end > Math.max(step, 1_000) * 1.5) {
      lanes.gaps.push({ from: sample.end, to: next.start });
      push(lanes, sample.end, null);
    } else if (!next) {
      repeatLast(lanes, sample.end);
    }
  });
  return lanes;
}

function push(lanes: Lanes, time: number, rate: VerdictCounts | null): void {
  lanes.times.push(time / 1000);
  lanes.forwarded.push(rate && rate.forwarded);
  lanes.would.push(rate && rate.would_drop);
  lanes.stopped.push(rate && rate.would_drop + rate.dropped);
}

/** Steps are drawn to the next point: the last sample gets its own end. */
function repeatLast(lanes: Lanes, time: number): void {
  lanes.times.push(time / 1000);
  for (const lane of [lanes.forwarded, lanes.would, lanes.stopped]) lane.push(lane.at(-1) ?? null);
}

/** The next round number at or above `value`, so that an axis ends at one. */
export function roundAbove(value: number): number {
  if (value <= 0) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(value));
  const round = [1, 1.5, 2, 3, 4, 6, 8, 10].find((step) => step * magnitude >= value * 0.999);
  return (round ?? 10) * magnitude;
}

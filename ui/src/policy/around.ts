// What was stopped in the hour before a change and in the hour after it.
import type { Change, Sample } from "../wire/rest";

const HOUR_MS = 3_600_000;
const STEP_MS = 60_000;
/** Samples that one question may ask for. */
const SAMPLES = 4_000;

export interface Around {
  /** `null` where nothing is known of that hour. */
  before: number | null;
  after: number | null;
}

/** One question for all changes: from an hour before the oldest until now. */
export function questionOf(changes: readonly Change[], now: number): { since: number; until: number; step: number } {
  const since = Math.min(...changes.map(({ time }) => time)) - HOUR_MS;
  const steps = Math.ceil((now - since) / SAMPLES / STEP_MS);
  return { since: Math.floor(since), until: Math.ceil(now), step: Math.max(steps, 1) * STEP_MS };
}

/** Would drop and dropped together, by the samples whose middle lies in the hour. */
export function aroundOf(samples: readonly Sample[], time: number): Around {
  return { before: stopped(samples, time - HOUR_MS, time), after: stopped(samples, time, time + HOUR_MS) };
}

function stopped(samples: readonly Sample[], from: number, to: number): number | null {
  const inside = samples.filter(({ start, end }) => (start + end) / 2 >= from && (start + end) / 2 < to);
  if (inside.length === 0) return null;
  return inside.reduce((sum, { packets }) => sum + packets.would_drop + packets.dropped, 0);
}

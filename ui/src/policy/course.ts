// The course of what was stopped, cut into columns of equal time, and where the names of revisions
// stand above it. Pure.
import type { Sample } from "../wire/rest";

export interface Column {
  /** Packets a second; both together are what was stopped. */
  would: number;
  all: number;
}

/** Columns of equal time from `since` until `until`; `null` where nothing is known. */
export function columnsOf(samples: readonly Sample[], since: number, until: number, count: number): (Column | null)[] {
  const width = (until - since) / count;
  const sums = Array.from({ length: count }, () => ({ would: 0, all: 0, known: 0 }));
  for (const { start, end, packets } of samples) {
    const first = Math.max(Math.floor((start - since) / width), 0);
    const last = Math.min(Math.ceil((end - since) / width), count);
    for (let at = first; at < last; at += 1) {
      const from = since + at * width;
      const shared = Math.min(end, from + width) - Math.max(start, from);
      const sum = sums[at];
      if (!sum || shared <= 0) continue;
      const part = shared / (end - start);
      sum.would += packets.would_drop * part;
      sum.all += (packets.would_drop + packets.dropped) * part;
      sum.known += shared / 1000;
    }
  }
  return sums.map(({ would, all, known }) => (known === 0 ? null : { would: would / known, all: all / known }));
}

/** The runs of columns that are known: where each begins, and what it holds. */
export function runsOf(columns: readonly (Column | null)[]): { at: number; columns: Column[] }[] {
  const runs: { at: number; columns: Column[] }[] = [];
  columns.forEach((column, at) => {
    const run = runs.at(-1);
    if (!column) return;
    if (run && run.at + run.columns.length === at) run.columns.push(column);
    else runs.push({ at, columns: [column] });
  });
  return runs;
}

export interface Named {
  x: number;
  /** Width of its words. */
  width: number;
}

export type Side = "right" | "left";

/** On which side of its line each name stands, from left to right; `null` where it has no room. */
export function sidesOf(marks: readonly Named[], end: number): (Side | null)[] {
  let taken = 0;
  return marks.map(({ x, width }, at) => {
    const next = marks[at + 1]?.x ?? end;
    const right = x + width <= next;
    const left = x - width >= taken;
    if (!right && !left) {
      taken = Math.max(taken, x);
      return null;
    }
    taken = right ? x + width : x;
    return right ? "right" : "left";
  });
}

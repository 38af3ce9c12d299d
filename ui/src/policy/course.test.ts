// The course of what was stopped: sums are kept, gaps stay gaps, names have room or are not there.
import { expect, test } from "vitest";
import type { Sample } from "../wire/rest";
import { columnsOf, runsOf, sidesOf } from "./course";

const sample = (start: number, end: number, would_drop: number, dropped = 0): Sample => {
  const packets = { forwarded: 9, would_drop, dropped };
  return { start, end, packets, bytes: packets };
};

test("a sample is shared out by time, and what nobody read is not zero", () => {
  const columns = columnsOf([sample(0, 4_000, 8), sample(6_000, 8_000, 2, 2)], 0, 8_000, 4);
  expect(columns).toEqual([{ would: 2, all: 2 }, { would: 2, all: 2 }, null, { would: 1, all: 2 }]);
  expect(runsOf(columns).map(({ at, columns: known }) => [at, known.length])).toEqual([[0, 2], [3, 1]]);
});

test("a sample that reaches over an edge counts for its part inside", () => {
  expect(columnsOf([sample(-1_000, 1_000, 8)], 0, 2_000, 2)).toEqual([{ would: 4, all: 4 }, null]);
});

test("a name stands on the right, or on the left, or not at all", () => {
  const at = (x: number) => ({ x, width: 100 });
  expect(sidesOf([at(50), at(400), at(980)], 1_000)).toEqual(["right", "right", "left"]);
  expect(sidesOf([at(50), at(60), at(70)], 1_000)).toEqual([null, null, "right"]);
  expect(sidesOf([at(0), at(940), at(960)], 1_000)).toEqual(["right", "left", null]);
});

// Around a change: what is known of each hour, and what is not.
import { expect, test } from "vitest";
import type { Change, Sample } from "../wire/rest";
import { aroundOf, questionOf } from "./around";

const HOUR = 3_600_000;
const sample = (start: number, would_drop: number, dropped = 0): Sample => {
  const packets = { forwarded: 9, would_drop, dropped };
  return { start, end: start + 60_000, packets, bytes: packets };
};

test("both hours are summed apart, and an hour without a sample is not zero", () => {
  const time = 10 * HOUR;
  const samples = [sample(time - 2 * HOUR, 100), sample(time - 60_000, 4), sample(time, 0, 7), sample(time + 60_000, 0)];
  expect(aroundOf(samples, time)).toEqual({ before: 4, after: 7 });
  expect(aroundOf(samples.slice(2), time)).toEqual({ before: null, after: 7 });
});

test("one question reaches an hour before the oldest change, in steps that it may ask for", () => {
  const changes = [{ time: 90 * 24 * HOUR }, { time: HOUR }] as Change[];
  const { since, until, step } = questionOf(changes, 90 * 24 * HOUR);
  expect([since, until, step % 60_000]).toEqual([0, 90 * 24 * HOUR, 0]);
  expect((until - since) / step).toBeLessThanOrEqual(5_000);
});

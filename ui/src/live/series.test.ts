import { describe, expect, it } from "vitest";
import type { Sample, Stats } from "../wire/rest";
import { begun, clipped, lanesOf, roundAbove, totalOf } from "./series";

function sample(start: number, end: number, forwarded: number, would = 0, dropped = 0): Sample {
  return {
    start, end,
    packets: { forwarded, would_drop: would, dropped },
    bytes: { forwarded: forwarded * 100, would_drop: would * 60, dropped: dropped * 60 },
  };
}

function stats(...samples: Sample[]): Stats {
  return { samples, total: totalOf(samples), namespaces: [], pairs: [] };
}

describe("samples", () => {
  it("end when they were read", () => {
    const shown = clipped(stats(sample(0, 5_000, 5), sample(5_000, 10_000, 2)), 6_000);
    expect(shown.samples[1]?.end).toBe(6_000);
  });
});

describe("the newest sample", () => {
  it("is left out while it has only begun", () => {
    const whole = sample(0, 1_000, 5);
    expect(begun([whole, sample(1_000, 1_300, 5)], 1_000)).toEqual([whole]);
    expect(begun([whole], 5_000)).toEqual([whole]);
    expect(begun([whole, sample(60_000, 66_000, 5)], 60_000)).toHaveLength(2);
  });
});

describe("lanes", () => {
  it("are rates, the dropped above what would drop", () => {
    const lanes = lanesOf([sample(0, 2_000, 20, 4, 2)], "packets", 2_000);
    expect(lanes.times).toEqual([0, 2]);
    expect([lanes.forwarded[0], lanes.would[0], lanes.stopped[0]]).toEqual([10, 2, 3]);
  });

  it("break where nothing is known, and never draw it as zero", () => {
    const lanes = lanesOf([sample(0, 1_000, 1), sample(60_000, 61_000, 1)], "packets", 1_000);
    expect(lanes.gaps).toEqual([{ from: 1_000, to: 60_000 }]);
    expect(lanes.forwarded).toEqual([1, null, 1, 1]);
  });

  it("end their axes at round numbers", () => {
    expect([0, 0.7, 1, 13, 76, 101, 3_510].map(roundAbove)).toEqual([1, 0.8, 1, 15, 80, 150, 4_000]);
  });
});

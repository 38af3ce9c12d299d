import { describe, expect, it } from "vitest";
import type { Pair } from "../wire/rest";
import { met } from "./pairs";

const pair = (port: string, count: number, more: Partial<Pair> = {}): Pair => ({
  source: "lab/intruder", destination: "data/db", port, verdict: "would_drop", count, first: 10, last: 20, policy: "NetworkPolicy/data/db", ...more,
});

describe("who met whom", () => {
  it("is one entry for two ends, with its ports and deciders", () => {
    const [sweep, ...rest] = met([pair("22/TCP", 3), pair("6379/TCP", 9, { first: 5 }), pair("22/TCP", 4, { last: 30, policy: "NetworkPolicy/data/default-deny" })]);
    expect(rest).toEqual([]);
    expect(sweep).toEqual({
      source: "lab/intruder", destination: "data/db", verdict: "would_drop", ports: ["6379/TCP", "22/TCP"], count: 16, first: 5, last: 30,
      policies: ["NetworkPolicy/data/db", "NetworkPolicy/data/default-deny"],
    });
  });

  it("keeps verdicts apart, the busiest first", () => {
    const all = met([pair("1/TCP", 1), pair("1/TCP", 5, { verdict: "dropped" })]);
    expect(all.map(({ verdict }) => verdict)).toEqual(["dropped", "would_drop"]);
  });
});

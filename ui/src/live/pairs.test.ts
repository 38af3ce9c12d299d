import { describe, expect, it } from "vitest";
import type { Pair, Policy } from "../wire/rest";
import { met, undecided } from "./pairs";

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

  it("is decided where the policy enforces by now", () => {
    const policies = [{ id: "NetworkPolicy/data/db", mode: "enforce" } as Policy];
    const pairs = [pair("1/TCP", 1), pair("2/TCP", 1, { verdict: "dropped" }), pair("3/TCP", 1, { policy: "NetworkPolicy/shop/web" })];
    expect(undecided(pairs, policies).map(({ port }) => port)).toEqual(["2/TCP", "3/TCP"]);
    expect(undecided(pairs, null)).toHaveLength(3);
  });
});

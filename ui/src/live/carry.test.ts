import { describe, expect, it } from "vitest";
import type { Flow, Sample, Stats } from "../wire/rest";
import { withFlows, withTick } from "./carry";
import { totalOf } from "./series";

function sample(start: number, end: number, forwarded: number): Sample {
  const counts = { forwarded, would_drop: 0, dropped: 0 };
  return { start, end, packets: counts, bytes: counts };
}

function stats(...samples: Sample[]): Stats {
  const { packets } = totalOf(samples);
  const namespaces = [{ namespace: "shop", packets, samples: samples.map((one) => one.packets) }];
  return { samples, total: totalOf(samples), namespaces, pairs: [] };
}

describe("statistics that go on", () => {
  it("take a tick once, and lose what fell out of the window, in each namespace too", () => {
    const before = stats(sample(0, 1_000, 5), sample(1_000, 2_000, 7));
    const tick = stats(sample(2_000, 3_000, 11));
    const after = withTick(before, tick, 1_000, 1_000);
    expect(after.samples.map(({ packets }) => packets.forwarded)).toEqual([7, 11]);
    expect(after.total.packets.forwarded).toBe(18);
    expect(after.namespaces[0]?.samples.map(({ forwarded }) => forwarded)).toEqual([7, 11]);
    expect(after.namespaces[0]?.packets.forwarded).toBe(18);
    expect(withTick(after, tick, 1_000, 1_000)).toBe(after);
  });

  it("join a tick to the sample that it belongs to", () => {
    const after = withTick(stats(sample(0, 10_000, 5)), stats(sample(10_000, 11_000, 1)), 0, 10_000);
    const more = withTick(after, stats(sample(11_000, 12_000, 2)), 0, 10_000);
    expect(more.samples.map(({ start, end, packets }) => [start, end, packets.forwarded])).toEqual([[0, 10_000, 5], [10_000, 12_000, 3]]);
    expect(more.namespaces[0]?.samples).toHaveLength(2);
  });

  it("keep in the sum what the server could not place in time", () => {
    const known = stats(sample(0, 1_000, 5));
    known.total.packets.forwarded += 1_000;
    expect(withTick(known, stats(sample(1_000, 2_000, 1)), 0, 1_000).total.packets.forwarded).toBe(1_006);
  });

  it("begin a namespace that was not there", () => {
    const tick = { ...stats(sample(1_000, 2_000, 3)) };
    tick.namespaces = [{ ...tick.namespaces[0]!, namespace: "new" }];
    const { namespaces } = withTick(stats(sample(0, 1_000, 5)), tick, 0, 1_000);
    expect(namespaces.map(({ namespace, samples }) => [namespace, samples.length])).toEqual([["shop", 2], ["new", 2]]);
  });
});

describe("pairs that go on", () => {
  const flow = (more: Partial<Flow>): Flow => ({
    seq: 1, time: 5_000, kind: "judged", verdict: "would_drop", workload: "data/db", direction: "ingress", protocol: "TCP", port: 5432,
    source_port: 1, count: 2, source: { workload: "shop/web", ip: "10.0.0.1", identity: 1 },
    destination: { ip: "10.0.0.2", names: ["world", "db.example"], identity: 2 }, policy: "P/a/b", ...more,
  });

  it("count what is stopped, under the name that is known", () => {
    const once = withFlows({ ...stats(), pairs: [] }, [flow({}), flow({ verdict: "forwarded" })], 0);
    expect(once.pairs.map(({ destination, count, port }) => [destination, count, port])).toEqual([["db.example", 2, "5432/TCP"]]);
    const twice = withFlows(once, [flow({ time: 9_000 })], 0);
    expect(twice.pairs.map(({ count, last }) => [count, last])).toEqual([[4, 9_000]]);
    expect(withFlows(twice, [flow({ time: 90_000, port: 1 })], 50_000).pairs).toHaveLength(1);
  });
});

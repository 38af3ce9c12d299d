import { describe, expect, it } from "vitest";
import type { Flow, Map, MapEdge, VerdictCounts } from "../wire/rest";
import { carriedOn, linesOf } from "./graph";

const counts = (forwarded: number, would_drop = 0, dropped = 0): VerdictCounts => ({ forwarded, would_drop, dropped });

function edge(more: Partial<MapEdge>): MapEdge {
  return { source: "a/x", destination: "b/y", egress: counts(0), ingress: counts(0), ports: [], policies: [], first: 0, last: 0, ...more };
}

describe("the lines of the map", () => {
  it("are one for each way that connections fared, stopped ones first", () => {
    const ports = [
      { port: "80/TCP", egress: counts(9), ingress: counts(9) },
      { port: "22/TCP", egress: counts(4), ingress: counts(0, 4) },
      { port: "23/TCP", egress: counts(0, 0, 2), ingress: counts(0) },
    ];
    expect(linesOf([edge({ ports })]).map(({ look, ports: of, count }) => [look, of, count])).toEqual([
      ["dropped", ["23/TCP"], 2], ["would", ["22/TCP"], 4], ["forwarded", ["80/TCP"], 9],
    ]);
  });

  it("go on with flow records, each at its own end, without asking", () => {
    const map: Map = { group: "workload", since: 0, until: 100, nodes: [], edges: [], left_out: 0, lost: 0 };
    const flow = (more: Partial<Flow>): Flow => ({
      seq: 1, time: 200, kind: "new", verdict: "forwarded", workload: "a/x", direction: "egress", protocol: "TCP", port: 80, source_port: 1,
      count: 1, source: { workload: "a/x", ip: "10.0.0.1", identity: 1 }, destination: { ip: "192.0.2.1", names: ["world"], identity: 2 }, ...more,
    });
    const once = carriedOn(map, [flow({}), flow({ kind: "closed" }), flow({ time: 50 })]);
    expect(once.nodes.map(({ id, kind }) => [id, kind])).toEqual([["a/x", "workload"], ["192.0.2.1", "outside"]]);
    expect(linesOf(once.edges).map(({ count, ports }) => [count, ports])).toEqual([[1, ["80/TCP"]]]);
    const twice = carriedOn(once, [flow({ verdict: "dropped", policy: "P/a/b" })]);
    expect(linesOf(twice.edges).map(({ look, count }) => [look, count])).toEqual([["dropped", 1], ["forwarded", 1]]);
    expect(twice.nodes).toBe(once.nodes);
  });
});

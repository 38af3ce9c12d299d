import { describe, expect, it } from "vitest";
import type { Line } from "./graph";
import { crossingsOf, untangled } from "./crossing";
import { labelsOf } from "./label";
import { type Arc, type Group, layoutOf, type Place, WIDTHS } from "./layout";
import { routesOf } from "./route";

/** A place where many talk, over three columns and within each. */
const TALK = `edge/gateway>shop/front edge/gateway>shop/api edge/gateway>auth/login shop/front>shop/api shop/api>stock/items shop/api>pay/ledger
 shop/api>auth/tokens shop/api>data/cache shop/front>data/cache stock/items>data/store pay/ledger>data/store auth/login>data/store
 auth/login>auth/tokens auth/tokens>data/cache pay/ledger>pay/mailer stock/items>pay/ledger shop/front>data/store jobs/report>data/store
 jobs/report>pay/mailer jobs/report>auth/tokens watch/metrics>shop/api watch/metrics>stock/items watch/metrics>pay/ledger watch/metrics>data/store`;
const ARCS = TALK.split(/\s+/).map((text) => text.split(">") as unknown as Arc);
const NODES = [...new Set(ARCS.flat())];
const SPACES = [...new Set(NODES.map((node) => node.split("/")[0]!))];
const GROUPS = SPACES.map((key): Group => ({ key, title: key, bare: false, nodes: NODES.filter((node) => node.startsWith(`${key}/`)) }));
const LINES = ARCS.map(([source, destination], index): Line => (
  { id: `${source} ${destination}`, source, destination, look: index % 5 === 0 ? "would" : "forwarded", ports: [`${8_000 + index}/TCP`], count: index + 1, policies: [], last: 0 }
));
const LAYOUT = layoutOf(GROUPS, ARCS, WIDTHS.wide, null);
const ROUTES = routesOf(LINES, LAYOUT);

describe("the lines of the map", () => {
  it("pass behind no node and leave the drawing nowhere", () => {
    const behind = ROUTES.flatMap(({ line, points }) => [...LAYOUT.places]
      .filter(([, { x, y, width, height }]) => points.some((point) => point.x > x + 1 && point.x < x + width - 1 && point.y > y + 1 && point.y < y + height - 1))
      .map(([node]) => `${line.id} behind ${node}`));
    expect(behind).toEqual([]);
    const beyond = ROUTES.filter(({ points }) => points.some(({ x, y }) => x < 0 || y < 0 || x > LAYOUT.width || y > LAYOUT.height));
    expect(beyond.map(({ line }) => line.id)).toEqual([]);
  });

  it("have words that lie on no others, on no node and on no line, most of them", () => {
    const labels = [...labelsOf(ROUTES, ROUTES, LAYOUT).values()];
    const areas = labels.map(({ x, y, text }): Place => ({ x: x - text.length * 3.2, y: y - 6, width: text.length * 6.4, height: 12 }));
    const meets = (one: Place, other: Place) => one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height;
    expect(areas.flatMap((one, index) => [...areas.slice(index + 1), ...LAYOUT.places.values()].filter((other) => meets(one, other)))).toEqual([]);
    expect(areas.filter((area) => ROUTES.some(({ points }) => points.some(({ x, y }) => meets(area, { x, y, width: 0, height: 0 }))))).toEqual([]);
    expect(labels.length).toBeGreaterThan(LINES.length / 2);
  });

  it("cross less when neighbours change places", () => {
    const place = (index: number, x: number): Place => ({ x, y: index * 60, width: 100, height: 40 });
    const tangled: Arc[] = [["a", "z"], ["b", "y"], ["c", "x"]];
    const stand = (order: ReadonlyMap<string, readonly string[]>) => new Map([...order].flatMap(([key, list]) => list.map((node, index) => [node, place(index, key === "left" ? 0 : 300)] as const)));
    const start = { ranks: [["left"], ["right"]], order: new Map([["left", ["a", "b", "c"]], ["right", ["x", "y", "z"]]]) };
    expect(crossingsOf(tangled, stand(start.order))).toBe(3);
    for (const arcs of [tangled, tangled.toReversed()]) {
      const best = untangled(start, arcs, () => true, ({ order }) => stand(order));
      expect(crossingsOf(arcs, stand(best.order))).toBe(0);
    }
  });
});

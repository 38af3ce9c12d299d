import { describe, expect, it } from "vitest";
import { type Arc, type Group, layoutOf, OUTSIDE, type Place, WIDTHS } from "./layout";

const group = (key: string, ...nodes: string[]): Group => ({ key, title: key, bare: false, nodes });
const SHOP = [group("shop", "shop/web", "shop/cart"), group("data", "data/db"), group(OUTSIDE, "api.example")];
const ARCS: Arc[] = [["shop/web", "shop/cart"], ["shop/cart", "data/db"], ["shop/cart", "api.example"]];

const overlap = (one: Place, other: Place): boolean =>
  one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height;

describe("the layout of the map", () => {
  it("puts who begins left of who is asked, and nothing over anything", () => {
    const { places, boxes } = layoutOf(SHOP, ARCS, WIDTHS.wide, null);
    expect(places.get("shop/cart")!.x).toBeLessThan(places.get("data/db")!.x);
    expect(boxes.flatMap((one, index) => boxes.slice(index + 1).filter((other) => overlap(one, other)))).toEqual([]);
  });

  it("is the same for the same, in whatever order it was told", () => {
    const turned = layoutOf(SHOP.toReversed(), ARCS.toReversed(), WIDTHS.wide, null);
    expect([...layoutOf(SHOP, ARCS, WIDTHS.wide, null).places].sort()).toEqual([...turned.places].sort());
  });

  it("keeps columns and orders when something new comes", () => {
    const before = layoutOf(SHOP, ARCS, WIDTHS.wide, null);
    const more = [group("shop", "shop/aaa", "shop/web", "shop/cart"), ...SHOP.slice(1)];
    const after = layoutOf(more, [...ARCS, ["shop/aaa", "data/db"]], WIDTHS.wide, before);
    expect(after.order.get("shop")?.at(-1)).toBe("shop/aaa");
    for (const node of ["shop/web", "data/db", "api.example"]) expect(after.places.get(node)!.x).toBe(before.places.get(node)!.x);
  });

  it("holds 200 namespaces within the width", () => {
    const names = Array.from({ length: 200 }, (_, index) => `team-${index}`);
    const arcs = names.map((name, index): Arc => [name, names[(index * 7 + 3) % 200]!]);
    const { boxes, width } = layoutOf(names.map((name) => ({ ...group(name, name), bare: true })), arcs, WIDTHS.wide, null);
    expect(boxes).toHaveLength(200);
    expect(width).toBeLessThanOrEqual(WIDTHS.wide);
    expect(boxes.slice(0, 60).flatMap((one, index) => boxes.slice(index + 1).filter((other) => overlap(one, other)))).toEqual([]);
  });
});

// How little the lines of the map can cross: neighbours change places as long as that makes fewer
// crossings, and then as long as it makes lines shorter. The same arrangement gives the same answer.
import type { Arc, Place } from "./layout";

/** Groups by column, and the nodes of each group, both from above. */
export interface Arrangement {
  ranks: readonly (readonly string[])[];
  order: ReadonlyMap<string, readonly string[]>;
}

/** With more lines than this, looking at every pair of them takes longer than anybody waits. */
export const UNTANGLED_AT_MOST = 60;
const PASSES = 5;
/** One crossing costs as much as so many pixels of height that lines overcome. */
const CROSSING = 600;

type Places = ReadonlyMap<string, Place>;

export function untangled(start: Arrangement, arcs: readonly Arc[], may: (one: string, other: string) => boolean, placesOf: (arrangement: Arrangement) => Places): Arrangement {
  let best = start;
  let least = costOf(arcs, placesOf(best));
  for (let pass = 0; pass < PASSES; pass += 1) {
    const before = least;
    for (const change of changesOf(best, may)) {
      const next = change(best);
      const cost = costOf(arcs, placesOf(next));
      if (cost >= least) continue;
      [best, least] = [next, cost];
    }
    if (least === before) break;
  }
  return best;
}

type Change = (arrangement: Arrangement) => Arrangement;

/** Each two neighbours: groups of one column, nodes of one group. */
function changesOf({ ranks, order }: Arrangement, may: (one: string, other: string) => boolean): Change[] {
  const groups = ranks.flatMap((rank, at) => rank.slice(1).map((_, index): Change => (now) => {
    const one = now.ranks[at]!;
    if (!may(one[index]!, one[index + 1]!)) return now;
    return { ...now, ranks: now.ranks.map((other, place) => (place === at ? turned(one, index) : other)) };
  }));
  const nodes = [...order].flatMap(([key, list]) => list.slice(1).map((_, index): Change => (now) => (
    { ...now, order: new Map(now.order).set(key, turned(now.order.get(key)!, index)) }
  )));
  return [...groups, ...nodes];
}

const turned = (list: readonly string[], index: number): string[] => list.with(index, list[index + 1]!).with(index + 1, list[index]!);

interface Way {
  left: { x: number; y: number };
  right: { x: number; y: number };
}

function costOf(arcs: readonly Arc[], places: Places): number {
  const ways = waysOf(arcs, places);
  const height = ways.reduce((sum, { left, right }) => sum + Math.round(Math.abs(left.y - right.y)), 0);
  return crossingsOf(arcs, places) * CROSSING + height;
}

/** How many pairs of lines cross. */
export function crossingsOf(arcs: readonly Arc[], places: Places): number {
  const ways = waysOf(arcs, places);
  return ways.reduce((sum, one, index) => sum + ways.slice(index + 1).filter((other) => cross(one, other)).length, 0);
}

function waysOf(arcs: readonly Arc[], places: Places): Way[] {
  return arcs.flatMap(([from, to]): Way[] => {
    const [one, other] = [places.get(from), places.get(to)];
    if (!one || !other || from === to) return [];
    const ends = [one, other].map((place) => ({ x: place.x, y: place.y + place.height / 2 }));
    ends.sort((a, b) => a.x - b.x || a.y - b.y);
    return [{ left: ends[0]!, right: ends[1]! }];
  });
}

function cross(one: Way, other: Way): boolean {
  if (one.left.x === one.right.x || other.left.x === other.right.x) return interlock(one, other);
  const [from, to] = [Math.max(one.left.x, other.left.x), Math.min(one.right.x, other.right.x)];
  return from < to && (heightAt(one, from) - heightAt(other, from)) * (heightAt(one, to) - heightAt(other, to)) < 0;
}

/** Lines within one column cross where one begins inside the other and ends outside. */
function interlock(one: Way, other: Way): boolean {
  if (one.left.x !== one.right.x || other.left.x !== other.right.x || one.left.x !== other.left.x) return false;
  const inside = (y: number) => y > one.left.y && y < one.right.y;
  const beyond = (y: number) => y < one.left.y || y > one.right.y;
  return (inside(other.left.y) && beyond(other.right.y)) || (inside(other.right.y) && beyond(other.left.y));
}

const heightAt = ({ left, right }: Way, x: number): number => left.y + ((right.y - left.y) * (x - left.x)) / (right.x - left.x);

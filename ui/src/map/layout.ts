// Where everything on the map stands. Without chance: the same ends and lines give the same places,
// and what was there before stays where it was. Who begins stands left of who is asked.
import { type Arrangement, crossingsOf, untangled, UNTANGLED_AT_MOST } from "./crossing";

export interface Group {
  key: string;
  title: string;
  /** Without a frame: the one node in it speaks for itself. */
  bare: boolean;
  nodes: readonly string[];
}

/** From one node to another. */
export type Arc = readonly [source: string, destination: string];

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Box extends Place {
  key: string;
  title: string;
  bare: boolean;
}

export interface Layout {
  width: number;
  height: number;
  boxes: readonly Box[];
  places: ReadonlyMap<string, Place>;
  /** Groups by column, and nodes of each group in order: what the next layout keeps. */
  ranks: readonly (readonly string[])[];
  order: ReadonlyMap<string, readonly string[]>;
}

const NODE = { width: 176, height: 44, tallest: 128, gap: 12, end: 14 };
const BARE = { width: 124, height: 34, gap: 8 };
const FRAME = { side: 14, top: 34, bottom: 14 };
const GAP = { box: 20, least: 96, most: 300, bareLeast: 44 };
const MARGIN = 24;
/** At the right, room for what goes from one end of the last column to another. */
const RIGHT = 84;
/** At the left, where the first column has such lines. */
const LEFT = 64;
/** Fits beside the list, a pixel a pixel: on a desk, and on a small screen. */
export const WIDTHS = { wide: 852, narrow: 612 } as const;
const HEIGHT_WANTED = 660;
const RANKS = [2, 3, 4];
const SWEEPS = 4;
/** What stands at the right end, whoever asks it. */
export const OUTSIDE = "outside";
/** What stands at the left end. */
export const CALLERS = "callers";

export function layoutOf(groups: readonly Group[], arcs: readonly Arc[], width: number, before: Layout | null): Layout {
  const groupOf = new Map(groups.flatMap(({ key, nodes }) => nodes.map((node) => [node, key])));
  const between = arcs.flatMap(([one, other]): Arc[] => {
    const [from, to] = [groupOf.get(one), groupOf.get(other)];
    return from !== undefined && to !== undefined && from !== to ? [[from, to]] : [];
  });
  const heights = heightsOf(arcs);
  const layouts = (before ? [kept(before.ranks, groups)] : RANKS.map((most) => ordered(ranked(groups, between, most), between))).map((ranks) => {
    const order = new Map(groups.map((group) => [group.key, nodesOf(group, arcs, ranks, groupOf, before)]));
    const stand = (now: Arrangement) => placed(columnsOf(now.ranks, groups, heights, width), now, groups, arcs, heights, width);
    const keeps = before !== null || arcs.length > UNTANGLED_AT_MOST;
    const may = (one: string, other: string) => endOf(one) === endOf(other);
    return stand(keeps ? { ranks, order } : untangled({ ranks, order }, arcs, may, (now) => stand(now).places));
  });
  const costs = new Map(layouts.map((layout) => [layout, costOf(layout, between, arcs, width)]));
  return layouts.toSorted((one, other) => costs.get(one)! - costs.get(other)!)[0]!;
}

/** A line that goes round the end of its own column costs as much as so many pixels beyond sight. */
const ROUND = 60;
/** And one crossing as much as so many. */
const CROSSING = 25;

function costOf({ boxes, places, height, width }: Layout, between: readonly Arc[], arcs: readonly Arc[], wanted: number): number {
  const column = new Map(boxes.map((box) => [box.key, box.x]));
  const round = between.filter(([from, to]) => column.get(from) === column.get(to)).length;
  const crossings = arcs.length > UNTANGLED_AT_MOST ? 0 : crossingsOf(arcs, places);
  return round * ROUND + crossings * CROSSING + Math.max(0, height - HEIGHT_WANTED - 2 * MARGIN) + 3 * Math.max(0, width - wanted);
}

/** A node is as high as the lines at its busier side need. */
function heightsOf(arcs: readonly Arc[]): Map<string, number> {
  const out = new Map<string, number>();
  const into = new Map<string, number>();
  for (const [from, to] of arcs) {
    out.set(from, (out.get(from) ?? 0) + 1);
    into.set(to, (into.get(to) ?? 0) + 1);
  }
  return new Map([...out.keys(), ...into.keys()].map((node) => {
    const ends = Math.max(out.get(node) ?? 0, into.get(node) ?? 0);
    return [node, Math.min(Math.max(NODE.height, ends * NODE.end + 8), NODE.tallest)];
  }));
}

/** The columns as they were, with what is new at the end of the last but the outside's. */
function kept(ranks: Layout["ranks"], groups: readonly Group[]): string[][] {
  const keys = new Set(groups.map(({ key }) => key));
  const old = ranks.map((rank) => rank.filter((key) => keys.has(key))).filter((rank) => rank.length > 0);
  const seen = new Set(old.flat());
  const fresh = groups.map(({ key }) => key).filter((key) => !seen.has(key));
  if (old.length === 0) return fresh.length > 0 ? [fresh] : [];
  old[0]!.push(...fresh.filter((key) => key === CALLERS));
  old.at(-1)!.push(...fresh.filter((key) => key !== CALLERS));
  return old;
}

/** Groups by how far they are from who begins; what closes a circle does not count. */
function ranked(groups: readonly Group[], arcs: readonly Arc[], most: number): string[][] {
  const lead = (key: string) => arcs.reduce((sum, [from, to]) => sum + (from === key ? 1 : 0) - (to === key ? 1 : 0), 0);
  const leads = new Map(groups.map(({ key }) => [key, lead(key)]));
  const line = groups.map(({ key }) => key).sort((one, other) => leads.get(other)! - leads.get(one)! || one.localeCompare(other));
  const at = new Map(line.map((key, index) => [key, index]));
  const rank = new Map<string, number>();
  for (const key of line) {
    const callers = arcs.filter(([from, to]) => to === key && at.get(from)! < at.get(key)!).map(([from]) => rank.get(from)! + 1);
    rank.set(key, Math.min(Math.max(0, ...callers), most - 1));
  }
  if (rank.has(CALLERS)) rank.set(CALLERS, 0);
  if (rank.has(OUTSIDE)) rank.set(OUTSIDE, most - 1);
  const columns = [...new Set(rank.values())].sort((one, other) => one - other);
  return columns.map((column) => line.filter((key) => rank.get(key) === column).sort());
}

/** Each column in the order of what its groups lead to, so that lines cross little. */
function ordered(ranks: string[][], arcs: readonly Arc[]): string[][] {
  const near = new Map<string, string[]>();
  for (const [from, to] of arcs) {
    near.set(from, [...(near.get(from) ?? []), to]);
    near.set(to, [...(near.get(to) ?? []), from]);
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const height = new Map(ranks.flatMap((rank) => rank.map((key, index) => [key, (index + 0.5) / rank.length])));
    for (const rank of ranks) {
      const mean = new Map(rank.map((key) => [key, meanOf((near.get(key) ?? []).map((one) => height.get(one) ?? 0.5)) ?? height.get(key)!]));
      rank.sort((one, other) => endOf(one) - endOf(other) || mean.get(one)! - mean.get(other)! || one.localeCompare(other));
    }
  }
  return ranks;
}

/** What is outside stands at the end of its column. */
const endOf = (key: string): number => (key === OUTSIDE ? 2 : key === CALLERS ? 1 : 0);

function nodesOf(group: Group, arcs: readonly Arc[], ranks: readonly (readonly string[])[], groupOf: ReadonlyMap<string, string>, before: Layout | null): string[] {
  const old = before?.order.get(group.key)?.filter((node) => group.nodes.includes(node)) ?? [];
  const fresh = group.nodes.filter((node) => !old.includes(node));
  const height = new Map(ranks.flatMap((rank) => rank.map((key, index) => [key, index / Math.max(rank.length, 1)])));
  const mean = (node: string) =>
    meanOf(arcs.flatMap(([from, to]) => (from === node ? [to] : to === node ? [from] : [])).map((other) => height.get(groupOf.get(other) ?? "") ?? 0.5)) ?? 1;
  const means = new Map(fresh.map((node) => [node, mean(node)]));
  return [...old, ...fresh.sort((one, other) => means.get(one)! - means.get(other)! || one.localeCompare(other))];
}

function meanOf(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

type Heights = ReadonlyMap<string, number>;

/** Ranks, cut into columns that are about as high as is wanted, or as the width asks for. */
function columnsOf(ranks: readonly (readonly string[])[], groups: readonly Group[], heights: Heights, width: number): string[][] {
  const known = new Map(groups.map((group) => [group.key, group]));
  const bare = groups.some((group) => group.bare);
  const most = bare ? Math.floor((width - MARGIN - RIGHT + GAP.bareLeast) / (BARE.width + GAP.bareLeast)) : RANKS.at(-1)!;
  for (let cap = HEIGHT_WANTED; ; cap += 80) {
    const columns = ranks.flatMap((rank) => cutAt(rank, cap, (key) => sizeOf(known.get(key)!, heights).height + gapOf(known.get(key)!)));
    if (columns.length <= Math.max(most, ranks.length)) return columns;
  }
}

function cutAt(rank: readonly string[], cap: number, heightOf: (key: string) => number): string[][] {
  const columns: string[][] = [];
  let height = Infinity;
  for (const key of rank) {
    height += heightOf(key);
    if (height > cap) {
      columns.push([]);
      height = heightOf(key);
    }
    columns.at(-1)!.push(key);
  }
  return columns;
}

const gapOf = ({ bare }: Group): number => (bare ? BARE.gap : GAP.box);

function placed(columns: readonly (readonly string[])[], { ranks, order }: Arrangement, groups: readonly Group[], arcs: readonly Arc[], heights: Heights, wanted: number): Layout {
  const known = new Map(groups.map((group) => [group.key, group]));
  const sizes = new Map(groups.map((group) => [group.key, sizeOf(group, heights)]));
  const widths = columns.map((column) => Math.max(...column.map((key) => sizes.get(key)!.width)));
  const least = groups.some((group) => group.bare) ? GAP.bareLeast : GAP.least;
  const left = leftOf(columns, known, arcs);
  const spare = (wanted - left - RIGHT - widths.reduce((sum, width) => sum + width, 0)) / Math.max(columns.length - 1, 1);
  const between = Math.floor(Math.min(Math.max(spare, least), GAP.most));
  const boxes: Box[] = [];
  let x = left;
  columns.forEach((column, index) => {
    let y = MARGIN;
    for (const key of column) {
      const group = known.get(key)!;
      boxes.push({ key, title: group.title, bare: group.bare, x, y, ...sizes.get(key)! });
      y += sizes.get(key)!.height + gapOf(group);
    }
    x += widths[index]! + between;
  });
  const height = Math.max(0, ...boxes.map((box) => box.y + box.height)) + MARGIN;
  if (!groups.some((group) => group.bare)) centre(boxes, height);
  const width = Math.max(0, ...boxes.map((box) => box.x + box.width)) + RIGHT;
  return { width, height, boxes, places: placesOf(boxes, order, heights), ranks, order };
}

/** Where the first column begins: what goes from one end of it to another stands at its left. */
function leftOf(columns: readonly (readonly string[])[], groups: ReadonlyMap<string, Group>, arcs: readonly Arc[]): number {
  if (columns.length < 2) return MARGIN;
  const first = new Set(columns[0]!.flatMap((key) => groups.get(key)!.nodes));
  const within = arcs.some(([from, to]) => from !== to && first.has(from) && first.has(to));
  return within ? LEFT : MARGIN;
}

/** Columns that are lower than the highest stand in its middle. */
function centre(boxes: Box[], height: number): void {
  for (const x of new Set(boxes.map((box) => box.x))) {
    const column = boxes.filter((box) => box.x === x);
    const bottom = Math.max(...column.map((box) => box.y + box.height)) + MARGIN;
    for (const box of column) box.y += Math.round((height - bottom) / 2);
  }
}

function sizeOf({ bare, nodes }: Group, heights: Heights): { width: number; height: number } {
  if (bare) return { width: BARE.width, height: BARE.height };
  const rows = nodes.reduce((sum, node) => sum + heightOf(node, heights) + NODE.gap, -NODE.gap);
  return { width: NODE.width + 2 * FRAME.side, height: FRAME.top + rows + FRAME.bottom };
}

const heightOf = (node: string, heights: Heights): number => heights.get(node) ?? NODE.height;

function placesOf(boxes: readonly Box[], order: Layout["order"], heights: Heights): Map<string, Place> {
  return new Map(boxes.flatMap((box) => {
    let y = box.y + FRAME.top;
    return (order.get(box.key) ?? []).map((node): [string, Place] => {
      if (box.bare) return [node, { x: box.x, y: box.y, width: BARE.width, height: BARE.height }];
      const height = heightOf(node, heights);
      const place = { x: box.x + FRAME.side, y, width: NODE.width, height };
      y += height + NODE.gap;
      return [node, place];
    });
  }));
}

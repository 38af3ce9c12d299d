// The way of each line from one end to the other: ends of one side stand apart, what lies between is
// gone round, what stays within a column keeps to its outer side, a dropped line stops short.
import type { Line } from "./graph";
import { type Column, columnsOf, type Pass, passesOf } from "./lane";
import type { Layout, Place } from "./layout";
import { portWords } from "../words/verdict";
import { short } from "../words/number";
import { curveOf, type Point, pointsOf } from "./curve";

export interface Route {
  line: Line;
  path: string;
  /** Points of the path, close together, from its start on. */
  points: readonly Point[];
  /** Where the mark stands. */
  mark: Point;
  /** The arrow's head, or nothing where the line stops short. */
  head: string | null;
  /** The words for its ports. */
  text: string;
  width: number;
}

type Side = "left" | "right";
interface End {
  id: string;
  /** Ends are ordered by where the line goes: up along the column, away from it, down along it. */
  way: -1 | 0 | 1;
  towards: number;
}

const APART = 15;
/** A node stands at most so far within the box of its group. */
const FRAME_SIDE = 14;
/** Room beside the first and the last column for what stays within it. */
const BESIDE = { least: 20, most: 72 };

export function routesOf(lines: readonly Line[], { places, boxes, width, height }: Layout): Route[] {
  const drawn = lines.filter(({ source, destination }) => source !== destination && places.has(source) && places.has(destination));
  const columns = columnsOf(boxes);
  const ends = new Map<string, End[]>();
  const sides = new Map<string, [Side, Side]>();
  const quiet = quietSides(drawn, places, columns);
  for (const { id, source, destination } of drawn) {
    const [from, to] = [places.get(source)!, places.get(destination)!];
    const pair = across(from, to) ?? [quiet.get(from.x)!, quiet.get(from.x)!];
    sides.set(id, pair);
    const down = pair[0] === pair[1] ? (to.y > from.y ? 1 : -1) : 0;
    note(ends, `${source} ${pair[0]}`, { id, way: down as End["way"], towards: middle(to) });
    note(ends, `${destination} ${pair[1]}`, { id, way: -down as End["way"], towards: middle(from) });
  }
  const offsets = new Map<string, number>();
  for (const [where, list] of ends) {
    const node = where.slice(0, where.lastIndexOf(" "));
    const apart = Math.min(APART, (places.get(node)!.height - 10) / Math.max(list.length - 1, 1));
    list.sort(inOrder).forEach(({ id }, index) => offsets.set(`${id} ${node}`, (index - (list.length - 1) / 2) * apart));
  }
  const tipsOf = ({ id, source, destination }: Line): [Point, Point] => {
    const [out, into] = sides.get(id)!;
    return [tipOf(places.get(source)!, out, offsets.get(`${id} ${source}`)!), tipOf(places.get(destination)!, into, offsets.get(`${id} ${destination}`)!)];
  };
  const passes = passesOf(drawn.map((line) => ({ id: line.id, from: tipsOf(line)[0], to: tipsOf(line)[1] })), columns, height);
  return drawn.map((line) => {
    const [out, into] = sides.get(line.id)!;
    const room = out === into ? roomBeside(places.get(line.source)!, out, columns, width) : 0;
    return routeOf(line, tipsOf(line), [out, into], passes.get(line.id) ?? [], room);
  });
}

/** What goes down far begins above what goes down a little, and likewise up: then none cross. */
function inOrder(one: End, other: End): number {
  if (one.way !== other.way) return one.way - other.way;
  const apart = one.towards - other.towards;
  switch (one.way) {
    case 0:
      return apart || one.id.localeCompare(other.id);
    case 1:
      return -apart || one.id.localeCompare(other.id);
    case -1:
      return -apart || other.id.localeCompare(one.id);
  }
}

const middle = ({ y, height }: Place): number => y + height / 2;

const tipOf = (place: Place, side: Side, offset: number): Point => ({ x: side === "right" ? place.x + place.width : place.x, y: middle(place) + offset });

export function portsOf({ ports, count }: Line): string {
  return ports.length <= 2 ? ports.map(portWords).join(", ") : `${ports.length} ports, ${short(count)}`;
}

function note(ends: Map<string, End[]>, where: string, end: End): void {
  const list = ends.get(where);
  if (list) list.push(end);
  else ends.set(where, [end]);
}

function across(from: Place, to: Place): [Side, Side] | null {
  if (to.x >= from.x + from.width) return ["right", "left"];
  return from.x >= to.x + to.width ? ["left", "right"] : null;
}

/** What stays within a column keeps to the side where fewer others begin and end. */
function quietSides(lines: readonly Line[], places: Layout["places"], columns: readonly Column[]): Map<number, Side> {
  const right = new Map<number, number>();
  const add = (x: number, side: Side) => right.set(x, (right.get(x) ?? 0) + (side === "right" ? 1 : -1));
  const most = Math.max(...columns.map(({ x }) => x));
  for (const { source, destination } of lines) {
    const [from, to] = [places.get(source)!, places.get(destination)!];
    const sides = across(from, to);
    if (sides) add(from.x, sides[0]);
    if (sides) add(to.x, sides[1]);
  }
  const first = columns.length > 1 ? columns[0]!.x : -Infinity;
  const sideOf = (x: number): Side => {
    if (x >= most) return "right";
    return x <= first + FRAME_SIDE || (right.get(x) ?? 0) > 0 ? "left" : "right";
  };
  return new Map([...places.values()].map(({ x }) => [x, sideOf(x)]));
}

/** How far a line may go beside its column before it meets the next, or the edge. */
function roomBeside({ x, width }: Place, side: Side, columns: readonly Column[], whole: number): number {
  const next = side === "left" ? columns.findLast((column) => column.x + column.width < x) : columns.find((column) => column.x > x + width);
  const free = side === "left" ? x - (next ? next.x + next.width : 0) : (next?.x ?? whole) - x - width;
  return Math.min(Math.max(free - 12, BESIDE.least), BESIDE.most);
}

function routeOf(line: Line, [start, tip]: [Point, Point], [out, into]: [Side, Side], passes: readonly Pass[], room: number): Route {
  const away = into === "left" ? -1 : 1;
  const end = { x: tip.x + away * (line.look === "forwarded" ? 2 : 14), y: tip.y };
  const back = tip.x + away * 7;
  const onward = out === "right" ? 1 : -1;
  const curves = out === into
    ? [aside(start, end, away, room)]
    : between(start, end, onward, passes);
  return {
    line, points: curves.flatMap(pointsOf), mark: { x: tip.x + away * 14, y: tip.y },
    path: `M${start.x} ${start.y}${curves.map(curveOf).join("")}`,
    head: line.look === "dropped" ? null : `M${back} ${tip.y - 4.5}L${tip.x + away} ${tip.y}L${back} ${tip.y + 4.5}${line.look === "would" ? `M${end.x} ${end.y}L${tip.x + away} ${tip.y}` : ""}`,
    text: portsOf(line),
    width: Math.min(1.25 + Math.log10(Math.max(line.count, 1)) * 0.55, 4.5),
  };
}

type Curve = readonly [Point, Point, Point, Point];

/** Out beside the column and back into it; a curve reaches three quarters of what it leans. */
function aside(start: Point, end: Point, away: number, room: number): Curve {
  const bend = away * Math.min(34 + Math.abs(end.y - start.y) * 0.22, room / 0.75);
  return [start, { x: start.x + bend, y: start.y }, { x: end.x + bend, y: end.y }, end];
}

/** From column to column, straight through each that lies between. */
function between(start: Point, end: Point, onward: number, passes: readonly Pass[]): Curve[] {
  const stops = passes.flatMap(({ column, y }) => {
    const [left, right] = [{ x: column.x - 4, y }, { x: column.x + column.width + 4, y }];
    return onward > 0 ? [left, right] : [right, left];
  });
  const all = [start, ...stops, end];
  return all.slice(1).map((to, index): Curve => {
    const from = all[index]!;
    const lean = Math.abs(to.x - from.x) * 0.5;
    return [from, { x: from.x + onward * lean, y: from.y }, { x: to.x - onward * lean, y: to.y }, to];
  });
}

// The way of each line from one end to the other: ends of one side stand apart, a dropped line stops
// short of its target, the words for its ports stand at the target's end.
import type { Line } from "./graph";
import type { Place } from "./layout";

export interface Route {
  line: Line;
  path: string;
  /** Where the mark stands. */
  mark: { x: number; y: number };
  /** The arrow's head, or nothing where the line stops short. */
  head: string | null;
  label: { x: number; y: number; anchor: "start" | "end" };
  /** Whether there is room for the words beside those of the lines next to it. */
  roomy: boolean;
  width: number;
}

type Side = "left" | "right";
interface End {
  key: string;
  /** Where the other end is: ends are ordered by it. */
  towards: number;
}

const APART = 15;
const REACH = 24;
const WORDS_APART = 12;

export function routesOf(lines: readonly Line[], places: ReadonlyMap<string, Place>): Route[] {
  const drawn = lines.filter(({ source, destination }) => source !== destination && places.has(source) && places.has(destination));
  const ends = new Map<string, End[]>();
  const sides = new Map<string, [Side, Side]>();
  for (const line of drawn) {
    const [from, to] = [places.get(line.source)!, places.get(line.destination)!];
    const pair = sidesOf(from, to);
    sides.set(line.id, pair);
    note(ends, `${line.source} ${pair[0]}`, { key: `${line.id} from`, towards: to.y });
    note(ends, `${line.destination} ${pair[1]}`, { key: `${line.id} to`, towards: from.y });
  }
  const offsets = new Map<string, number>();
  const cramped = new Set<string>();
  for (const [where, list] of ends) {
    const place = places.get(where.slice(0, where.lastIndexOf(" ")))!;
    list.sort((one, other) => one.towards - other.towards || one.key.localeCompare(other.key));
    const apart = Math.min(APART, (place.height - 10) / Math.max(list.length - 1, 1));
    if (apart < WORDS_APART) list.forEach(({ key }) => cramped.add(key));
    list.forEach(({ key }, index) => offsets.set(key, (index - (list.length - 1) / 2) * apart));
  }
  return drawn.map((line) => {
    const [from, to] = [places.get(line.source)!, places.get(line.destination)!];
    const route = routeOf(line, from, to, sides.get(line.id)!, offsets.get(`${line.id} from`)!, offsets.get(`${line.id} to`)!);
    return { ...route, roomy: !cramped.has(`${line.id} to`) };
  });
}

function note(ends: Map<string, End[]>, where: string, end: End): void {
  const list = ends.get(where);
  if (list) list.push(end);
  else ends.set(where, [end]);
}

function sidesOf(from: Place, to: Place): [Side, Side] {
  if (to.x >= from.x + from.width) return ["right", "left"];
  if (from.x >= to.x + to.width) return ["left", "right"];
  return ["right", "right"];
}

function routeOf(line: Line, from: Place, to: Place, [out, into]: [Side, Side], fromOffset: number, toOffset: number): Omit<Route, "roomy"> {
  const start = { x: out === "right" ? from.x + from.width : from.x, y: from.y + from.height / 2 + fromOffset };
  const away = into === "left" ? -1 : 1;
  const tip = { x: into === "left" ? to.x : to.x + to.width, y: to.y + to.height / 2 + toOffset };
  const mark = { x: tip.x + away * 14, y: tip.y };
  const end = { x: tip.x + away * (line.look === "forwarded" ? 2 : 14), y: tip.y };
  const same = out === into;
  const bend = same ? Math.min(34 + Math.abs(end.y - start.y) * 0.22, 92) : Math.max(36, Math.abs(end.x - start.x) * 0.5);
  const lean = out === "right" ? bend : -bend;
  const path = `M${start.x} ${start.y}C${start.x + lean} ${start.y} ${end.x + away * bend} ${end.y} ${end.x} ${end.y}`;
  const back = tip.x + away * 7;
  return {
    line, path, mark,
    head: line.look === "dropped" ? null : `M${back} ${tip.y - 4.5}L${tip.x + away} ${tip.y}L${back} ${tip.y + 4.5}${line.look === "would" ? `M${end.x} ${end.y}L${tip.x + away} ${tip.y}` : ""}`,
    label: { x: tip.x + away * REACH, y: tip.y - 5, anchor: into === "left" ? "end" : "start" },
    width: Math.min(1.25 + Math.log10(Math.max(line.count, 1)) * 0.55, 4.5),
  };
}

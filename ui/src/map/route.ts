// The way of each line from one end to the other: ends of one side stand apart, a dropped line stops
// short of its target, the words for its ports stand at the target's end.
import type { Line } from "./graph";
import type { Place } from "./layout";
import { short } from "../words/number";
import { portWords } from "../words/verdict";

export interface Route {
  line: Line;
  path: string;
  /** Where the mark stands. */
  mark: { x: number; y: number };
  /** The arrow's head, or nothing where the line stops short. */
  head: string | null;
  label: { x: number; y: number; anchor: "start" | "end"; text: string };
  /** Whether its words stand beside it: there is room, and no line next to it says the same. */
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
  return spaced(drawn.map((line) => {
    const [from, to] = [places.get(line.source)!, places.get(line.destination)!];
    const route = routeOf(line, from, to, sides.get(line.id)!, offsets.get(`${line.id} from`)!, offsets.get(`${line.id} to`)!);
    return { ...route, roomy: !cramped.has(`${line.id} to`) };
  }));
}

/** About as wide as a letter of a label is, and as high as a line of one. */
const LETTER = 6.2;
const LINE = 12;

/** Leaves words out where they would lie on others, or say what others at the same end say. */
function spaced(routes: readonly Route[]): Route[] {
  const kept: Route[] = [];
  const weight = ({ line }: Route) => (line.look === "forwarded" ? 0 : 1e12) + line.count;
  const order = routes.filter(({ roomy }) => roomy).toSorted((one, other) => weight(other) - weight(one));
  for (const route of order) {
    const lies = kept.some((other) => meets(route, other));
    const said = kept.some(({ line, label }) => line.destination === route.line.destination && line.look === route.line.look
      && label.text === route.label.text && label.anchor === route.label.anchor);
    if (!lies && !said) kept.push(route);
  }
  const named = new Set(kept);
  return routes.map((route) => (named.has(route) ? route : { ...route, roomy: false }));
}

function meets({ label: one }: Route, { label: other }: Route): boolean {
  const from = ({ x, anchor, text }: Route["label"]) => (anchor === "end" ? x - text.length * LETTER : x);
  const apart = from(one) + one.text.length * LETTER < from(other) || from(other) + other.text.length * LETTER < from(one);
  return !apart && Math.abs(one.y - other.y) < LINE;
}

function portsOf({ ports, count }: Line): string {
  return ports.length <= 2 ? ports.map(portWords).join(", ") : `${ports.length} ports, ${short(count)}`;
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
    label: { x: tip.x + away * REACH, y: tip.y - 5, anchor: into === "left" ? "end" : "start", text: portsOf(line) },
    width: Math.min(1.25 + Math.log10(Math.max(line.count, 1)) * 0.55, 4.5),
  };
}

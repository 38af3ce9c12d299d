// Where the words of each line stand: beside it, near its target, on nothing else. Words for which
// there is no such place are left out until somebody points at their line.
import type { Point } from "./curve";
import type { Layout, Place } from "./layout";
import type { Route } from "./route";

/** Words, by their middle and the line they stand on. */
export interface Label {
  x: number;
  y: number;
  text: string;
}

/** About as wide as a letter is, and as high as a line of letters. */
const LETTER = 6.4;
const HEIGHT = 13;
/** Between the words and the line they are about. */
const BESIDE = [10, 13, 17];
/** From the target on, along the line. */
const ALONG = Array.from({ length: 14 }, (_, index) => 26 + index * 9);
/** Around a mark. */
const MARK_ROOM = 9;

type Area = Place;

/** The labels of these routes, by the id of their line; others are in the way as well. */
export function labelsOf(routes: readonly Route[], all: readonly Route[], { places, boxes, width, height }: Layout): Map<string, Label> {
  const nodes = [...places.values()];
  const titles = boxes.filter(({ bare }) => !bare).map((box): Area => ({ x: box.x + 12, y: box.y + 8, width: box.title.length * 7.4 + 6, height: 20 }));
  const marks = all.map(({ mark }): Area => ({ x: mark.x - MARK_ROOM, y: mark.y - MARK_ROOM, width: 2 * MARK_ROOM, height: 2 * MARK_ROOM }));
  const taken: Area[] = [...nodes, ...titles, ...marks];
  const found = new Map<string, Label>();
  const said = new Set<string>();
  for (const route of routes.toSorted((one, other) => weightOf(other) - weightOf(one) || one.line.id.localeCompare(other.line.id))) {
    const same = `${route.line.destination} ${route.line.look} ${route.text}`;
    const label = placeOf(route, all, taken, width, height);
    if (!label || (said.has(same) && routes.length > 12)) continue;
    said.add(same);
    taken.push(areaOf(label));
    found.set(route.line.id, label);
  }
  return found;
}

/** Where the words stand if they stand on others: for the one line that somebody points at. */
export function nearestLabel({ points, text }: Route): Label {
  const at = pointAt(points, ALONG[2]!);
  return { x: at.x, y: at.y - BESIDE[1]!, text };
}

const weightOf = ({ line }: Route): number => (line.look === "forwarded" ? 0 : 1e12) + line.count;

function placeOf({ points, text }: Route, all: readonly Route[], taken: readonly Area[], width: number, height: number): Label | null {
  for (const along of ALONG) {
    const at = pointAt(points, along);
    for (const beside of BESIDE) {
      for (const label of aroundOf(at, beside, text)) {
        const area = areaOf(label);
        const inside = area.x >= 2 && area.y >= 2 && area.x + area.width <= width - 2 && area.y + area.height <= height - 2;
        if (inside && !taken.some((other) => overlap(area, other)) && !all.some((other) => other.points.some((point) => holds(area, point)))) return label;
      }
    }
  }
  return null;
}

/** Above, below, at the left and at the right. */
function aroundOf({ x, y }: Point, beside: number, text: string): Label[] {
  const side = (text.length * LETTER) / 2 + beside - 4;
  return [{ x, y: y - beside, text }, { x, y: y + beside, text }, { x: x - side, y, text }, { x: x + side, y, text }];
}

/** The point so far from the target, along the line. */
function pointAt(points: readonly Point[], distance: number): Point {
  let left = distance;
  for (let index = points.length - 1; index > 0; index -= 1) {
    const [one, other] = [points[index]!, points[index - 1]!];
    const length = Math.hypot(one.x - other.x, one.y - other.y);
    if (length >= left) return { x: one.x + ((other.x - one.x) * left) / length, y: one.y + ((other.y - one.y) * left) / length };
    left -= length;
  }
  return points[0]!;
}

const areaOf = ({ x, y, text }: Label): Area => ({ x: x - (text.length * LETTER) / 2, y: y - HEIGHT / 2, width: text.length * LETTER, height: HEIGHT });

const overlap = (one: Area, other: Area): boolean =>
  one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height;

const holds = (area: Area, { x, y }: Point): boolean => x > area.x - 2 && x < area.x + area.width + 2 && y > area.y - 1 && y < area.y + area.height + 1;

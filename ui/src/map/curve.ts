// Cubic curves: as text for the drawing, and as points that say what they meet.

export interface Point {
  x: number;
  y: number;
}

type Curve = readonly [Point, Point, Point, Point];

/** So far apart that nothing as high as a word fits between two. */
const STEP = 4;

export const curveOf = ([, one, other, end]: Curve): string => `C${one.x} ${one.y} ${other.x} ${other.y} ${end.x} ${end.y}`;

export function pointsOf([start, one, other, end]: Curve): Point[] {
  const length = Math.hypot(one.x - start.x, one.y - start.y) + Math.hypot(other.x - one.x, other.y - one.y) + Math.hypot(end.x - other.x, end.y - other.y);
  const count = Math.max(Math.ceil(length / STEP), 2);
  return Array.from({ length: count + 1 }, (_, index) => {
    const t = index / count;
    const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3];
    const along = (axis: "x" | "y") => weights[0]! * start[axis] + weights[1]! * one[axis] + weights[2]! * other[axis] + weights[3]! * end[axis];
    return { x: along("x"), y: along("y") };
  });
}

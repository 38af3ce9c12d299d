// Where lines pass the columns between their ends: through the gaps between boxes, above the first or
// below the last, never behind one. Lines that take the same gap lie side by side.
import type { Place } from "./layout";

/** What stands at one place from left to right. */
export interface Column {
  x: number;
  width: number;
  /** From above. */
  boxes: readonly Place[];
}

/** Where a line passes one column. */
export interface Pass {
  column: Column;
  y: number;
}

/** A line that passes columns: where it comes from and goes to. */
export interface Passing {
  id: string;
  from: { x: number; y: number };
  to: { x: number; y: number };
}

const APART = 6;
/** Between a line and a box. */
const CLEAR = 5;

export function columnsOf(boxes: readonly Place[]): Column[] {
  const at = new Map<number, Place[]>();
  for (const box of boxes) at.set(box.x, [...(at.get(box.x) ?? []), box]);
  return [...at].toSorted(([one], [other]) => one - other).map(([x, list]) => (
    { x, width: Math.max(...list.map(({ width }) => width)), boxes: list.toSorted((one, other) => one.y - other.y) }
  ));
}

interface Gap {
  top: number;
  bottom: number;
}

function gapsOf({ boxes }: Column, height: number): Gap[] {
  const tops = [...boxes.map(({ y }) => y), height].map((y) => y - CLEAR);
  const bottoms = [0, ...boxes.map((box) => box.y + box.height)].map((y) => y + CLEAR);
  return tops.map((bottom, index) => ({ top: bottoms[index]!, bottom })).filter(({ top, bottom }) => bottom - top >= -2);
}

/** The passes of each line, in the order in which it meets the columns. */
export function passesOf(lines: readonly Passing[], columns: readonly Column[], height: number): Map<string, Pass[]> {
  const found = new Map<string, Pass[]>();
  for (const column of columns) {
    const gaps = gapsOf(column, height);
    const taken = new Map<Gap, { line: Passing; y: number }[]>();
    for (const line of lines) {
      const [left, right] = line.from.x < line.to.x ? [line.from, line.to] : [line.to, line.from];
      if (left.x >= column.x || right.x <= column.x + column.width || gaps.length === 0) continue;
      const wanted = left.y + ((right.y - left.y) * (column.x + column.width / 2 - left.x)) / (right.x - left.x);
      const gap = gaps.reduce((best, one) => (Math.abs(within(one, wanted) - wanted) < Math.abs(within(best, wanted) - wanted) ? one : best));
      taken.set(gap, [...(taken.get(gap) ?? []), { line, y: wanted }]);
    }
    for (const [gap, list] of taken) sideBySide(gap, list).forEach(({ line, y }) => found.set(line.id, [...(found.get(line.id) ?? []), { column, y }]));
  }
  for (const { id, from, to } of lines) if (from.x > to.x) found.get(id)?.reverse();
  return found;
}

const within = ({ top, bottom }: Gap, y: number): number => Math.min(Math.max(y, top), Math.max(top, bottom));

function sideBySide(gap: Gap, list: readonly { line: Passing; y: number }[]): { line: Passing; y: number }[] {
  const inOrder = list.toSorted((one, other) => one.y - other.y || one.line.from.y - other.line.from.y || one.line.id.localeCompare(other.line.id));
  const apart = Math.min(APART, Math.max(0, gap.bottom - gap.top) / Math.max(list.length - 1, 1));
  const half = (apart * (list.length - 1)) / 2;
  const mean = list.reduce((sum, { y }) => sum + y, 0) / list.length;
  const centre = within({ top: gap.top + half, bottom: gap.bottom - half }, mean);
  return inOrder.map(({ line }, index) => ({ line, y: centre - half + index * apart }));
}

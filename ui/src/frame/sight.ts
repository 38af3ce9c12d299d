// Which rows of a long table are in sight: only those exist, each 36 pixels high, so that 100,000
// scroll like 100. One row may have something below it, of any height.
import { type RefObject, useLayoutEffect, useState } from "react";

export const ROW = 36;
const SPARE = 6;

/** What stands below one row. */
export interface Below {
  index: number;
  height: number;
}

export interface Sight {
  first: number;
  /** One past the last. */
  last: number;
  /** Rows that may exist at once: a row that comes takes the place of one that has gone. */
  pool: number;
}

/** Follows the scrolling of `place`; renders anew only when other rows come into sight. */
export function useSight(place: RefObject<HTMLElement | null>, count: number, below: Below | null): Sight {
  const [edge, setEdge] = useState({ first: 0, last: 24, rows: 24 });
  const index = below?.index;
  const height = below?.height ?? 0;
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    const look = () => {
      const next = edgeOf(element, index === undefined ? null : { index, height });
      setEdge((now) => (now.first === next.first && now.last === next.last && now.rows === next.rows ? now : next));
    };
    look();
    const watch = new ResizeObserver(look);
    watch.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [index, height]);
  return {
    first: Math.max(0, Math.min(edge.first, count - edge.rows) - SPARE),
    last: Math.min(count, edge.last + SPARE),
    pool: edge.rows + 2 * SPARE + 2,
  };
}

/** Where a row begins. */
export function topOf(index: number, below: Below | null): number {
  return index * ROW + (below && index > below.index ? below.height : 0);
}

function edgeOf(element: HTMLElement, below: Below | null) {
  const rows = Math.ceil(element.clientHeight / ROW) + 1;
  const first = indexAt(element.scrollTop, below);
  return { first, last: indexAt(element.scrollTop + element.clientHeight, below) + 1, rows };
}

function indexAt(y: number, below: Below | null): number {
  if (!below || y < (below.index + 1) * ROW) return Math.floor(y / ROW);
  return Math.max(below.index, Math.floor((y - below.height) / ROW));
}

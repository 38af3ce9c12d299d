// Which rows of a long table are in sight: only those exist, each 36 pixels high, so that 100,000
// scroll like 100. One row may have something below it, of any height.
import { type RefObject, useLayoutEffect, useState } from "react";

export const ROW = 36;
/** Rows kept ready where scrolling goes, and where it comes from. */
const AHEAD = 6;
const BEHIND = 1;
/** So long after the last row that came, scrolling has come to rest. */
const REST_MS = 200;

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
  /** Other rows came into sight a moment ago. */
  moving: boolean;
}

/** Follows the scrolling of `place`; renders anew only when other rows come into sight. */
export function useSight(place: RefObject<HTMLElement | null>, count: number, below: Below | null): Sight {
  const [edge, setEdge] = useState<Edge>({ first: 0, last: 24 + AHEAD, rows: 24 });
  const [moving, setMoving] = useState(false);
  const index = below?.index;
  const height = below?.height ?? 0;
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    let shown = edge;
    let rest: ReturnType<typeof setTimeout> | undefined;
    let from = element.scrollTop;
    const look = () => {
      const next = edgeOf(element, from, index === undefined ? null : { index, height });
      from = element.scrollTop;
      if (shown.first === next.first && shown.last === next.last && shown.rows === next.rows) return;
      shown = next;
      setEdge(next);
      setMoving(true);
      clearTimeout(rest);
      rest = setTimeout(() => setMoving(false), REST_MS);
    };
    look();
    const watch = new ResizeObserver(look);
    watch.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener("scroll", look);
      clearTimeout(rest);
      setMoving(false);
    };
  }, [index, height]);
  return {
    first: Math.max(0, Math.min(edge.first, count - edge.rows)),
    last: Math.min(count, edge.last),
    pool: edge.rows + AHEAD + BEHIND + 2,
    moving,
  };
}

/** Where a row begins. */
export function topOf(index: number, below: Below | null): number {
  return index * ROW + (below && index > below.index ? below.height : 0);
}

interface Edge {
  first: number;
  last: number;
  /** Rows that fit into sight. */
  rows: number;
}

/** The rows in sight and those that come next; after a leap over a whole page none can tell. */
function edgeOf({ scrollTop, clientHeight }: HTMLElement, from: number, below: Below | null): Edge {
  const leap = Math.abs(scrollTop - from) >= clientHeight;
  const [before, after] = leap ? [BEHIND, BEHIND] : scrollTop < from ? [AHEAD, BEHIND] : [BEHIND, AHEAD];
  return {
    first: indexAt(scrollTop, below) - before,
    last: indexAt(scrollTop + clientHeight, below) + 1 + after,
    rows: Math.ceil(clientHeight / ROW) + 1,
  };
}

function indexAt(y: number, below: Below | null): number {
  if (!below || y < (below.index + 1) * ROW) return Math.floor(y / ROW);
  return Math.max(below.index, Math.floor((y - below.height) / ROW));
}

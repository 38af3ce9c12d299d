// A long table: head, rows in sight, keys. It knows nothing of what its cells say. The rows keep
// their elements and those their places while they scroll: what comes into sight is written over
// what has left it. Cells that always have the same elements make that cheap.
import {
  type KeyboardEvent, memo, type ReactNode, type Ref, type SyntheticEvent, useCallback, useImperativeHandle, useLayoutEffect, useRef, useState,
} from "react";
import { type Below, ROW, topOf, useSight } from "./sight";
import css from "./rows.module.css";

const HEAD = 32;

export interface RowsHandle {
  /** Moves the focus to this row and brings it into sight. */
  focus(key: string): void;
  /** Moves the focus by so many rows. */
  move(by: number): void;
  reveal(key: string): void;
  toTop(): void;
}

interface Props<Item> {
  label: string;
  items: readonly Item[];
  keyOf: (item: Item) => string;
  /** The style that says how wide the columns are. */
  columns: string;
  /** Cells of the head; each a `th` with the role `columnheader`. */
  head: ReactNode;
  /** Cells of a row; each a `td` with the role `gridcell`. Stays the same while they say the same. */
  cells: (item: Item) => ReactNode;
  /** What the cell in this column says when it is pointed at; written only then. */
  hover?: (item: Item, column: number) => string | undefined;
  /** Attributes of a row, for looks and stories. */
  marks?: (item: Item) => Record<`data-${string}`, string | number | undefined>;
  open: string | null;
  openRow: (item: Item) => void;
  atEnd?: () => void;
  /** Stands below the row with this key. */
  below?: { key: string; content: ReactNode } | null;
  ref: Ref<RowsHandle>;
}

export function Rows<Item>({ label, items, keyOf, columns, head, cells, hover, marks, open, openRow, atEnd, below, ref }: Props<Item>) {
  const place = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  // Where `j` and `k` are: ahead of the focus, which follows a frame later.
  const here = useRef(-1);
  const [height, setHeight] = useState(0);
  const belowAt = below ? items.findIndex((item) => keyOf(item) === below.key) : -1;
  const gap: Below | null = belowAt >= 0 ? { index: belowAt, height } : null;
  const { first, last, pool, moving } = useSight(place, items.length, gap);
  const latest = useRef({ items, openRow });
  latest.current = { items, openRow };
  const openLatest = useCallback((index: number) => {
    const item = latest.current.items[index];
    if (item !== undefined) latest.current.openRow(item);
  }, []);
  const focused = useCallback((index: number) => {
    here.current = index;
    setAt(index);
  }, []);

  useLayoutEffect(() => {
    if (items.length > 0 && last >= items.length) atEnd?.();
  }, [last, items.length]);
  // A row that scrolls out of sight gives its focus to the table: keys go on from where it was.
  useLayoutEffect(() => {
    const row = document.activeElement?.closest<HTMLElement>("[data-index]");
    if (row && place.current?.contains(row) && (here.current < first || here.current >= last)) {
      place.current.focus({ preventScroll: true });
    }
  }, [first, last]);

  const reveal = (index: number) => {
    const element = place.current;
    if (!element || index < 0) return;
    const top = topOf(index, gap);
    if (top < element.scrollTop) element.scrollTop = top;
    const bottom = top + ROW + HEAD - element.clientHeight;
    if (bottom > element.scrollTop) element.scrollTop = bottom;
  };
  const focusIndex = (index: number) => {
    focused(index);
    reveal(index);
    const find = () => place.current?.querySelector<HTMLElement>(`[data-index="${index}"]`);
    // The row may have to be rendered first.
    const row = find();
    if (row) row.focus({ preventScroll: true });
    else requestAnimationFrame(() => find()?.focus({ preventScroll: true }));
  };
  const indexOf = (key: string) => items.findIndex((item) => keyOf(item) === key);
  const clamped = (index: number) => Math.min(Math.max(index, 0), items.length - 1);
  useImperativeHandle(ref, () => ({
    focus: (key) => focusIndex(Math.max(indexOf(key), 0)),
    move: (by) => focusIndex(clamped(here.current + by)),
    reveal: (key) => reveal(indexOf(key)),
    toTop: () => {
      place.current?.scrollTo({ top: 0 });
      if (place.current?.contains(document.activeElement)) focusIndex(0);
    },
  }));
  const onKey = (event: KeyboardEvent) => {
    const row = event.target as HTMLElement;
    if (row !== place.current && row.dataset.index === undefined) return;
    const index = row === place.current ? here.current : Number(row.dataset.index);
    if (event.key === "Enter" && row !== place.current) openLatest(index);
    else if (event.key === "ArrowDown") focusIndex(clamped(index + 1));
    else if (event.key === "ArrowUp") focusIndex(clamped(index - 1));
    else if (event.key === "Home") focusIndex(0);
    else if (event.key === "End") focusIndex(items.length - 1);
    else return;
    event.preventDefault();
  };

  const tell = (event: SyntheticEvent) => {
    const row = hover && (event.target as Element).closest<HTMLTableRowElement>("tr[data-index]");
    if (!row) return;
    const item = items[Number(row.dataset.index)];
    if (item === undefined) return;
    for (const [column, cell] of [...row.cells].entries()) cell.title = hover(item, column) ?? "";
  };

  const entry = at >= first && at < last ? at : first;
  const inSight = Array.from({ length: Math.max(last - first, 0) }, (_, offset) => first + offset);
  // An element that moves in the document is styled and laid out anew: in order once at rest.
  if (moving) inSight.sort((one, other) => (one % pool) - (other % pool));
  return (
    <div ref={place} className={css.scroll} onKeyDown={onKey} tabIndex={-1}>
      <table className={`${css.rows} ${columns}`} role="grid" aria-rowcount={items.length + 1} aria-label={label}>
        <thead role="rowgroup"><tr role="row" aria-rowindex={1}>{head}</tr></thead>
        <tbody role="rowgroup" style={{ height: topOf(items.length, gap) }} onMouseOver={tell} onFocus={tell}>
          {inSight.map((index) => (
            <Row key={index % pool} item={items[index]!} index={index} top={topOf(index, gap)} cells={cells} marks={marks}
              selected={keyOf(items[index]!) === open} tabbable={index === entry} open={openLatest} focused={focused} />
          ))}
          {gap && below && <Under top={topOf(gap.index + 1, null)} content={below.content} measure={setHeight} />}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps<Item> extends Pick<Props<Item>, "cells" | "marks"> {
  item: Item;
  index: number;
  top: number;
  selected: boolean;
  tabbable: boolean;
  open: (index: number) => void;
  focused: (index: number) => void;
}

function PlainRow<Item>({ item, index, top, cells, marks, selected, tabbable, open, focused }: RowProps<Item>) {
  return (
    <tr role="row" data-index={index} {...marks?.(item)} aria-rowindex={index + 2} aria-selected={selected}
      tabIndex={tabbable ? 0 : -1} style={{ top }}
      onClick={(event) => { if (!(event.target as Element).closest("[role=radiogroup], a, button")) open(index); }}
      onFocus={(event) => { if (event.target === event.currentTarget) focused(index); }}>
      {cells(item)}
    </tr>
  );
}
const Row = memo(PlainRow) as typeof PlainRow;

interface UnderProps {
  top: number;
  content: ReactNode;
  measure: (height: number) => void;
}

/** What stands below a row, as high as it is. */
function Under({ top, content, measure }: UnderProps) {
  const place = useRef<HTMLTableRowElement>(null);
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    const watch = new ResizeObserver(() => measure(element.offsetHeight));
    measure(element.offsetHeight);
    watch.observe(element);
    return () => {
      watch.disconnect();
      measure(0);
    };
  }, []);
  return (
    <tr ref={place} role="row" className={css.under} style={{ transform: `translateY(${top}px)` }}>
      <td role="gridcell">{content}</td>
    </tr>
  );
}

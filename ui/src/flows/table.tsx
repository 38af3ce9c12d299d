// The flow table: only the rows in sight exist, each 36 pixels high, so that 100,000 scroll like 100.
import { type KeyboardEvent, memo, type Ref, useCallback, useImperativeHandle, useLayoutEffect, useRef, useState } from "react";
import type { Flow } from "../wire/rest";
import { End, Named } from "../verdict/end";
import { Pill } from "../verdict/pill";
import { exact, short } from "../words/number";
import { clock, clockMillis, utc } from "../words/time";
import { nameOf, ruleWords } from "../words/verdict";
import css from "./flows.module.css";

export const ROW = 36;
const HEAD = 32;
const SPARE = 8;

export interface TableHandle {
  focus(seq: number): void;
  move(by: number): void;
  reveal(index: number): void;
  toTop(): void;
}

interface Props {
  rows: readonly Flow[];
  open: number | null;
  openRow: (index: number) => void;
  atEnd: () => void;
  ref: Ref<TableHandle>;
}

export function FlowTable({ rows, open, openRow, atEnd, ref }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState({ top: 0, height: 600 });
  const [at, setAt] = useState(0);
  // Where `j` and `k` are: ahead of the focus, which follows a frame later.
  const here = useRef(-1);
  // Rows are kept as they are while they scroll: what they call stays the same.
  const latest = useRef(openRow);
  latest.current = openRow;
  const openLatest = useCallback((index: number) => latest.current(index), []);
  const focused = useCallback((index: number) => {
    here.current = index;
    setAt(index);
  }, []);
  const first = Math.max(0, Math.floor(sight.top / ROW) - SPARE);
  const last = Math.min(rows.length, Math.ceil((sight.top + sight.height) / ROW) + SPARE);

  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    const look = () => setSight({ top: element.scrollTop, height: element.clientHeight });
    const watch = new ResizeObserver(look);
    watch.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  useLayoutEffect(() => {
    if (rows.length > 0 && last >= rows.length - SPARE) atEnd();
  }, [last, rows.length]);

  const reveal = (index: number) => {
    const element = place.current;
    if (!element || index < 0) return;
    const top = index * ROW;
    if (top < element.scrollTop) element.scrollTop = top;
    const bottom = top + ROW + HEAD - element.clientHeight;
    if (bottom > element.scrollTop) element.scrollTop = bottom;
  };
  const focusIndex = (index: number) => {
    here.current = index;
    setAt(index);
    reveal(index);
    // The row may have to be rendered first.
    requestAnimationFrame(() => place.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus());
  };
  useImperativeHandle(ref, () => ({
    focus: (seq) => focusIndex(Math.max(rows.findIndex((row) => row.seq === seq), 0)),
    move: (by) => focusIndex(Math.min(Math.max(here.current + by, 0), rows.length - 1)),
    reveal,
    toTop: () => place.current?.scrollTo({ top: 0 }),
  }));
  const onKey = (event: KeyboardEvent) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    if (!row) return;
    const index = Number(row.dataset.index);
    if (event.key === "Enter") openRow(index);
    else if (event.key === "ArrowDown") focusIndex(Math.min(index + 1, rows.length - 1));
    else if (event.key === "ArrowUp") focusIndex(Math.max(index - 1, 0));
    else return;
    event.preventDefault();
  };

  const inSight = Math.min(at, rows.length - 1);
  const entry = inSight >= first && inSight < last ? inSight : first;
  return (
    <div ref={place} className={css.scroll} onKeyDown={onKey}>
      <table className={css.flows} role="grid" aria-rowcount={rows.length + 1} aria-label="Flows, newest first">
        <Columns />
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" className={css.sorted} aria-sort="descending">Time ↓</th>
            <th scope="col">Verdict</th>
            <th scope="col">Source</th>
            <th scope="col">Destination</th>
            <th scope="col">Port</th>
            <th scope="col">Judged</th>
            <th scope="col">Decided by</th>
            <th scope="col" className="right">Times</th>
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Space height={first * ROW} />}
          {rows.slice(first, last).map((flow, offset) => (
            <Row key={flow.seq} flow={flow} index={first + offset} selected={flow.seq === open}
              tabbable={first + offset === entry} open={openLatest} focused={focused} />
          ))}
          {last < rows.length && <Space height={(rows.length - last) * ROW} />}
        </tbody>
      </table>
    </div>
  );
}

/** What a record tells beside a first packet or a stopped one. */
const KIND_WORDS: Record<Flow["kind"], string> = { new: "", judged: "", changed: "again", closed: "ended" };

function Columns() {
  return (
    <colgroup>
      {["time", "verdict", "source", "destination", "port", "judged", "decider", "times"].map((name) => <col key={name} className={css[name]} />)}
    </colgroup>
  );
}

function Space({ height }: { height: number }) {
  return <tr aria-hidden="true" style={{ height }}><td colSpan={8} /></tr>;
}

interface RowProps {
  flow: Flow;
  index: number;
  selected: boolean;
  tabbable: boolean;
  open: (index: number) => void;
  focused: (index: number) => void;
}

const Row = memo(function Row({ flow, index, selected, tabbable, open, focused }: RowProps) {
  return (
    <tr className={css.row} data-index={index} data-seq={flow.seq} data-verdict={flow.verdict} aria-rowindex={index + 2}
      aria-selected={selected} tabIndex={tabbable ? 0 : -1} onClick={() => open(index)} onFocus={() => focused(index)}>
      <td title={utc(flow.time)}>{clock(flow.time)}<span className={css.millis}>{clockMillis(flow.time).slice(8)}</span></td>
      <td><Pill verdict={flow.verdict} />{KIND_WORDS[flow.kind] && <span className={css.kind}>{KIND_WORDS[flow.kind]}</span>}</td>
      <td><End peer={flow.source} /></td>
      <td>
        <End peer={flow.destination} />
        {flow.service && <span className="label"> by {flow.service.name ?? flow.service.ip}</span>}
      </td>
      <td>{flow.port} <span className="third">{flow.protocol.toLowerCase()}</span></td>
      <td>{flow.direction === "ingress" ? "in" : "out"} <span className="third">at {flow.workload.split("/")[1] ?? flow.workload}</span></td>
      <td><Decider flow={flow} /></td>
      <td className="right" title={`${exact(flow.count)} times`}>{short(flow.count)}</td>
    </tr>
  );
});

function Decider({ flow }: { flow: Flow }) {
  if (flow.rule) return <><Named name={nameOf(flow.rule)} /> <span className="third">{ruleWords(flow.rule)}</span></>;
  if (flow.policy) return <><Named name={nameOf(flow.policy)} /> <span className="third">no rule allows</span></>;
  if (flow.reason_text && flow.verdict !== "forwarded") return <span className="second">{flow.reason_text}</span>;
  return <span className="third">no policy</span>;
}

// Flows: one table, newest first, narrowed by words, with a drawer that answers why.
import { useEffect, useRef } from "react";
import type { Flow } from "../wire/rest";
import { choose, useAddress } from "../live/address";
import { useCell } from "../live/cell";
import { book, bookState, refreshFlows, status } from "../live/store";
import { Banner } from "../frame/banner";
import { TableBones } from "../frame/bones";
import { useKeys } from "../frame/keys";
import type { RowsHandle } from "../frame/rows";
import { Strip } from "../spark/strip";
import { told } from "../words/sentence";
import { exact } from "../words/number";
import { FlowDrawer } from "./drawer";
import { FilterBar } from "./filter-bar";
import { FlowTable } from "./table";
import { useView } from "./view";
import css from "./flows.module.css";

export function Flows() {
  const { params } = useAddress();
  const { rows, waiting, showWaiting, reading, trouble, more } = useView();
  const state = useCell(bookState);
  const table = useRef<RowsHandle>(null);
  const open = Number(params.get("open")) || null;
  const index = rows.findIndex(({ seq }) => seq === open);
  const selected = rows[index] ?? null;

  const openRow = ({ seq }: Flow) => choose({ open: String(seq), allow: null }, open === null ? "push" : "replace");
  const show = (at: number) => {
    const row = rows[Math.min(Math.max(at, 0), rows.length - 1)];
    if (row) openRow(row);
  };
  const close = () => {
    const back = open;
    choose({ open: null, allow: null }, "push");
    if (back !== null) table.current?.focus(String(back));
  };
  const step = (by: number) => {
    if (open !== null) return show(index + by);
    table.current?.move(by);
  };
  const showNew = () => {
    showWaiting();
    table.current?.toTop();
  };
  useKeys({ j: () => step(1), k: () => step(-1), n: showNew, Escape: close });
  // A link to "Allow this" of a pair opens its newest record.
  const newest = rows[0]?.seq;
  useEffect(() => {
    if (params.has("allow") && open === null && newest !== undefined) choose({ open: String(newest) }, "replace");
  }, [params, open, newest]);
  useEffect(() => {
    if (selected) table.current?.reveal(String(selected.seq));
  }, [selected?.seq]);

  return (
    <>
      <div className={css.head}>
        <h1 className="title">
          Flows <span className="quiet">{exact(rows.length)} {params.get("q") ? "match" : "recorded"}</span>
        </h1>
      </div>
      <FilterBar flows={() => book.flows} />
      {state.phase === "failed" && (
        <div className={css.trouble}>
          <Banner loud action={<button type="button" className="button tight" onClick={() => void refreshFlows()}>Try again</button>}>
            <b>The flow records did not arrive.</b> {told(state.message)}
          </Banner>
        </div>
      )}
      {trouble && <div className={css.trouble}><Banner loud><b>Not all of that time is here.</b> {told(trouble)}</Banner></div>}
      {state.phase === "waiting" || (reading && rows.length === 0) ? <TableBones rows={12} /> : (
        <div className={`panel ${css.table}`}>
          <Strip />
          <NewBar waiting={waiting} show={showNew} />
          {rows.length === 0
            ? <Empty filtered={params.get("q") !== null} />
            : <FlowTable ref={table} rows={rows} open={open} openRow={openRow} atEnd={more} />}
          <Lost />
        </div>
      )}
      {selected && <FlowDrawer flow={selected} close={close} step={step} />}
    </>
  );
}

function NewBar({ waiting, show }: { waiting: number; show: () => void }) {
  return (
    <div role="status" className={css.newBar} data-empty={waiting === 0 || undefined}>
      {waiting > 0 && (
        <button type="button" onClick={show}>
          {exact(waiting)} new {waiting === 1 ? "flow" : "flows"}. Show {waiting === 1 ? "it" : "them"} <kbd className="wide">n</kbd>
        </button>
      )}
    </div>
  );
}

function Empty({ filtered }: { filtered: boolean }) {
  if (!filtered) {
    return (
      <div className={css.empty}>
        <h2 className="heading">No flow yet</h2>
        <p className="second">A flow stands here as soon as a workload opens a connection or sends a packet.</p>
      </div>
    );
  }
  return (
    <div className={css.empty}>
      <h2 className="heading">Nothing that is recorded matches</h2>
      <p className="second">Words of one kind widen, words of several kinds narrow. What comes and matches shows at once in the bar above.</p>
      <button type="button" className="button" onClick={() => choose({ q: null, open: null }, "push")}>Clear the filter</button>
    </div>
  );
}

function Lost() {
  const state = useCell(bookState);
  const nodes = useCell(status)?.nodes ?? [];
  const kernel = nodes.reduce((sum, node) => sum + node.events_lost, 0);
  const lost = Math.max(kernel, state.phase === "here" ? state.value.lost : 0);
  if (lost === 0) return null;
  return <p className={css.lost}>{exact(lost)} flow records were lost since the start: the table has holes, the counters have none.</p>;
}

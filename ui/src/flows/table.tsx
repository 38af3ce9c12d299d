// The flow table: what a record says in a row. Rows are few elements each, since 100,000 scroll.
import type { Ref } from "react";
import type { Flow } from "../wire/rest";
import { Rows, type RowsHandle } from "../frame/rows";
import { End, Named } from "../verdict/end";
import { Pill } from "../verdict/pill";
import { exact, short } from "../words/number";
import { clock, clockMillis, utc } from "../words/time";
import { nameOf, ruleWords } from "../words/verdict";
import css from "./flows.module.css";

interface Props {
  rows: readonly Flow[];
  open: number | null;
  openRow: (flow: Flow) => void;
  atEnd: () => void;
  ref: Ref<RowsHandle>;
}

export function FlowTable({ rows, open, openRow, atEnd, ref }: Props) {
  return (
    <Rows ref={ref} label="Flows, newest first" items={rows} keyOf={keyOf} columns={css.columns!} head={HEAD} cells={cells}
      marks={marks} open={open === null ? null : String(open)} openRow={openRow} atEnd={atEnd} />
  );
}

const keyOf = ({ seq }: Flow): string => String(seq);
const marks = ({ seq, verdict }: Flow) => ({ "data-seq": seq, "data-verdict": verdict });

const HEAD = (
  <>
    <th role="columnheader" aria-sort="descending">Time ↓</th>
    <th role="columnheader">Verdict</th>
    <th role="columnheader">Source</th>
    <th role="columnheader">Destination</th>
    <th role="columnheader">Port</th>
    <th role="columnheader">Judged</th>
    <th role="columnheader">Decided by</th>
    <th role="columnheader" className="right">Times</th>
  </>
);

/** What a record tells beside a first packet or a stopped one. */
const KIND_WORDS: Record<Flow["kind"], string> = { new: "", judged: "", changed: "again", closed: "ended" };

function cells(flow: Flow) {
  return (
    <>
      <td role="gridcell" title={utc(flow.time)}>{clock(flow.time)}<span className={css.millis}>{clockMillis(flow.time).slice(8)}</span></td>
      <td role="gridcell"><Pill verdict={flow.verdict} />{KIND_WORDS[flow.kind] && <span className={css.kind}>{KIND_WORDS[flow.kind]}</span>}</td>
      <td role="gridcell"><End peer={flow.source} /></td>
      <td role="gridcell">
        <End peer={flow.destination} />
        {flow.service && <span className="label"> by {flow.service.name ?? flow.service.ip}</span>}
      </td>
      <td role="gridcell">{flow.port} <span className="third">{flow.protocol.toLowerCase()}</span></td>
      <td role="gridcell">{flow.direction === "ingress" ? "in" : "out"} <span className="third">at {flow.workload.split("/")[1] ?? flow.workload}</span></td>
      <td role="gridcell"><Decider flow={flow} /></td>
      <td role="gridcell" className="right" title={`${exact(flow.count)} times`}>{short(flow.count)}</td>
    </>
  );
}

function Decider({ flow }: { flow: Flow }) {
  if (flow.rule) return <><Named name={nameOf(flow.rule)} /> <span className="third">{ruleWords(flow.rule)}</span></>;
  if (flow.policy) return <><Named name={nameOf(flow.policy)} /> <span className="third">no rule allows</span></>;
  if (flow.reason_text && flow.verdict !== "forwarded") return <span className="second">{flow.reason_text}</span>;
  return <span className="third">no policy</span>;
}

// The flow table: what a record says in a row. Rows are few elements each, since 100,000 scroll.
import type { Ref } from "react";
import type { Flow } from "../wire/rest";
import { Rows, type RowsHandle } from "../frame/rows";
import { alsoCalled, endName, Named } from "../verdict/end";
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
      hover={hover} marks={marks} open={open === null ? null : String(open)} openRow={openRow} atEnd={atEnd} />
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

/** The same elements in every row: one that takes another's place only changes words. */
function cells(flow: Flow) {
  const { time, verdict, kind, source, destination, service, port, protocol, direction, workload, count } = flow;
  const { name, words } = deciderOf(flow);
  return (
    <>
      <td role="gridcell">{clock(time)}<span className={css.millis}>{clockMillis(time).slice(8)}</span></td>
      <td role="gridcell"><Pill verdict={verdict} /><span className={css.kind}>{KIND_WORDS[kind]}</span></td>
      <td role="gridcell"><Named name={endName(source)} /></td>
      <td role="gridcell"><Named name={endName(destination)} /><span className="label">{service && ` by ${service.name ?? service.ip}`}</span></td>
      <td role="gridcell">{port}<span className="third"> {protocol.toLowerCase()}</span></td>
      <td role="gridcell">{direction === "ingress" ? "in" : "out"}<span className="third"> at {workload.split("/")[1] ?? workload}</span></td>
      <td role="gridcell"><Named name={name} /><span className="third">{words}</span></td>
      <td role="gridcell" className="right">{short(count)}</td>
    </>
  );
}

/** What decided: a policy by name, and its rule; or a reason that is nobody's. */
function deciderOf({ rule, policy, reason_text, verdict }: Flow): { name: string; words: string } {
  if (rule) return { name: nameOf(rule), words: ` ${ruleWords(rule)}` };
  if (policy) return { name: nameOf(policy), words: " no rule allows" };
  return { name: "", words: reason_text && verdict !== "forwarded" ? reason_text : "no policy" };
}

function hover({ time, source, destination, count }: Flow, column: number): string | undefined {
  switch (column) {
    case 0:
      return utc(time);
    case 2:
      return alsoCalled(source);
    case 3:
      return alsoCalled(destination);
    case 7:
      return `${exact(count)} times`;
    default:
      return undefined;
  }
}

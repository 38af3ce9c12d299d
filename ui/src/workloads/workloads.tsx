// Workloads: how each is held inward and outward, by how many policies, and what was stopped at it.
import { useMemo, useRef } from "react";
import type { Workload } from "../wire/rest";
import { readWorkloads } from "../wire/client";
import { choose, hrefOfWorkload, useAddress, visit } from "../live/address";
import { renewalOf, useAnswer } from "../live/answer";
import { useCell } from "../live/cell";
import { isIn, useScope } from "../live/scope";
import { endsOf, keyOfSpan, phraseOf, useSpan } from "../live/span";
import { lastOf, status } from "../live/store";
import { Banner } from "../frame/banner";
import { TableBones } from "../frame/bones";
import { useKeys } from "../frame/keys";
import { Link } from "../frame/link";
import { Rows, type RowsHandle } from "../frame/rows";
import { WordFilter } from "../frame/word-filter";
import { CountCell } from "../verdict/count";
import { HeldMark } from "../verdict/held";
import { Mark } from "../verdict/mark";
import { exact } from "../words/number";
import { told } from "../words/sentence";
import { type Look, nameOf } from "../words/verdict";
import { heading, shownOf, type Sort, SORTS, sumOf } from "./order";
import css from "./workloads.module.css";

export function Workloads() {
  const span = useSpan();
  const revision = useCell(status)?.revision;
  const live = span.kind === "moving" && !span.paused;
  const { asked, again } = useAnswer({
    key: keyOfSpan(span), round: revision,
    ask: () => {
      const { since, until } = endsOf(span);
      return readWorkloads(since, until);
    },
    ...(live ? { renewMs: renewalOf(span.length) } : {}),
  });
  const scope = useScope();
  const list = lastOf(asked)?.workloads.filter(({ name }) => isIn(name, scope));
  const failed = asked.phase === "failed" && (
    <Banner loud action={<button type="button" className="button tight" onClick={again}>Try again</button>}>
      <b>The workloads did not arrive.</b> {told(asked.message)}
    </Banner>
  );
  if (!list) return failed || <TableBones rows={10} />;
  return <>{failed}<WorkloadList list={list} phrase={phraseOf(span)} /></>;
}

function WorkloadList({ list, phrase }: { list: readonly Workload[]; phrase: string }) {
  const { params } = useAddress();
  const rows = useRef<RowsHandle>(null);
  const text = params.get("q") ?? "";
  const sort = (SORTS.find((known) => known === params.get("sort")) ?? "name") as Sort;
  const shown = useMemo(() => shownOf(list, text, sort), [list, text, sort]);
  useKeys({ j: () => rows.current?.move(1), k: () => rows.current?.move(-1) });
  return (
    <>
      <div className={css.head}>
        <h1 className="title">Workloads <span className="quiet">{heading(list)}</span></h1>
        <span className="label">packets, {phrase}</span>
      </div>
      <WordFilter hint="namespace:shop in:open out:open has:would-drop" />
      <div className={`panel ${css.panel}`}>
        {shown.length === 0 ? <Empty none={list.length === 0} /> : (
          <Rows ref={rows} label="Workloads" items={shown} keyOf={nameIt} columns={css.columns!} head={<Head sort={sort} />} cells={cells}
            hover={hover} marks={marks} open={null} openRow={({ name }) => visit(hrefOfWorkload(name))} />
        )}
      </div>
    </>
  );
}

const nameIt = ({ name }: Workload): string => name;
const marks = ({ name }: Workload) => ({ "data-id": name });

const COLUMNS: readonly [Sort, string, string, Look?][] = [
  ["name", "Workload", ""],
  ["ingress", "Inward", ""],
  ["egress", "Outward", ""],
  ["policies", "Policies", ""],
  ["forwarded", "Forwarded", "right", "forwarded"],
  ["would_drop", "Would drop", "right", "would"],
  ["dropped", "Dropped", "right", "dropped"],
  ["node", "Node", ""],
];

function Head({ sort }: { sort: Sort }) {
  return COLUMNS.map(([key, words, side, look]) => (
    <th key={key} role="columnheader" className={`${side} ${css[key] ?? ""}`} aria-sort={key === sort ? (side ? "descending" : "ascending") : undefined}>
      <button type="button" onClick={() => choose({ sort: key === "name" ? null : key }, "replace")}>
        {look && <Mark look={look} size={8} />}{words}{key === sort && (side ? " ↓" : " ↑")}
      </button>
    </th>
  ));
}

/** The same elements in every row, but for what few rows have. */
function cells(workload: Workload) {
  const { name, ingress, egress, policies, node, not_enforced } = workload;
  const cut = name.indexOf("/") + 1;
  const [first, ...more] = policies;
  return (
    <>
      <td role="gridcell" className={css.name}>
        <Link href={hrefOfWorkload(name)}><span className="third">{name.slice(0, cut)}</span><b>{name.slice(cut)}</b></Link>
        {not_enforced && <span className={css.flag} title={not_enforced}>not held</span>}
      </td>
      <td role="gridcell"><HeldMark hold={ingress} /></td>
      <td role="gridcell"><HeldMark hold={egress} /></td>
      <td role="gridcell" className={css.policies}><span>{first && nameOf(first)}</span><span className="third">{moreWords(policies.length === 0, more.length)}</span></td>
      <CountCell count={sumOf(workload, "forwarded")} look="forwarded" />
      <CountCell count={sumOf(workload, "would_drop")} look="would" />
      <CountCell count={sumOf(workload, "dropped")} look="dropped" />
      <td role="gridcell" className={`second ${css.node}`}>{node ?? ""}</td>
    </>
  );
}

/** What stands behind the first policy of a workload; `none` where it has none. */
function moreWords(none: boolean, more: number): string {
  if (none) return "none";
  return more > 0 ? ` +${more}` : "";
}

function hover(workload: Workload, column: number): string | undefined {
  switch (column) {
    case 0:
      return workload.addresses.join(", ");
    case 3:
      return workload.policies.map(nameOf).join(", ");
    case 4:
      return exact(sumOf(workload, "forwarded"));
    case 5:
      return exact(sumOf(workload, "would_drop"));
    case 6:
      return exact(sumOf(workload, "dropped"));
    default:
      return undefined;
  }
}

function Empty({ none }: { none: boolean }) {
  return (
    <div className={css.empty}>
      <h2 className="heading">{none ? "No workload is seen yet" : "No workload matches"}</h2>
      <p className="second">
        {none ? "A workload stands here as soon as the workload file names it, or Kubernetes runs it on this node." : "Take a word out of the filter."}
      </p>
    </div>
  );
}

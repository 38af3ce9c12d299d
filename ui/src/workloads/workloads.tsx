// Workloads: how each is held inward and outward, by how many policies, and what was stopped at it.
import { useMemo, useRef } from "react";
import type { Workload } from "../wire/rest";
import { readWorkloads } from "../wire/client";
import { choose, hrefOfWorkload, useAddress, visit } from "../live/address";
import { renewalOf, useAnswer } from "../live/answer";
import { useCell } from "../live/cell";
import { endsOf, keyOfSpan, phraseOf, useSpan } from "../live/span";
import { lastOf, status } from "../live/store";
import { Banner } from "../frame/banner";
import { TableBones } from "../frame/bones";
import { useKeys } from "../frame/keys";
import { Link } from "../frame/link";
import { Rows, type RowsHandle } from "../frame/rows";
import { WordFilter } from "../frame/word-filter";
import { HeldMark } from "../verdict/held";
import { Mark } from "../verdict/mark";
import { exact, short } from "../words/number";
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
  const list = lastOf(asked)?.workloads;
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
            marks={marks} open={null} openRow={({ name }) => visit(hrefOfWorkload(name))} />
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

function cells(workload: Workload) {
  const { name, ingress, egress, policies, node, not_enforced, addresses } = workload;
  const [space, bare] = [name.slice(0, name.indexOf("/") + 1), name.slice(name.indexOf("/") + 1)];
  return (
    <>
      <td role="gridcell" className={css.name} title={addresses.join(", ")}>
        <Link href={hrefOfWorkload(name)}><span className="third">{space}</span><b>{bare}</b></Link>
        {not_enforced && <span className={css.flag} title={not_enforced}>not held</span>}
      </td>
      <td role="gridcell"><HeldMark hold={ingress} /></td>
      <td role="gridcell"><HeldMark hold={egress} /></td>
      <td role="gridcell" title={policies.map(nameOf).join(", ")}>{policyWords(policies)}</td>
      <Count count={sumOf(workload, "forwarded")} look="forwarded" />
      <Count count={sumOf(workload, "would_drop")} look="would" />
      <Count count={sumOf(workload, "dropped")} look="dropped" />
      <td role="gridcell" className={`second ${css.node}`}>{node ?? ""}</td>
    </>
  );
}

function policyWords(policies: readonly string[]) {
  const [first, ...more] = policies;
  if (!first) return <span className="third">none</span>;
  return <>{nameOf(first)}{more.length > 0 && <span className="third"> and {more.length} more</span>}</>;
}

function Count({ count, look }: { count: number; look: Look }) {
  return (
    <td role="gridcell" className={`right ${count === 0 ? "third" : css[look]}`} title={exact(count)}>
      {count > 0 && look !== "forwarded" && <Mark look={look} size={8} />}{short(count)}
    </td>
  );
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

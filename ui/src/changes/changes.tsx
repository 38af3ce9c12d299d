// The log of changes: who changed what, when, by which way, from what to what. It only grows.
import { useEffect, useRef, useState } from "react";
import type { Change } from "../wire/rest";
import { readChanges } from "../wire/client";
import { hrefOfPolicy } from "../live/address";
import { useAnswer } from "../live/answer";
import { useCell } from "../live/cell";
import { serverNow } from "../live/span";
import { changes as told, lastOf } from "../live/store";
import { Banner } from "../frame/banner";
import { TableBones } from "../frame/bones";
import { useKeys } from "../frame/keys";
import { Link } from "../frame/link";
import { Rows, type RowsHandle } from "../frame/rows";
import { told as toldWords } from "../words/sentence";
import { clock, onDay, utc } from "../words/time";
import { changeWords, subjectWords, wayWords } from "../words/change";
import css from "./changes.module.css";

const AT_ONCE = 200;

export function Changes() {
  const { asked, again } = useAnswer({ key: "changes", ask: () => readChanges(AT_ONCE) });
  const [older, setOlder] = useState<{ changes: Change[]; next: number | undefined } | null>(null);
  const rows = useRef<RowsHandle>(null);
  const live = useCell(told);
  const first = lastOf(asked);
  useKeys({ j: () => rows.current?.move(1), k: () => rows.current?.move(-1) });
  useEffect(() => setOlder(null), [first]);
  const failed = asked.phase === "failed" && (
    <Banner loud action={<button type="button" className="button tight" onClick={again}>Try again</button>}>
      <b>The changes did not arrive.</b> {toldWords(asked.message)}
    </Banner>
  );
  if (!first) return failed || <TableBones rows={8} />;
  const list = merged(live, [...first.changes, ...(older?.changes ?? [])]);
  const next = older ? older.next : first.next;
  const readOn = async () => {
    if (next === undefined) return;
    const page = await readChanges(AT_ONCE, next);
    setOlder((now) => ({ changes: [...(now?.changes ?? []), ...page.changes], next: page.next }));
  };
  return (
    <>
      {failed}
      <div className={css.head}>
        <h1 className="title">Changes <span className="quiet">{list.length}{next !== undefined && " newest"}</span></h1>
        <span className="label">who switched or wrote what; it is only added to</span>
      </div>
      <div className={`panel ${css.panel}`}>
        {list.length === 0 ? <Empty /> : (
          <Rows ref={rows} label="Changes, newest first" items={list} keyOf={keyOf} columns={css.columns!} head={HEAD} cells={cells} open={null}
            openRow={() => {}} atEnd={() => void readOn()} />
        )}
      </div>
    </>
  );
}

/** What the stream told and what was asked for, each once, newest first. */
function merged(live: readonly Change[], asked: readonly Change[]): Change[] {
  const known = new Map([...asked, ...live].map((change) => [change.seq, change]));
  return [...known.values()].sort((one, other) => other.seq - one.seq);
}

const keyOf = ({ seq }: Change): string => String(seq);

const HEAD = (
  <>
    <th role="columnheader" aria-sort="descending">When ↓</th>
    <th role="columnheader">Who</th>
    <th role="columnheader">By</th>
    <th role="columnheader">What</th>
    <th role="columnheader">Of</th>
    <th role="columnheader" className="right">Revision</th>
  </>
);

function cells(change: Change) {
  const { time, who, by, subject, revision, what } = change;
  const isPolicy = what !== "namespace_mode" && what !== "cluster_mode";
  return (
    <>
      <td role="gridcell" title={utc(time)}>{onDay(time, serverNow()).replace(/\d\d:\d\d$/, "")}{clock(time)}</td>
      <td role="gridcell" className={css.who} title={who}>{who}</td>
      <td role="gridcell" className="second">{wayWords(by)}</td>
      <td role="gridcell" title={changeWords(change)}>{changeWords(change)}</td>
      <td role="gridcell" title={subject}>
        {isPolicy && what !== "removed" ? <Link href={hrefOfPolicy(subject)}>{subjectWords(change)}</Link> : subjectWords(change)}
      </td>
      <td role="gridcell" className="right">{revision}</td>
    </>
  );
}

function Empty() {
  return (
    <div className={css.empty}>
      <h2 className="heading">Nothing was changed yet</h2>
      <p className="second">Each switch of a mode and each policy that is added, changed or taken away stands here with who did it.</p>
    </div>
  );
}

// Policies: each with its three-way switch, what its rules decided, and marks where one is refused
// or never hit. Enforce asks first, with what would be dropped.
import { useCallback, useEffect, useMemo, useRef } from "react";
import type { Mode, Policy } from "../wire/rest";
import { address, choose, useAddress } from "../live/address";
import { useCell } from "../live/cell";
import { useScope } from "../live/scope";
import { lastOf, policies as policiesCell, refreshPolicies } from "../live/store";
import { Banner } from "../frame/banner";
import { TableBones } from "../frame/bones";
import { useKeys } from "../frame/keys";
import { WordFilter } from "../frame/word-filter";
import { Rows, type RowsHandle } from "../frame/rows";
import { PolicyDrawer } from "./drawer";
import { heading, type Sort, shownOf, SORTS } from "./order";
import { Preview } from "./preview";
import { policyCells, policyHover } from "./row";
import { useSwitching } from "./switching";
import { SwitchTrouble } from "./trouble";
import { Mark } from "../verdict/mark";
import { told } from "../words/sentence";
import type { Look } from "../words/verdict";
import css from "./policies.module.css";

export function Policies() {
  const asked = useCell(policiesCell);
  const scope = useScope();
  const list = lastOf(asked)?.filter(({ namespace }) => scope === null || namespace === undefined || namespace === scope);
  if (!list) {
    if (asked.phase === "failed") return <NoPolicies message={asked.message} />;
    return <TableBones rows={8} />;
  }
  return <PolicyList list={list} failed={asked.phase === "failed" ? asked.message : null} />;
}

interface ListProps {
  list: readonly Policy[];
  failed: string | null;
}

function PolicyList({ list, failed }: ListProps) {
  const { params } = useAddress();
  const rows = useRef<RowsHandle>(null);
  const sort = (SORTS.find((known) => known === params.get("sort")) ?? "would_drop") as Sort;
  const shown = useOrder(list, params.get("q") ?? "", sort);
  const open = params.get("open");
  const enforcing = params.get("enforce");
  const selected = list.find(({ id }) => id === open) ?? null;

  const { busy, trouble, set, forget } = useSwitching((policy) => {
    const wasAsked = address.read().params.get("enforce") === policy.id;
    choose({ enforce: null }, "replace");
    if (wasAsked) rows.current?.focus(policy.id);
  });
  const ask = (policy: Policy, mode: Mode) => {
    forget();
    if (mode === "enforce") choose({ enforce: policy.id, open: null }, "push");
    else void set(policy, mode);
  };
  const close = () => {
    choose({ open: null, enforce: null }, "push");
    const back = open ?? enforcing;
    if (back) rows.current?.focus(back);
  };
  const step = (by: number) => {
    if (open === null) return rows.current?.move(by);
    const from = shown.findIndex(({ id }) => id === open);
    const next = shown[Math.min(Math.max(from + by, 0), shown.length - 1)];
    if (!next) return;
    choose({ open: next.id }, "replace");
    rows.current?.focus(next.id);
  };
  const look = ({ id }: Policy) => choose({ open: id, enforce: null }, "push");
  const latest = useRef({ ask, look });
  latest.current = { ask, look };
  const cells = useCallback((policy: Policy) => policyCells(policy, {
    asked: enforcing, busy, ask: (...words) => latest.current.ask(...words), look: (one) => latest.current.look(one),
  }), [enforcing, busy]);
  const tried = shown.find(({ id, mode }) => id === enforcing && mode !== "enforce");
  const failing = shown.find(({ id }) => id === trouble?.id);
  const under = tried ?? failing;
  const below = under && {
    key: under.id,
    content: (
      <>
        {tried && <Preview key={tried.id} policy={tried} busy={busy === tried.id} enforce={(together) => void set(tried, "enforce", together)} keep={close} />}
        {trouble?.id === under.id && <SwitchTrouble policy={under} words={trouble.words} wanted={trouble.wanted} met={trouble.met} />}
      </>
    ),
  };
  useKeys({ j: () => step(1), k: () => step(-1), Escape: close });
  // A link that opens one of many brings it into sight.
  const first = open ?? enforcing;
  useEffect(() => {
    if (first) rows.current?.reveal(first);
  }, [first]);

  return (
    <>
      <div className={css.head}>
        <h1 className="title">Policies <span className="quiet">{heading(list)}</span></h1>
      </div>
      {failed && <NoPolicies message={failed} />}
      <WordFilter hint="mode:detect namespace:shop has:would-drop" />
      <div className={`panel ${css.panel}`}>
        {shown.length === 0 ? <Empty none={list.length === 0} /> : (
          <Rows ref={rows} label="Policies" items={shown} keyOf={idOf} columns={css.columns!} head={<Head sort={sort} />}
            cells={cells} hover={policyHover} marks={marks} open={open} openRow={look} below={below} />
        )}
      </div>
      {selected && <PolicyDrawer policy={selected} close={close} step={step} />}
    </>
  );
}

const idOf = ({ id }: Policy): string => id;
const marks = ({ id }: Policy) => ({ "data-id": id });

/** Sorted when the question or the set changes; counters that move do not move rows. */
function useOrder(list: readonly Policy[], text: string, sort: Sort): Policy[] {
  const set = list.map(({ id }) => id).join(" ");
  const order = useMemo(() => shownOf(list, text, sort).map(({ id }) => id), [set, text, sort]);
  const known = new Map(list.map((policy) => [policy.id, policy]));
  return order.flatMap((id) => known.get(id) ?? []);
}

const COLUMNS: readonly [Sort, string, string, Look?][] = [
  ["name", "Name", ""],
  ["mode", "Mode", ""],
  ["namespace", "Namespace", ""],
  ["kind", "Kind", ""],
  ["file", "From", ""],
  ["workloads", "Selects", "right"],
  ["forwarded", "Allowed", "right", "forwarded"],
  ["would_drop", "Would drop", "right", "would"],
  ["dropped", "Dropped", "right", "dropped"],
  ["last_hit", "Last hit", ""],
  ["changed", "Changed", ""],
];

function Head({ sort }: { sort: Sort }) {
  return COLUMNS.map(([key, words, side, look]) => {
    const falls = side !== "" || key === "last_hit" || key === "changed";
    return (
      <th key={key} role="columnheader" className={`${side} ${css[key] ?? ""}`}
        aria-sort={key === sort ? (falls ? "descending" : "ascending") : undefined}>
        <button type="button" onClick={() => choose({ sort: key === "would_drop" ? null : key }, "replace")}>
          {look && <Mark look={look} size={8} />}{words}{key === sort && (falls ? " ↓" : " ↑")}
        </button>
      </th>
    );
  });
}

function Empty({ none }: { none: boolean }) {
  return (
    <div className={css.empty}>
      <h2 className="heading">{none ? "No policy yet" : "No policy matches"}</h2>
      <p className="second">
        {none
          ? "Put a NetworkPolicy or a CiliumNetworkPolicy as YAML into the policy folder. It shows here at once, in detection: it drops nothing."
          : "Take a word out of the filter."}
      </p>
    </div>
  );
}

function NoPolicies({ message }: { message: string }) {
  return (
    <Banner loud action={<button type="button" className="button tight" onClick={() => void refreshPolicies()}>Try again</button>}>
      <b>The policies did not arrive.</b> {told(message)}
    </Banner>
  );
}

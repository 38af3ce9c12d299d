// Policies: each with its three-way switch, what its rules decided, and marks where one is refused
// or never hit. Enforce asks first, with what would be dropped.
import { Fragment, useMemo, useRef, useState } from "react";
import type { Mode, Policy } from "../wire/rest";
import { setModes, setPolicyMode } from "../wire/client";
import { address, choose, useAddress } from "../live/address";
import { useCell } from "../live/cell";
import { catchUp, lastOf, policies as policiesCell, refreshPolicies, wordsOf } from "../live/store";
import { Banner } from "../frame/banner";
import { TableBones } from "../frame/bones";
import { useKeys } from "../frame/keys";
import { PolicyDrawer } from "./drawer";
import { Filter } from "./filter";
import { heading, type Sort, shownOf, SORTS } from "./order";
import { Preview } from "./preview";
import { PolicyRow } from "./row";
import { SwitchTrouble } from "./trouble";
import { told } from "../words/sentence";
import css from "./policies.module.css";

/** What a switch came to, next to the switch that was used. */
type Trouble = { id: string; words: string; wanted: Mode } | null;

export function Policies() {
  const asked = useCell(policiesCell);
  const list = lastOf(asked);
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
  const [trouble, setTrouble] = useState<Trouble>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const sort = (SORTS.find((known) => known === params.get("sort")) ?? "would_drop") as Sort;
  const shown = useOrder(list, params.get("q") ?? "", sort);
  const open = params.get("open");
  const enforcing = params.get("enforce");
  const selected = list.find(({ id }) => id === open) ?? null;

  const set = async (policy: Policy, mode: Mode, together: readonly string[] = []) => {
    setBusy(policy.id);
    setTrouble(null);
    try {
      if (together.length === 0) await setPolicyMode(policy.id, mode);
      else await setModes(Object.fromEntries([policy.id, ...together].map((id) => [id, mode])));
      const asked = address.read().params.get("enforce") === policy.id;
      choose({ enforce: null }, "replace");
      if (asked) focusRow(policy.id);
      await catchUp();
    } catch (problem) {
      setTrouble({ id: policy.id, words: wordsOf(problem), wanted: mode });
    } finally {
      setBusy(null);
    }
  };
  const ask = (policy: Policy, mode: Mode) => {
    setTrouble(null);
    if (mode === "enforce") choose({ enforce: policy.id, open: null }, "push");
    else void set(policy, mode);
  };
  const focusRow = (id: string) => body.current?.querySelector<HTMLElement>(`tr[data-id="${CSS.escape(id)}"]`)?.focus();
  const close = () => {
    choose({ open: null, enforce: null }, "push");
    const back = open ?? enforcing;
    if (back) focusRow(back);
  };
  const step = (by: number) => {
    const focused = document.activeElement?.closest<HTMLElement>("tr[data-id]")?.dataset.id;
    const from = shown.findIndex(({ id }) => id === (open ?? focused));
    const next = shown[Math.min(Math.max(from + by, 0), shown.length - 1)];
    if (!next) return;
    if (open) choose({ open: next.id }, "replace");
    focusRow(next.id);
  };
  useKeys({ j: () => step(1), k: () => step(-1), Escape: close });

  return (
    <>
      <div className={css.head}>
        <h1 className="title">Policies <span className="quiet">{heading(list)}</span></h1>
      </div>
      {failed && <NoPolicies message={failed} />}
      <Filter />
      <div className={`panel ${css.panel}`}>
        {shown.length === 0 ? <Empty none={list.length === 0} /> : (
          <table className={`grid ${css.table}`}>
            <Head sort={sort} />
            <tbody ref={body}>
              {shown.map((policy) => (
                <Fragment key={policy.id}>
                  <PolicyRow policy={policy} open={policy.id === open} asked={policy.id === enforcing && policy.mode !== "enforce"}
                    busy={busy === policy.id} ask={(mode) => ask(policy, mode)}
                    look={() => choose({ open: policy.id, enforce: null }, "push")} />
                  {policy.id === enforcing && policy.mode !== "enforce" && (
                    <Preview policy={policy} busy={busy === policy.id} enforce={(together) => void set(policy, "enforce", together)} keep={close} />
                  )}
                  {trouble?.id === policy.id && <SwitchTrouble policy={policy} words={trouble.words} wanted={trouble.wanted} />}
                </Fragment>
              ))}
            </tbody>
          </table>
        )}
      </div>
      {selected && <PolicyDrawer policy={selected} close={close} step={step} />}
    </>
  );
}

/** Sorted when the question or the set changes; counters that move do not move rows. */
function useOrder(list: readonly Policy[], text: string, sort: Sort): Policy[] {
  const set = list.map(({ id }) => id).join(" ");
  const order = useMemo(() => shownOf(list, text, sort).map(({ id }) => id), [set, text, sort]);
  const known = new Map(list.map((policy) => [policy.id, policy]));
  return order.flatMap((id) => known.get(id) ?? []);
}

const COLUMNS: readonly [Sort, string, string][] = [
  ["name", "Name", ""],
  ["mode", "Mode", ""],
  ["namespace", "Namespace", ""],
  ["kind", "Kind", ""],
  ["workloads", "Selects", "right"],
  ["forwarded", "Allowed", "right"],
  ["would_drop", "Would drop", "right"],
  ["dropped", "Dropped", "right"],
  ["last_hit", "Last hit", ""],
  ["file", "From", ""],
];

function Head({ sort }: { sort: Sort }) {
  return (
    <thead>
      <tr>
        {COLUMNS.map(([key, words, side]) => (
          <th key={key} scope="col" className={`${side} ${css[key] ?? ""}`} data-sorted={key === sort || undefined}
            aria-sort={key === sort ? (side ? "descending" : "ascending") : undefined}>
            <button type="button" onClick={() => choose({ sort: key === "would_drop" ? null : key }, "replace")}>
              {words}{key === sort && (side || key === "last_hit" ? " ↓" : " ↑")}
            </button>
          </th>
        ))}
      </tr>
    </thead>
  );
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

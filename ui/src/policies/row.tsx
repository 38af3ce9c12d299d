// One policy in the list: the cells of its row, and the mark where it is refused, never hit, or
// where others always decide before it.
import type { Mode, Policy } from "../wire/rest";
import { hrefOfPolicy } from "../live/address";
import { serverNow } from "../live/span";
import { Link } from "../frame/link";
import { CountCell } from "../verdict/count";
import { exact } from "../words/number";
import { sentence } from "../words/sentence";
import { ago, utc, when } from "../words/time";
import { isInForce, isRefused, kindWord } from "../words/verdict";
import { modeTold, ModeSwitch } from "./switch";
import css from "./policies.module.css";

export interface Use {
  /** The policy whose Enforce waits for its confirmation. */
  asked: string | null;
  busy: string | null;
  ask: (policy: Policy, mode: Mode) => void;
  look: (policy: Policy) => void;
}

/** The same elements in every row, but for what few rows have. */
export function policyCells(policy: Policy, { asked, busy, ask, look }: Use) {
  const { id, name, namespace, kind, workloads, packets, last_hit, changed, writable, mode } = policy;
  return (
    <>
      <td role="gridcell" className={css.nameCell}>
        <Link className={css.name} href={hrefOfPolicy(id)}>{name}</Link>
        <Flag policy={policy} />
        {!writable && <button type="button" className={`plain small ${css.lineToAdd}`} onClick={() => look(policy)}>line to add</button>}
      </td>
      <td role="gridcell">
        <ModeSwitch policy={policy} asked={asked === id && mode !== "enforce"} busy={busy === id} choose={(wanted) => ask(policy, wanted)} />
      </td>
      <td role="gridcell" className={namespace ? "" : "third"}>{namespace ?? "all"}</td>
      <td role="gridcell" className={css.kind}>{kindWord(kind)}</td>
      <td role="gridcell" className={css.file}>{fileWord(policy)}</td>
      <td role="gridcell" className={`right ${workloads.length === 0 ? "third" : ""}`}>{workloads.length}</td>
      <CountCell count={packets.forwarded} look="forwarded" />
      <CountCell count={packets.would_drop} look="would" />
      <CountCell count={packets.dropped} look="dropped" />
      <td role="gridcell" className={last_hit === undefined ? "third" : ""}>{last_hit === undefined ? "never" : when(last_hit, serverNow())}</td>
      <td role="gridcell" className={css.changed}>{changed?.who}<span className="third">{changed ? ` ${ago(changed.time, serverNow())}` : "–"}</span></td>
    </>
  );
}

const fileWord = ({ file }: Policy) => file.split("/").at(-1)?.replace(/\.ya?ml$/, "");

/** What each column says when it is pointed at. */
export function policyHover({ name, namespace, kind, file, workloads, packets, last_hit, changed, ...policy }: Policy, column: number): string | undefined {
  const words = [
    name, modeTold({ file, namespace, ...policy }), namespace ?? "every namespace", kind, file, workloads.join(", "), exact(packets.forwarded), exact(packets.would_drop),
    exact(packets.dropped), last_hit === undefined ? undefined : utc(last_hit),
    changed ? `${changed.who}, revision ${changed.revision}, ${utc(changed.time)}` : "Nothing since the log of changes began",
  ];
  return words[column];
}

export interface FlagWords {
  word: string;
  why: string;
  bad: boolean;
}

/** What is worth a mark, and why; `null` where all is well. */
export function flagOf(policy: Policy): FlagWords | null {
  const [finding] = policy.diagnostics;
  if (isRefused(policy)) {
    return { word: isInForce(policy) ? "new text refused" : "refused", why: finding ? sentence(finding.message) : "", bad: true };
  }
  if (finding) return { word: finding.severity, why: sentence(finding.message), bad: false };
  if (policy.mode === "off") return null;
  if (policy.workloads.length === 0) {
    return { word: "selects nothing", why: "Its selector matches no workload that is here.", bad: false };
  }
  if (policy.shadowed) return { word: "shadowed", why: sentence(policy.shadowed.why), bad: false };
  if (policy.last_hit === undefined) {
    return { word: "never hit", why: "No packet has met one of its rules since the counters began.", bad: false };
  }
  return null;
}

function Flag({ policy }: { policy: Policy }) {
  const flag = flagOf(policy);
  if (!flag) return null;
  return <span className={css.flag} data-bad={flag.bad || undefined} title={flag.why}>{flag.word}</span>;
}

// One policy in the list: the cells of its row, and the mark where it is refused, never hit, or
// where others always decide before it.
import type { Mode, Policy } from "../wire/rest";
import { hrefOfPolicy } from "../live/address";
import { serverNow } from "../live/span";
import { Link } from "../frame/link";
import { Mark } from "../verdict/mark";
import { exact, short } from "../words/number";
import { sentence } from "../words/sentence";
import { ago, utc, when } from "../words/time";
import { isInForce, isRefused, kindWord, type Look } from "../words/verdict";
import { ModeSwitch } from "./switch";
import css from "./policies.module.css";

export interface Use {
  /** The policy whose Enforce waits for its confirmation. */
  asked: string | null;
  busy: string | null;
  ask: (policy: Policy, mode: Mode) => void;
  look: (policy: Policy) => void;
}

export function policyCells(policy: Policy, { asked, busy, ask, look }: Use) {
  const { id, packets, last_hit, changed } = policy;
  return (
    <>
      <td role="gridcell" className={css.nameCell}>
        <Link className={css.name} href={hrefOfPolicy(id)} title={policy.name}>{policy.name}</Link>
        <Flag policy={policy} />
        {!policy.writable && <button type="button" className={`plain small ${css.lineToAdd}`} onClick={() => look(policy)}>line to add</button>}
      </td>
      <td role="gridcell">
        <ModeSwitch policy={policy} asked={asked === id && policy.mode !== "enforce"} busy={busy === id} choose={(mode) => ask(policy, mode)} />
      </td>
      <td role="gridcell" title={policy.namespace}>{policy.namespace ?? <span className="third">all</span>}</td>
      <td role="gridcell" className={css.kind} title={policy.kind}>{kindWord(policy.kind)}</td>
      <td role="gridcell" className={css.file} title={policy.file}>{policy.file.split("/").at(-1)?.replace(/\.ya?ml$/, "")}</td>
      <td role="gridcell" className={`right ${policy.workloads.length === 0 ? "third" : ""}`} title={policy.workloads.join(", ")}>{policy.workloads.length}</td>
      <Count count={packets.forwarded} look="forwarded" />
      <Count count={packets.would_drop} look="would" />
      <Count count={packets.dropped} look="dropped" />
      <td role="gridcell" className={last_hit === undefined ? "third" : ""} title={last_hit === undefined ? undefined : utc(last_hit)}>
        {last_hit === undefined ? "never" : when(last_hit, serverNow())}
      </td>
      <td role="gridcell" className={css.changed} title={changed && `${changed.who}, revision ${changed.revision}, ${utc(changed.time)}`}>
        {changed ? <>{changed.who} <span className="third">{ago(changed.time, serverNow())}</span></> : <span className="third" title="Nothing since the log of changes began">–</span>}
      </td>
    </>
  );
}

function Count({ count, look }: { count: number; look: Look }) {
  return (
    <td role="gridcell" className={`right ${count === 0 ? "third" : css[look]}`} title={exact(count)}>
      {count > 0 && look !== "forwarded" && <Mark look={look} size={8} />}
      {short(count)}
    </td>
  );
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

// One policy in the list. The row opens the drawer; the switch in it does not.
import type { Mode, Policy } from "../wire/rest";
import { serverNow } from "../live/span";
import { Mark } from "../verdict/mark";
import { exact, short } from "../words/number";
import { utc, when } from "../words/time";
import { isInForce, isRefused, kindWord, type Look } from "../words/verdict";
import { ModeSwitch } from "./switch";
import css from "./policies.module.css";

interface Props {
  policy: Policy;
  open: boolean;
  asked: boolean;
  busy: boolean;
  ask: (mode: Mode) => void;
  look: () => void;
}

export function PolicyRow({ policy, open, asked, busy, ask, look }: Props) {
  const { packets, last_hit } = policy;
  return (
    <tr className={css.row} data-id={policy.id} data-open={open || undefined} tabIndex={-1}
      onClick={(event) => { if (!(event.target as Element).closest("fieldset, a, button")) look(); }}
      onKeyDown={(event) => { if (event.key === "Enter" && event.target === event.currentTarget) look(); }}>
      <td className={css.nameCell}>
        <button type="button" className={css.name} onClick={look} aria-expanded={open}>{policy.name}</button>
        <Flag policy={policy} />
        {!policy.writable && <button type="button" className={`plain small ${css.lineToAdd}`} onClick={look}>line to add</button>}
      </td>
      <td><ModeSwitch policy={policy} asked={asked} busy={busy} choose={ask} /></td>
      <td>{policy.namespace ?? "all"}</td>
      <td className={css.kind} title={policy.kind}>{kindWord(policy.kind)}</td>
      <td className="right" title={policy.workloads.join(", ")}>{policy.workloads.length}</td>
      <Count count={packets.forwarded} look="forwarded" />
      <Count count={packets.would_drop} look="would" />
      <Count count={packets.dropped} look="dropped" />
      <td title={last_hit === undefined ? undefined : utc(last_hit)}>{last_hit === undefined ? "never" : when(last_hit, serverNow())}</td>
      <td className={css.file} title={policy.file}>
        {policy.file.split("/").at(-1)}
      </td>
    </tr>
  );
}

function Count({ count, look }: { count: number; look: Look }) {
  return (
    <td className={`right ${count === 0 ? "third" : css[look]}`} title={exact(count)}>
      {count > 0 && look !== "forwarded" && <Mark look={look} size={8} />}
      {short(count)}
    </td>
  );
}

function Flag({ policy }: { policy: Policy }) {
  const [finding] = policy.diagnostics;
  if (isRefused(policy)) {
    return <span className={css.flag} data-bad title={finding?.message}>{isInForce(policy) ? "new text refused" : "refused"}</span>;
  }
  if (finding) return <span className={css.flag} title={finding.message}>{finding.severity}</span>;
  if (policy.workloads.length === 0) return <span className={css.flag} title="Its selector matches no workload that is here">selects nothing</span>;
  if (policy.last_hit === undefined && policy.mode !== "off") {
    return <span className={css.flag} title="No packet has met one of its rules since the start">never hit</span>;
  }
  return null;
}

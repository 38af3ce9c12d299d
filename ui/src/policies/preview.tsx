// Before Enforce: what this policy would have dropped in the chosen window, with examples. The
// button carries the count; the switch stays where it is.
import { useEffect, useRef } from "react";
import type { Pair, Policy } from "../wire/rest";
import { href } from "../live/address";
import { phraseOf } from "../live/span";
import { useStats } from "../live/stats";
import { lastOf } from "../live/store";
import { Link } from "../frame/link";
import { Arrow, Named } from "../verdict/end";
import { Mark } from "../verdict/mark";
import { counted, exact } from "../words/number";
import { utc, when } from "../words/time";
import { policyOf, portTerm, portWords } from "../words/verdict";
import css from "./policies.module.css";

const EXAMPLES = 5;

interface Props {
  policy: Policy;
  busy: boolean;
  enforce: () => void;
  keep: () => void;
}

export function Preview({ policy, busy, enforce, keep }: Props) {
  const { asked, span } = useStats();
  const shown = lastOf(asked);
  const place = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    void place.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const pairs = shown ? pairsOf(policy, shown.stats.pairs) : null;
  const count = pairs?.reduce((sum, pair) => sum + pair.count, 0) ?? null;
  const where = policy.namespace ?? "all namespaces";
  return (
    <tr ref={place} className={css.previewRow}>
      <td colSpan={10}>
        <section className={css.preview} aria-label={`Enforce ${policy.name}`}>
          <div>
            <h2 className={css.say}>
              <Mark look="would" size={14} />
              {count === null ? "What would be dropped is not known" : headline(count, phraseOf(span))}
            </h2>
            <p className="second">{basis(policy, pairs)}</p>
            {pairs && pairs.length > 0 && <Examples pairs={pairs} until={shown!.until} policy={policy} />}
          </div>
          <div className={css.answers}>
            <button type="button" className="button primary" disabled={busy} onClick={enforce}>
              Enforce in {where}{count === null ? "" : `: ${exact(count)} would be dropped`}
            </button>
            <button type="button" className="button" onClick={keep} autoFocus>
              {policy.mode === "detect" ? "Keep detecting" : "Leave it off"}
            </button>
            <p className="label">
              Connections that are open are judged again on their next packet. Detect brings all back at once.
            </p>
          </div>
        </section>
      </td>
    </tr>
  );
}

/** Pairs that this policy decides: by one of its rules, or because it isolates. */
function pairsOf(policy: Policy, pairs: readonly Pair[]): Pair[] {
  return pairs
    .filter((pair) => pair.verdict === "would_drop" && pair.policy !== undefined && policyOf(pair.policy) === policy.id)
    .sort((one, other) => other.count - one.count);
}

function headline(count: number, phrase: string): string {
  if (count === 0) return `Nothing seen in ${phrase} would be dropped`;
  return `${counted(count, "connection")} seen in ${phrase} would be dropped`;
}

function basis(policy: Policy, pairs: readonly Pair[] | null): string {
  if (policy.mode === "off") return "It is off, so nothing was recorded for it: let it detect first to see what it would drop.";
  if (pairs === null) return "The statistics have not arrived.";
  const many = policy.workloads.length;
  const workloads = many === 1 ? policy.workloads[0] : `the ${counted(many, "workload")} that it selects`;
  return `Of what was recorded at ${workloads}; the rest of ${many === 1 ? "its" : "their"} traffic goes on.`;
}

interface ExamplesProps {
  pairs: readonly Pair[];
  until: number;
  policy: Policy;
}

function Examples({ pairs, until, policy }: ExamplesProps) {
  const rest = pairs.length - EXAMPLES;
  return (
    <table className={css.examples}>
      <thead>
        <tr><th scope="col">Last seen</th><th scope="col">Connection</th><th scope="col" className="right">Times</th><th /></tr>
      </thead>
      <tbody>
        {pairs.slice(0, EXAMPLES).map((pair) => (
          <tr key={`${pair.source} ${pair.destination} ${pair.port}`}>
            <td title={utc(pair.last)}>{when(pair.last, until)}</td>
            <td><Named name={pair.source} /><Arrow /><Named name={pair.destination} /> {portWords(pair.port)}</td>
            <td className="right">{exact(pair.count)}</td>
            <td className="right"><Link href={flowsOf(pair)}>Flows</Link></td>
          </tr>
        ))}
        {rest > 0 && (
          <tr><td colSpan={4}><Link href={href("/flows", { q: `verdict:would-drop policy:${policy.name}` })}>{counted(rest, "more pair")}</Link></td></tr>
        )}
      </tbody>
    </table>
  );
}

function flowsOf({ source, destination, port }: Pair): string {
  return href("/flows", { q: `verdict:would-drop from:${source} to:${destination} ${portTerm(port)}` });
}

// Needs you: the pairs that would be dropped most, and what is in trouble.
import type { Pair, Status } from "../wire/rest";
import { href } from "../live/address";
import { phraseOf, type Span } from "../live/span";
import { Link } from "../frame/link";
import { ProblemWords } from "../frame/banner";
import { Mark } from "../verdict/mark";
import { Arrow, Named } from "../verdict/end";
import { exact, short } from "../words/number";
import { duration, utc, when } from "../words/time";
import { lookOf, nameOf, policyOf, portTerm, portWords } from "../words/verdict";
import css from "./overview.module.css";

const SHOWN = 6;

interface Props {
  pairs: readonly Pair[];
  span: Span;
  status: Status | null;
  until: number;
}

export function NeedsYou({ pairs, span, status, until }: Props) {
  const sorted = [...pairs].sort((one, other) => rank(one) - rank(other) || other.count - one.count);
  const rest = sorted.length - SHOWN;
  return (
    <section className={`panel ${css.needs}`} aria-label="Needs you">
      <div className={css.needsHead}>
        <h2 className="heading">Needs you</h2>
        <span className="label">connections, {phraseOf(span)}</span>
      </div>
      {sorted.length === 0 && <Calm />}
      <ul>
        {sorted.slice(0, SHOWN).map((pair) => (
          <Need key={`${pair.source} ${pair.destination} ${pair.port} ${pair.verdict}`} pair={pair} until={until} />
        ))}
      </ul>
      {rest > 0 && (
        <p className={css.tail}><Link href={href("/flows", { q: "-verdict:forwarded" })}>{rest} more</Link></p>
      )}
      <Trouble status={status} />
    </section>
  );
}

/** What would drop asks for a decision; what is dropped has had one. */
const rank = ({ verdict }: Pair): number => (verdict === "would_drop" ? 0 : 1);

function Calm() {
  return (
    <p className={`${css.tail} second`}>
      Nothing would be dropped. If this stays so over a whole working day, the policies in detection
      can <Link href={href("/policies")}>be enforced</Link>.
    </p>
  );
}

function Need({ pair, until }: { pair: Pair; until: number }) {
  const { source, destination, port, policy, first, last, count, verdict } = pair;
  const lasting = last - first < 2_000 ? "Seen" : `For ${duration(last - first)}, last`;
  const q = `verdict:${verdict.replace("_", "-")} from:${source} to:${destination} ${portTerm(port)}`;
  return (
    <li className={css.need}>
      <div className={css.pair}>
        <Mark look={lookOf(verdict)} />
        <span>
          <Named name={source} /><Arrow />
          <span className={css.together}><Named name={destination} /> {portWords(port)}</span>
        </span>
        <span className={css.times} title={`${exact(count)} times`}>{short(count)}</span>
      </div>
      <p title={`${utc(first)} to ${utc(last)}`}>
        {lasting} {when(last, until)}.
        {policy && <> {verdict === "would_drop" ? "Would be stopped by " : "Stopped by "}<Link href={href("/policies", { open: policyOf(policy) })}>{nameOf(policy)}</Link>.</>}
      </p>
      <div className={css.act}>
        <Link className="button tight" href={href("/flows", { q })}>See the flows</Link>
        {policy && verdict === "would_drop" && (
          <Link className="button tight" href={href("/policies", { enforce: policyOf(policy) })}>It should be dropped</Link>
        )}
      </div>
    </li>
  );
}

function Trouble({ status }: { status: Status | null }) {
  const problems = status?.problems ?? [];
  if (problems.length === 0) return null;
  return (
    <div className={css.tail}>
      <h3 className="medium">In trouble</h3>
      {problems.map((problem) => (
        <p key={problem.code + (problem.subject ?? "")} className="second"><ProblemWords problem={problem} /></p>
      ))}
    </div>
  );
}

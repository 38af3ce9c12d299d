// Needs you: who would be dropped most, and what is in trouble.
import type { Pair, Status } from "../wire/rest";
import { href, hrefOfPolicy } from "../live/address";
import { useHeld } from "../live/held";
import { keyOf, type Met, met } from "../live/pairs";
import { phraseOf, type Span } from "../live/span";
import { Link } from "../frame/link";
import { ProblemWords } from "../frame/banner";
import { Mark } from "../verdict/mark";
import { Arrow, Named } from "../verdict/end";
import { exact, short } from "../words/number";
import { duration, utc, when } from "../words/time";
import { lookOf, nameOf, policyOf, portTerm, portWords } from "../words/verdict";
import { Newcomers } from "./newcomers";
import css from "./overview.module.css";

const SHOWN = 6;
const PORTS_NAMED = 2;

interface Props {
  pairs: readonly Pair[];
  span: Span;
  status: Status | null;
  until: number;
}

export function NeedsYou({ pairs, span, status, until }: Props) {
  const sorted = met(pairs).sort((one, other) => rank(one) - rank(other));
  const { items, hold } = useHeld(sorted, keyOf);
  const rest = items.length - SHOWN;
  return (
    <section className={`panel ${css.needs}`} aria-label="Needs you" {...hold}>
      <div className={css.needsHead}>
        <h2 className="heading">Needs you</h2>
        <span className="label">times, {phraseOf(span)}</span>
      </div>
      {items.length === 0 && <Calm />}
      <ul>
        {items.slice(0, SHOWN).map((item) => <Need key={keyOf(item)} item={item} until={until} />)}
      </ul>
      {rest > 0 && (
        <p className={css.tail}><Link href={href("/flows", { q: "-verdict:forwarded" })}>{rest} more</Link></p>
      )}
      <Newcomers />
      <Trouble status={status} />
    </section>
  );
}

/** What would drop asks for a decision; what is dropped has had one. */
const rank = ({ verdict }: Met): number => (verdict === "would_drop" ? 0 : 1);

function Calm() {
  return (
    <p className={`${css.tail} second`}>
      Nothing would be dropped. If this stays so over a whole working day, the policies in detection
      can <Link href={href("/policies")}>be enforced</Link>.
    </p>
  );
}

function Need({ item, until }: { item: Met; until: number }) {
  const { source, destination, ports, policies, first, last, count, verdict } = item;
  const lasting = last - first < 2_000 ? "Seen" : `For ${duration(last - first)}, last`;
  const narrowed = ports.length === 1 ? ` ${portTerm(ports[0]!)}` : "";
  const q = `verdict:${verdict.replace("_", "-")} from:${source} to:${destination}${narrowed}`;
  const policy = policies[0];
  return (
    <li className={css.need}>
      <div className={css.pair}>
        <Mark look={lookOf(verdict)} />
        <span>
          <Named name={source} /><Arrow />
          <span className={css.together}><Named name={destination} /> <Ports ports={ports} /></span>
        </span>
        <span className={css.times} title={`${exact(count)} times`}>{short(count)}</span>
      </div>
      <p title={`${utc(first)} to ${utc(last)}`}>
        {lasting} {when(last, until)}.
        {policy && <> {verdict === "would_drop" ? "Would be stopped by " : "Stopped by "}<Deciders policies={policies} />.</>}
      </p>
      <div className={css.act}>
        <Link className="button tight" href={href("/flows", { q })}>Flows<span className="unseen"> of {source} to {destination}</span></Link>
        <Link className="button tight" href={href("/flows", { q, allow: "1" })}>Allow this</Link>
        {policy && verdict === "would_drop" && (
          <Link className="button tight" href={href("/policies", { enforce: policyOf(policy) })}>It should be dropped</Link>
        )}
      </div>
    </li>
  );
}

function Ports({ ports }: { ports: readonly string[] }) {
  const words = ports.map(portWords).join(", ");
  return <span title={words}>{ports.length <= PORTS_NAMED ? words : `${ports.length} ports`}</span>;
}

function Deciders({ policies }: { policies: readonly string[] }) {
  const [first, ...more] = policies;
  if (!first) return null;
  return (
    <>
      <Link href={hrefOfPolicy(policyOf(first))}>{nameOf(first)}</Link>
      {more.length > 0 && <span title={more.map(nameOf).join(", ")}> and {more.length} more</span>}
    </>
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

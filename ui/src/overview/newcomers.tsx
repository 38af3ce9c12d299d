// New since yesterday: who talks to whom for the first time. What was never seen is worth a look,
// whatever became of it.
import { useMemo } from "react";
import type { NewPairs } from "../wire/rest";
import { readNewPairs } from "../wire/client";
import { href } from "../live/address";
import { useAnswer } from "../live/answer";
import { keyOf, type Met, met } from "../live/pairs";
import { pairsIn, useScope } from "../live/scope";
import { serverNow } from "../live/span";
import { lastOf } from "../live/store";
import { Link } from "../frame/link";
import { Mark } from "../verdict/mark";
import { Arrow, Named } from "../verdict/end";
import { counted } from "../words/number";
import { told } from "../words/sentence";
import { utc, when } from "../words/time";
import { lookOf, portTerm, portWords, verdictWords } from "../words/verdict";
import css from "./overview.module.css";

const DAY_MS = 24 * 3_600_000;
const RENEW_MS = 10 * 60_000;
const SHOWN = 3;
const PORTS_NAMED = 2;

export function Newcomers() {
  const scope = useScope();
  const { asked, again } = useAnswer<NewPairs>({
    key: "new since yesterday", renewMs: RENEW_MS,
    ask: () => {
      const until = Math.round(serverNow());
      return readNewPairs(until - DAY_MS, until);
    },
  });
  const found = lastOf(asked);
  const pairs = useMemo(() => met(pairsIn(found?.pairs ?? [], scope)), [found, scope]);
  if (!found) {
    return asked.phase === "failed" ? <div className={css.tail}><h3 className="medium">New since yesterday</h3><p className="second">It did not arrive. {told(asked.message)} <button type="button" className="plain" onClick={again}>Ask again</button></p></div> : null;
  }
  const rest = pairs.length - SHOWN + found.left_out;
  return (
    <section className={css.tail} aria-label="New since yesterday">
      <h3 className="medium">New since yesterday</h3>
      {pairs.length === 0 && <p className="second">{emptyWords(found)}</p>}
      <ul className={css.newcomers}>
        {pairs.slice(0, SHOWN).map((pair) => <Newcomer key={keyOf(pair)} pair={pair} until={found.until} />)}
      </ul>
      {rest > 0 && <p className="second">{counted(rest, "pair")} more.</p>}
    </section>
  );
}

function Newcomer({ pair, until }: { pair: Met; until: number }) {
  const { source, destination, ports, verdict, count, first } = pair;
  const words = ports.map(portWords).join(", ");
  const narrowed = ports.length === 1 ? ` ${portTerm(ports[0]!)}` : "";
  return (
    <li>
      <Mark look={lookOf(verdict)} size={8} />
      <p>
        <Named name={source} /><Arrow /><Named name={destination} /> <span title={words}>{ports.length <= PORTS_NAMED ? words : `${ports.length} ports`}</span>
        <span className="second" title={`First seen ${utc(first)}`}>: {verdictWords(verdict)} {counted(count, "time")}, first {when(first, until)}. </span>
        <Link href={href("/flows", { q: `from:${source} to:${destination}${narrowed}`, window: "24h" })}>Look<span className="unseen"> at {source} to {destination}</span></Link>
      </p>
    </li>
  );
}

function emptyWords({ known_from, since }: NewPairs): string {
  if (known_from === undefined || known_from >= since) return "What is new is known once Podwall has watched for a day.";
  return "Nobody talks to anybody for the first time.";
}

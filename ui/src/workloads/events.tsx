// How often, by verdict: each with its mark, those that did not happen left out.
import type { VerdictCounts } from "../wire/rest";
import { Mark } from "../verdict/mark";
import { exact, short } from "../words/number";
import type { Look } from "../words/verdict";
import css from "./events.module.css";

const LOOKS: readonly [keyof VerdictCounts, Look, string][] = [
  ["dropped", "dropped", "dropped"],
  ["would_drop", "would", "would drop"],
  ["forwarded", "forwarded", "forwarded"],
];

export function Events({ counts }: { counts: VerdictCounts }) {
  const there = LOOKS.filter(([key]) => counts[key] > 0);
  if (there.length === 0) return <span className="third">none</span>;
  return (
    <span className={css.events}>
      {there.map(([key, look, words]) => (
        <span key={key} className={css[look]} title={`${exact(counts[key])} ${words}`}>
          <Mark look={look} size={8} /><span className="unseen">{words} </span>{short(counts[key])}
        </span>
      ))}
    </span>
  );
}

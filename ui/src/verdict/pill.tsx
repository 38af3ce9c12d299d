// A verdict as a pill: forwarded bare, would drop outlined, dropped solid, so that the eye goes
// where it should. One element: tables have thousands of them.
import type { Verdict } from "../wire/rest";
import { lookOf, verdictWords } from "../words/verdict";
import css from "./verdict.module.css";

export function Pill({ verdict }: { verdict: Verdict }) {
  const look = lookOf(verdict);
  return (
    <span className={`${css.pill} ${css[`${look}Pill`]}`}>{verdictWords(verdict)}</span>
  );
}

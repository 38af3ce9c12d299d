// How one direction of a workload is held: a solid cell, a hatched one or an empty one, with its
// word. The same shapes as the overview's coverage.
import type { Hold } from "../wire/rest";
import { holdWord } from "../words/hold";
import css from "./verdict.module.css";

export function HeldMark({ hold }: { hold: Hold }) {
  return <span className={css.held}><i className={`${css.cell} ${css[hold]} ${hold === "detected" ? "hatch" : ""}`} aria-hidden="true" />{holdWord(hold)}</span>;
}

// A count in a row of a long table: with the mark of its verdict, quiet where it is none. One element.
import type { Look } from "../words/verdict";
import { short } from "../words/number";
import css from "./verdict.module.css";

const LOOKS: Record<Look, string> = { forwarded: "", would: css.wouldCell!, dropped: css.droppedCell! };

export function CountCell({ count, look }: { count: number; look: Look }) {
  return <td role="gridcell" className={`right ${count === 0 ? "third" : LOOKS[look]}`}>{short(count)}</td>;
}

// One cell a workload: solid enforced, hatched in detection, empty held by nothing; above 24 a bar
// of three shares. Words say the same to screen readers and on hover.
import type { Held } from "../wire/rest";
import css from "./overview.module.css";

const CELLS_AT_MOST = 24;

export function Cells({ held, word }: { held: Held; word: string }) {
  const words = `${held.enforced} enforced, ${held.detected} in detection, ${held.open} held by nothing ${word === "in" ? "inward" : "outward"}`;
  const total = held.enforced + held.detected + held.open;
  return (
    <span className={css.cells} title={words}>
      <span className="unseen">{words}</span>
      {total <= CELLS_AT_MOST ? <EachWorkload held={held} /> : <Shares held={held} />}
    </span>
  );
}

function EachWorkload({ held }: { held: Held }) {
  return (
    <>
      {repeat(held.enforced, css.cellOn!)}
      {repeat(held.detected, `${css.cellDetect} hatch`)}
      {repeat(held.open, "")}
    </>
  );
}

function Shares({ held }: { held: Held }) {
  const shares: [number, string][] = [
    [held.enforced, css.cellOn!],
    [held.detected, `${css.cellDetect} hatch`],
    [held.open, ""],
  ];
  return shares
    .filter(([count]) => count > 0)
    .map(([count, look]) => <i key={look} className={`${css.cell} ${css.share} ${look}`} style={{ flexGrow: count }} />);
}

function repeat(count: number, look: string) {
  return Array.from({ length: count }, (_, index) => <i key={look + index} className={`${css.cell} ${look}`} />);
}

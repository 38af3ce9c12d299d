// The chart with what stands round it: packets or bytes, two lanes or one scale, the numbers under
// the cursor in a fixed place, and the same as a table.
import { useState } from "react";
import type { Status } from "../wire/rest";
import { choose, useAddress } from "../live/address";
import { begun, lanesOf, type Gap, type Unit } from "../live/series";
import type { Span } from "../live/span";
import type { Shown } from "../live/stats";
import type { Marks } from "../live/use-marks";
import { bytes, exact, rate } from "../words/number";
import { clock } from "../words/time";
import { Chart, type Scale } from "./chart";
import { Choice } from "./choice";
import { SamplesTable } from "./samples-table";
import css from "./overview.module.css";

interface Props {
  shown: Shown;
  span: Span;
  status: Status | null;
  revisions: Marks;
}

export function ChartPanel({ shown, span, status, revisions }: Props) {
  const { params } = useAddress();
  const [pointed, setPointed] = useState<number | null>(null);
  const [table, setTable] = useState(false);
  const unit: Unit = params.get("unit") === "bytes" ? "bytes" : "packets";
  const scale: Scale = params.get("scale") === "one" ? "one" : "lanes";
  const lanes = lanesOf(begun(shown.stats.samples, shown.step), unit, shown.step);
  const zoom = (from: number, to: number) =>
    choose({ from: String(Math.round(from)), to: String(Math.round(to)) }, "push");

  return (
    <section className={`panel ${css.chart}`} aria-label="Chart">
      <div className={css.chartHead}>
        <h2 className="heading">{unit === "packets" ? "Packets a second" : "Bytes a second"}</h2>
        {span.kind === "fixed" && (
          <button type="button" className="plain small" onClick={() => choose({ from: null, to: null }, "push")}>
            Show it all
          </button>
        )}
        <span className={css.spring} />
        <Choice label="Unit" value={unit} options={{ packets: "Packets", bytes: "Bytes" }}
          choose={(next) => choose({ unit: next === "packets" ? null : next }, "replace")} />
        <Choice label="Scale" value={scale} options={{ lanes: "Two lanes", one: "One scale" }}
          choose={(next) => choose({ scale: next === "lanes" ? null : next }, "replace")} />
      </div>
      <Readout shown={shown} unit={unit} pointed={pointed} table={table} flip={() => setTable(!table)} />
      {table
        ? <SamplesTable samples={shown.stats.samples} unit={unit} />
        : <Chart lanes={lanes} unit={unit} scale={scale} since={firstShown(shown)} until={shown.until}
            marks={revisions.marks} point={setPointed} zoom={zoom} />}
      <GapWords gaps={lanes.gaps} unmarked={revisions.failed} lost={status?.nodes.reduce((sum, node) => sum + node.events_lost, 0) ?? 0} />
    </section>
  );
}

/** The window's start; or, while less is known than half of it, shortly before the first sample. */
function firstShown({ stats, since, until }: Shown): number {
  const first = stats.samples[0]?.start;
  if (first === undefined || first - since < (until - since) / 2) return since;
  return Math.max(since, first - Math.max((until - first) * 0.04, 2_000));
}

interface ReadoutProps {
  shown: Shown;
  unit: Unit;
  pointed: number | null;
  table: boolean;
  flip: () => void;
}

function Readout({ shown, unit, pointed, table, flip }: ReadoutProps) {
  const { samples } = shown.stats;
  const sample = pointed === null
    ? begun(samples, shown.step).at(-1)
    : samples.find(({ start, end }) => pointed >= start && pointed < end);
  const at = pointed ?? sample?.start;
  const each = (count: number) => {
    const perSecond = count / Math.max((sample!.end - sample!.start) / 1000, 0.001);
    return unit === "packets" ? rate(perSecond) : bytes(perSecond);
  };
  return (
    <div className={css.readout}>
      <span>{at === undefined ? "" : pointed === null ? "now" : clock(at)}</span>
      <span><i className={`${css.swatch} ${css.swatchForwarded}`} />forwarded <b>{sample ? each(sample[unit].forwarded) : "no data"}</b></span>
      <span><i className={`${css.swatch} ${css.swatchWould} hatch`} />would drop <b>{sample ? each(sample[unit].would_drop) : "no data"}</b></span>
      <span><i className={`${css.swatch} ${css.swatchDropped}`} />dropped <b>{sample ? each(sample[unit].dropped) : "no data"}</b></span>
      <button type="button" className={`plain ${css.asTable}`} aria-expanded={table} onClick={flip}>
        {table ? "As a chart" : "As a table"}
      </button>
    </div>
  );
}

function GapWords({ gaps, lost, unmarked }: { gaps: readonly Gap[]; lost: number; unmarked: boolean }) {
  if (gaps.length === 0 && lost === 0 && !unmarked) return null;
  return (
    <ul className={css.gaps}>
      {gaps.map(({ from, to }) => (
        <li key={from}>{clock(from)} to {clock(to)}: nothing is known of this time; it is not counted as zero.</li>
      ))}
      {lost > 0 && <li>{exact(lost)} flow records were lost since the start; the counters are whole.</li>}
      {unmarked && <li>The log of changes did not arrive: revisions are not marked.</li>}
    </ul>
  );
}

// What was and would be dropped over the chosen time, above the flows: where to look.
import { useStats } from "../live/stats";
import { begun } from "../live/series";
import { lastOf } from "../live/store";
import { rate } from "../words/number";
import { clockMinute } from "../words/time";
import { Hatch, useHatch } from "./hatch";
import { area, line, thinned } from "./steps";
import { useWidth } from "./width";
import css from "./spark.module.css";

const HEIGHT = 40;
/** Beside the drawing, left and right together. */
const PADDING = 32;

export function Strip() {
  const shown = lastOf(useStats().asked);
  const { place, width: whole } = useWidth();
  const width = Math.max(whole - PADDING, 0);
  const hatch = useHatch();

  const samples = shown ? begun(shown.stats.samples, shown.step) : [];
  const points = Math.max(Math.floor(width / 3), 1);
  const each = (pick: (packets: { would_drop: number; dropped: number }) => number) =>
    thinned(samples.map(({ packets, start, end }) => pick(packets) / Math.max((end - start) / 1000, 0.001)), points);
  const would = each(({ would_drop }) => would_drop);
  const all = each(({ would_drop, dropped }) => would_drop + dropped);
  const room = { width, height: HEIGHT, top: Math.max(...all, 1) };
  return (
    <div ref={place} className={css.strip}>
      <svg height={HEIGHT} viewBox={`0 0 ${Math.max(width, 1)} ${HEIGHT}`} aria-hidden="true">
        <Hatch id={hatch.id} />
        <path className={css.dropped} d={area(all, room)} />
        <path d={area(would, room)} fill={hatch.fill} />
        {would.some((each) => each > 0) && <path className={css.would} d={line(would, room)} />}
      </svg>
      <div className={css.words}>
        <span>{samples[0] ? clockMinute(samples[0].start) : ""}</span>
        <span>{Math.max(...all, 0) === 0 ? "nothing was or would be dropped" : `would drop and dropped, up to ${rate(Math.max(...all, 0))} packets a second`}</span>
        <span>{shown ? clockMinute(shown.until) : ""}</span>
      </div>
    </div>
  );
}

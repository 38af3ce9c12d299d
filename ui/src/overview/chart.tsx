// Packets over time by uPlot: forwarded above, would drop and dropped stacked below on a finer
// scale that says how much finer. One time axis, one cursor; a brush chooses a time.
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { useComputedColorScheme } from "@mantine/core";
import type { Lanes, Unit } from "../live/series";
import type { RevisionMark } from "../live/marks";
import { useWidth } from "../spark/width";
import { type Drawn, optionsOf, rangesOf } from "./lanes";
import { paletteOf } from "./palette";
import css from "./overview.module.css";

export type Scale = "lanes" | "one";

interface Props {
  lanes: Lanes;
  unit: Unit;
  scale: Scale;
  since: number;
  until: number;
  marks: readonly RevisionMark[];
  point: (time: number | null) => void;
  zoom: (from: number, to: number) => void;
}

const HEIGHT = 348;

export function Chart({ lanes, unit, scale, since, until, marks, point, zoom }: Props) {
  const { place, width } = useWidth();
  const plot = useRef<uPlot | null>(null);
  const drawn = useRef<Drawn>(null as unknown as Drawn);
  const scheme = useComputedColorScheme();
  const ranges = rangesOf(lanes, scale, drawn.current?.ranges ?? null);
  drawn.current = { lanes, unit, scale, since, until, marks, ranges };
  const handlers = useRef({ point, zoom });
  handlers.current = { point, zoom };

  // Built anew with the scheme and the scale: uPlot takes its colours and axes once.
  useEffect(() => {
    const element = place.current;
    if (!element || width === 0) return;
    const options = optionsOf({
      drawn: () => drawn.current, palette: paletteOf(element), width, height: HEIGHT,
      point: (time) => handlers.current.point(time),
      zoom: (from, to) => handlers.current.zoom(from, to),
    });
    const made = new uPlot(options, dataOf(drawn.current.lanes), element);
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [scheme, scale, unit, width]);

  useEffect(() => plot.current?.setData(dataOf(lanes)), [lanes]);

  const finer = ranges.finer;
  return (
    <figure className={css.plot}>
      <div ref={place} aria-hidden="true" className={css.canvas} />
      <figcaption className="unseen">
        Forwarded, would drop and dropped over time{scale === "lanes" && `, the last two drawn ${finer} times larger`}.
        The same numbers stand under As a table.
      </figcaption>
    </figure>
  );
}

function dataOf({ times, forwarded, stopped, would }: Lanes): uPlot.AlignedData {
  return [times, forwarded, stopped, would];
}

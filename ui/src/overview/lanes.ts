// How the chart is laid out for uPlot: two scales over one plot, each keeping to its lane, so that
// both share time, cursor and brush. Numbers in, options out.
import uPlot from "uplot";
import { type Lanes, roundAbove, type Unit } from "../live/series";
import type { RevisionMark } from "../live/marks";
import { bytes, rate } from "../words/number";
import { clock, clockMinute } from "../words/time";
import { drawBehind, drawOver } from "./drawing";
import { hatchOf, type Palette } from "./palette";
import type { Scale } from "./chart";

/** The tops of both axes, and how much finer the lower one is drawn. */
export interface Ranges {
  forwarded: number;
  stopped: number;
  finer: number;
}

export interface Drawn {
  lanes: Lanes;
  unit: Unit;
  scale: Scale;
  since: number;
  until: number;
  marks: readonly RevisionMark[];
  ranges: Ranges;
}

/** Shares of the plot's height, from the bottom: lower lane, space between, upper lane. */
export const LOWER = 0.5;
export const UPPER = 0.4;
/** An axis shrinks only when what it shows has become this small, so that it does not jump. */
const CALM = 0.45;

export function rangesOf(lanes: Lanes, scale: Scale, before: Ranges | null): Ranges {
  const forwarded = calm(highest(lanes.forwarded), before?.forwarded);
  const stopped = calm(highest(lanes.stopped), before?.stopped);
  if (scale === "one") {
    const top = Math.max(forwarded, stopped);
    return { forwarded: top, stopped: top, finer: 1 };
  }
  const finer = (forwarded / UPPER) / (stopped / LOWER);
  return { forwarded, stopped, finer: finer >= 10 ? Math.round(finer) : Math.round(finer * 10) / 10 };
}

function calm(value: number, before: number | undefined): number {
  if (before !== undefined && value <= before && value >= before * CALM) return before;
  return roundAbove(value * 1.02);
}

function highest(lane: readonly (number | null)[]): number {
  return lane.reduce<number>((top, value) => Math.max(top, value ?? 0), 0);
}

export interface Plotting {
  drawn: () => Drawn;
  palette: Palette;
  width: number;
  height: number;
  point: (time: number | null) => void;
  zoom: (from: number, to: number) => void;
}

export function optionsOf(plotting: Plotting): uPlot.Options {
  const { drawn, palette, width, height } = plotting;
  return {
    width,
    height,
    padding: [42, 26, 0, 0],
    legend: { show: false },
    cursor: cursorOf(),
    select: { show: true, left: 0, top: 0, width: 0, height: 0 },
    scales: {
      x: { time: true, range: () => [drawn().since / 1000, drawn().until / 1000] },
      forwarded: { range: () => upperRange(drawn()) },
      stopped: { range: () => lowerRange(drawn()) },
    },
    axes: axesOf(plotting),
    series: seriesOf(palette, drawn().scale),
    hooks: {
      drawClear: [(plot) => drawBehind(plot, drawn(), palette)],
      draw: [(plot) => drawOver(plot, drawn(), palette)],
      setCursor: [(plot) => plotting.point(timeUnder(plot))],
      setSelect: [(plot) => brushed(plot, plotting)],
    },
  };
}

function upperRange({ ranges, scale }: Drawn): [number, number] {
  if (scale === "one") return [0, ranges.forwarded];
  const whole = ranges.forwarded / UPPER;
  return [ranges.forwarded - whole, ranges.forwarded];
}

function lowerRange({ ranges, scale }: Drawn): [number, number] {
  return [0, scale === "one" ? ranges.stopped : ranges.stopped / LOWER];
}

function cursorOf(): uPlot.Cursor {
  return { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: 8 } };
}

function timeUnder(plot: uPlot): number | null {
  const left = plot.cursor.left ?? -1;
  return left < 0 ? null : plot.posToVal(left, "x") * 1000;
}

function brushed(plot: uPlot, { zoom }: Plotting): void {
  const { left, width } = plot.select;
  if (width < 8) return;
  zoom(plot.posToVal(left, "x") * 1000, plot.posToVal(left + width, "x") * 1000);
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

function axesOf({ drawn, palette }: Plotting): uPlot.Axis[] {
  const both = { stroke: palette.text3, font: palette.font, ticks: { show: false }, border: { show: false } };
  return [
    {
      ...both,
      size: 28,
      space: 88,
      grid: { show: false },
      values: (_, splits, __, ___, step) => splits.map((at) => (step < 60 ? clock : clockMinute)(at * 1000)),
    },
    {
      ...both,
      scale: "forwarded",
      size: 60,
      gap: 8,
      grid: { show: false },
      splits: () => spread(drawn().ranges.forwarded, 2),
      values: (_, splits) => splits.map((split) => axisWords(split, drawn().unit)),
    },
  ];
}

export function spread(top: number, parts: number): number[] {
  return Array.from({ length: parts + 1 }, (_, part) => (top * part) / parts);
}

export function axisWords(value: number, unit: Unit): string {
  if (value === 0) return "0";
  return unit === "packets" ? `${rate(value)}/s` : `${bytes(value)}/s`;
}

function seriesOf(palette: Palette, scale: Scale): uPlot.Series[] {
  const steps = uPlot.paths.stepped!({ align: 1 });
  const base = scale === "lanes" ? "stopped" : "forwarded";
  return [
    {},
    { scale: "forwarded", stroke: palette.forwarded, fill: palette.forwardedFill, width: 1.5, points: { show: false }, fillTo: 0 } as uPlot.Series,
    { scale: base, stroke: palette.dropped, fill: palette.dropped, width: 1, paths: steps, points: { show: false } },
    { scale: base, stroke: palette.would, fill: (plot) => hatchOf(palette, plot.ctx), width: 1.5, paths: steps, points: { show: false } } as uPlot.Series,
  ];
}

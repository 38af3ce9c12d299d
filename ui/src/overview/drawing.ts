// What uPlot does not draw by itself: lines and words of the lanes, gaps, and revisions. In device
// pixels, on uPlot's own canvas.
import type uPlot from "uplot";
import type { Palette } from "./palette";
import { clockMinute } from "../words/time";
import { axisWords, type Drawn, spread } from "./lanes";

const dpr = (): number => devicePixelRatio;

/** Behind the series: grid lines and the grey of what is not known. */
export function drawBehind(plot: uPlot, drawn: Drawn, palette: Palette): void {
  const { ctx } = plot;
  ctx.save();
  gaps(plot, drawn, palette);
  const scales = drawn.scale === "lanes" ? ["forwarded", "stopped"] as const : ["forwarded"] as const;
  for (const scale of scales) {
    for (const value of spread(drawn.ranges[scale], 2)) {
      const y = plot.valToPos(value, scale, true);
      line(plot, y, value === 0 ? palette.edge : palette.line);
      if (scale === "stopped") axisLabel(plot, y, axisWords(value, drawn.unit), palette);
    }
  }
  ctx.restore();
}

/** Over the series: what each lane is, and the revisions that took effect. */
export function drawOver(plot: uPlot, drawn: Drawn, palette: Palette): void {
  plot.ctx.save();
  if (drawn.scale === "lanes") laneWords(plot, drawn, palette);
  beginning(plot, drawn, palette);
  revisions(plot, drawn, palette);
  plot.ctx.restore();
}

function line({ ctx, bbox }: uPlot, y: number, colour: string): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = dpr();
  ctx.beginPath();
  ctx.moveTo(bbox.left, Math.round(y) + 0.5);
  ctx.lineTo(bbox.left + bbox.width, Math.round(y) + 0.5);
  ctx.stroke();
}

function axisLabel({ ctx, bbox }: uPlot, y: number, words: string, palette: Palette): void {
  setFont(ctx, palette, 400);
  ctx.fillStyle = palette.text3;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  ctx.fillText(words, bbox.left - 8 * dpr(), y);
}

function gaps(plot: uPlot, { lanes }: Drawn, palette: Palette): void {
  const { ctx, bbox } = plot;
  for (const { from, to } of lanes.gaps) {
    const left = plot.valToPos(from / 1000, "x", true);
    const right = plot.valToPos(to / 1000, "x", true);
    ctx.fillStyle = palette.gap;
    ctx.fillRect(left, bbox.top, Math.max(right - left, 1), bbox.height);
  }
}

function laneWords(plot: uPlot, drawn: Drawn, palette: Palette): void {
  const left = plot.bbox.left + 8 * dpr();
  const upper = plot.valToPos(drawn.ranges.forwarded, "forwarded", true) - 10 * dpr();
  const lower = plot.valToPos(drawn.ranges.stopped, "stopped", true) - 10 * dpr();
  words(plot, left, upper, "Forwarded", palette);
  const finer = drawn.ranges.finer;
  const larger = finer === 1 ? "on the same scale" : finer > 1 ? `drawn ${finer} times larger` : "drawn on a coarser scale";
  words(plot, left, lower, `Would drop and dropped, ${larger}`, palette);
}

/** Where the window reaches back before the first record, the empty part says so. */
function beginning(plot: uPlot, { lanes, since }: Drawn, palette: Palette): void {
  const first = lanes.times[0];
  if (first === undefined) return;
  const { ctx, bbox } = plot;
  const text = `no data before ${clockMinute(first * 1000)}`;
  const width = plot.valToPos(first, "x", true) - plot.valToPos(since / 1000, "x", true);
  setFont(ctx, palette, 400);
  if (ctx.measureText(text).width + 24 * dpr() > width) return;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = palette.text3;
  ctx.fillText(text, bbox.left + width / 2, bbox.top + bbox.height * 0.75);
}

function words({ ctx }: uPlot, x: number, y: number, text: string, palette: Palette): void {
  setFont(ctx, palette, 400);
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillStyle = palette.text2;
  ctx.fillText(text, x, y);
}

function revisions(plot: uPlot, { marks, since, until }: Drawn, palette: Palette): void {
  const { ctx, bbox } = plot;
  let free = -Infinity;
  for (const { revision, time } of marks) {
    if (time < since || time > until) continue;
    const x = Math.round(plot.valToPos(time / 1000, "x", true));
    ctx.fillStyle = palette.text;
    ctx.fillRect(x, bbox.top - 36 * dpr(), dpr(), bbox.height + 36 * dpr());
    ctx.fillRect(x - 2 * dpr(), bbox.top - 38 * dpr(), 5 * dpr(), 5 * dpr());
    const text = `revision ${revision}`;
    setFont(ctx, palette, 500);
    const width = ctx.measureText(text).width;
    const toLeft = x + width + 8 * dpr() > bbox.left + bbox.width;
    if (x < free) continue;
    ctx.textAlign = toLeft ? "right" : "left";
    ctx.textBaseline = "middle";
    ctx.fillText(text, x + (toLeft ? -6 : 6) * dpr(), bbox.top - 30 * dpr());
    free = toLeft ? x : x + width + 12 * dpr();
  }
}

function setFont(ctx: CanvasRenderingContext2D, { font }: Palette, weight: number): void {
  ctx.font = `${weight} ${font.replace("12px", `${12 * dpr()}px`)}`;
}

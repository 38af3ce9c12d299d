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
  revisions(plot, drawn, palette);
  if (drawn.scale === "lanes") laneWords(plot, drawn, palette);
  beginning(plot, drawn, palette);
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
  const [x, y] = [bbox.left + width / 2, bbox.top + bbox.height * 0.75];
  ctx.fillStyle = palette.surface;
  ctx.fillRect(x - ctx.measureText(text).width / 2 - 4 * dpr(), y - 8 * dpr(), ctx.measureText(text).width + 8 * dpr(), 16 * dpr());
  ctx.fillStyle = palette.text3;
  ctx.fillText(text, x, y);
}

function words({ ctx }: uPlot, x: number, y: number, text: string, palette: Palette): void {
  setFont(ctx, palette, 400);
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  // No mark runs through words.
  ctx.fillStyle = palette.surface;
  ctx.fillRect(x - 4 * dpr(), y - 8 * dpr(), ctx.measureText(text).width + 8 * dpr(), 16 * dpr());
  ctx.fillStyle = palette.text2;
  ctx.fillText(text, x, y);
}

function revisions(plot: uPlot, { marks, since, until, scale }: Drawn, palette: Palette): void {
  const { ctx, bbox } = plot;
  const shown = marks.filter(({ time }) => time >= since && time <= until);
  const places = shown.map(({ time }) => Math.round(plot.valToPos(time / 1000, "x", true)));
  // The first line's name stands where titles would.
  setFont(ctx, palette, 400);
  const free = scale === "lanes" ? bbox.left + ctx.measureText("Forwarded").width + 20 * dpr() : bbox.left;
  const end = bbox.left + bbox.width;
  for (const [at, { revision, who, title }] of shown.entries()) {
    const x = places[at]!;
    const room = (places[at + 1] ?? end) - x - 12 * dpr();
    ctx.fillStyle = palette.text;
    ctx.fillRect(x, bbox.top - 36 * dpr(), dpr(), bbox.height + 36 * dpr());
    ctx.fillRect(x - 2 * dpr(), bbox.top - 38 * dpr(), 5 * dpr(), 5 * dpr());
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    setFont(ctx, palette, 500);
    beside(ctx, `r${revision} ${who}`.trim(), x, bbox.top - 30 * dpr(), room);
    setFont(ctx, palette, 400);
    ctx.fillStyle = palette.text2;
    if (x >= free) beside(ctx, title, x, bbox.top - 14 * dpr(), room);
  }
}

/** Words to the right of a mark, cut where the next one stands, or left out. */
function beside(ctx: CanvasRenderingContext2D, text: string, x: number, y: number, room: number): void {
  const left = x + 6 * dpr();
  if (ctx.measureText(text).width <= room) return ctx.fillText(text, left, y);
  const each = ctx.measureText(text).width / Math.max(text.length, 1);
  const fits = Math.floor(room / each) - 1;
  if (fits >= 4) ctx.fillText(`${text.slice(0, fits).trimEnd()}…`, left, y);
}

function setFont(ctx: CanvasRenderingContext2D, { font }: Palette, weight: number): void {
  ctx.font = `${weight} ${font.replace("12px", `${12 * dpr()}px`)}`;
}

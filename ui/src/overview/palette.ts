// The colours that a canvas needs as values, read from the tokens of the scheme in force.
export interface Palette {
  surface: string;
  text: string;
  text2: string;
  text3: string;
  line: string;
  edge: string;
  forwarded: string;
  forwardedFill: string;
  would: string;
  wouldFill: string;
  wouldHatch: string;
  dropped: string;
  gap: string;
  font: string;
}

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(`--pw-${name}`).trim();
  return {
    surface: token("surface"),
    text: token("text"),
    text2: token("text-2"),
    text3: token("text-3"),
    line: token("line"),
    edge: token("edge"),
    forwarded: token("forwarded"),
    forwardedFill: token("forwarded-fill"),
    would: token("would"),
    wouldFill: token("would-fill"),
    wouldHatch: token("would-hatch"),
    dropped: token("dropped"),
    gap: token("gap"),
    font: `12px ${token("sans")}`,
  };
}

/** Diagonal lines on the light fill: what would drop, wherever an area shows it. */
export function hatchOf({ wouldFill, wouldHatch }: Palette, context: CanvasRenderingContext2D): CanvasPattern | string {
  const size = 6 * devicePixelRatio;
  const tile = new OffscreenCanvas(size, size);
  const draw = tile.getContext("2d");
  if (!draw) return wouldFill;
  draw.fillStyle = wouldFill;
  draw.fillRect(0, 0, size, size);
  draw.strokeStyle = wouldHatch;
  draw.lineWidth = 1.2 * devicePixelRatio;
  draw.beginPath();
  for (const shift of [-size, 0, size]) {
    draw.moveTo(shift - 1, size + 1);
    draw.lineTo(shift + size + 1, -1);
  }
  draw.stroke();
  return context.createPattern(tile, "repeat") ?? wouldFill;
}

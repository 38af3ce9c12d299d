// Numbers as people read them: three digits with a unit letter, the exact value beside it.

/** Made once: making it costs a thousand times what using it does. */
const GROUPED = new Intl.NumberFormat("en-GB");

const SCALES: readonly [number, string][] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

export interface Figure {
  value: string;
  unit: string;
}

/** Three significant digits and a unit letter above 9,999; whole numbers below. */
export function figure(count: number): Figure {
  if (count < 10_000 && Number.isInteger(count)) return { value: exact(count), unit: "" };
  for (const [size, unit] of SCALES) {
    if (count >= size * 0.9995) return { value: threeDigits(count / size), unit };
  }
  return { value: threeDigits(count), unit: "" };
}

/** The same as one word: `81.7 k`. */
export function short(count: number): string {
  const { value, unit } = figure(count);
  return unit ? `${value} ${unit}` : value;
}

/** A rate: `3.50 k` of `3502.4`; small ones keep one decimal. */
export function rate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 0.05) return "under 0.1";
  if (perSecond < 100) return trimmed(perSecond.toFixed(1));
  if (perSecond < 1000) return perSecond.toFixed(0);
  return short(perSecond);
}

/** Bytes with the field's decimal units. */
export function bytes(count: number): string {
  const { value, unit } = figure(Math.round(count));
  return unit ? `${value} ${unit}B` : `${value} B`;
}

/** Every digit, grouped. */
export function exact(count: number): string {
  return count < 1_000 ? String(Math.round(count)) : GROUPED.format(Math.round(count));
}

/** A share in percent with two significant digits; never "0" for what happened. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return "0";
  const share = (part / whole) * 100;
  if (part === 0) return "0";
  if (share < 0.001) return "under 0.001";
  if (share >= 99.95 && part < whole) return "over 99.9";
  if (share >= 10) return trimmed(share.toFixed(1));
  return trimmed(share.toPrecision(2));
}

/** "1 pair", "4 pairs". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${short(count)} ${count === 1 ? one : many}`;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

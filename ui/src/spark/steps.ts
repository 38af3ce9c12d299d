// Paths of small charts: steps from value to value, as SVG writes them.

/** More points than pixels say nothing more. */
export function thinned(values: readonly number[], points: number): number[] {
  if (values.length <= points) return [...values];
  const share = values.length / points;
  return Array.from({ length: points }, (_, point) => {
    const part = values.slice(Math.floor(point * share), Math.floor((point + 1) * share));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

export interface Room {
  width: number;
  height: number;
  /** The value at the upper edge. */
  top: number;
}

/** The line through the values, one step each, from left to right. */
export function line(values: readonly number[], { width, height, top }: Room): string {
  const across = (index: number) => ((index / values.length) * width).toFixed(1);
  const up = (value: number) => (height - 1 - (value / top) * (height - 3)).toFixed(1);
  return values.map((value, index) => `${index === 0 ? `M0 ${up(value)}` : `V${up(value)}`}H${across(index + 1)}`).join("");
}

/** The area below that line. */
export function area(values: readonly number[], room: Room): string {
  return values.length === 0 ? "" : `${line(values, room)}V${room.height}H0Z`;
}

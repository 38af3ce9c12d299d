// The time window of the page: the last so much, which moves, or a fixed span that was brushed.
import { Cell, useCell } from "./cell";
import { type Address, useAddress } from "./address";

export interface Window {
  id: string;
  /** As the control says it: "Last hour". */
  name: string;
  /** As a sentence says it: "In the last hour". */
  phrase: string;
  /** As a command says it: `1h`. */
  since: string;
  length: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const WINDOWS: readonly Window[] = [
  window("5m", "Last 5 minutes", "the last 5 minutes", 5 * MINUTE),
  window("15m", "Last 15 minutes", "the last 15 minutes", 15 * MINUTE),
  window("1h", "Last hour", "the last hour", HOUR),
  window("6h", "Last 6 hours", "the last 6 hours", 6 * HOUR),
  window("24h", "Last day", "the last day", 24 * HOUR),
  window("7d", "Last 7 days", "the last 7 days", 7 * DAY),
  window("30d", "Last 30 days", "the last 30 days", 30 * DAY),
];

const FIRST_WINDOW = "15m";

/** What is looked at: a moving window, or from one instant to another. */
export type Span =
  | { kind: "moving"; window: Window; length: number; paused: boolean }
  | { kind: "fixed"; from: number; to: number; length: number };

/** How far the server's clock is ahead of this machine's, in milliseconds. */
export const clockLead = new Cell(0);

/** Now, by the server's clock. */
export const serverNow = (): number => Date.now() + clockLead.read();

export function spanOf({ params }: Address): Span {
  const from = instant(params.get("from"));
  const to = instant(params.get("to"));
  if (from !== null && to !== null && from < to) {
    return { kind: "fixed", from, to, length: to - from };
  }
  const wanted = params.get("window") ?? FIRST_WINDOW;
  const found = WINDOWS.find(({ id }) => id === wanted) ?? WINDOWS[1]!;
  return { kind: "moving", window: found, length: found.length, paused: params.has("paused") };
}

export function useSpan(): Span {
  useCell(clockLead);
  return spanOf(useAddress());
}

/** Says which span it is. */
export const keyOfSpan = (span: Span): string => (span.kind === "fixed" ? `${span.from}-${span.to}` : span.window.id);

/** Its two ends, now. */
export function endsOf(span: Span): { since: number; until: number } {
  const until = span.kind === "fixed" ? span.to : Math.round(serverNow());
  return { since: until - span.length, until };
}

/** The width of a sample, so that a span has 100 to 300 of them. */
export function stepOf(length: number): number {
  const steps = [1, 2, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 10_800].map((seconds) => seconds * SECOND);
  return steps.find((step) => length / step <= 320) ?? 3 * HOUR;
}

/** The span as words in a sentence: "the last hour", "the 4 minutes that you chose". */
export function phraseOf(span: Span): string {
  return span.kind === "moving" ? span.window.phrase : "the chosen time";
}

function window(id: string, name: string, phrase: string, length: number): Window {
  return { id, name, phrase, since: id, length };
}

function instant(text: string | null): number | null {
  if (text === null || !/^\d{10,16}$/.test(text)) return null;
  return Number(text);
}

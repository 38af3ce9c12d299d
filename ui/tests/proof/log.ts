// What the demo's programs wrote down themselves: the witness that is neither kernel nor page.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Line {
  n: number;
  time: number;
  action?: string;
  to?: string;
  family?: string;
  outcome?: string;
  gap?: [number, number];
  v4?: Count;
  v6?: Count;
}

interface Count {
  received: number;
  last: number;
  missing: number;
  late: number;
}

/** The whole lines of one log, the part that was turned over first. */
export function linesOf(state: string, name: string): Line[] {
  const path = join(state, "logs", `${name}.log`);
  return [`${path}.1`, path].filter(existsSync).flatMap((file) => {
    const text = readFileSync(file, "utf8");
    return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter(Boolean).map((line) => JSON.parse(line) as Line);
  });
}

/** The application's own clients. */
export const CLIENTS = ["customers", "web", "cart-1", "cart-2", "orders", "orders-payments", "report"];

export const outcomesSince = (lines: readonly Line[], time: number): string[] =>
  lines.filter((line) => line.time >= time && line.outcome !== undefined).map(({ outcome }) => outcome!);

// Who is kept from whom, as people count it: one entry for two ends, however many ports and
// addresses it took.
import type { Pair, Policy, Verdict } from "../wire/rest";
import { policyOf } from "../words/verdict";

/** The server tells this many pairs and no more. */
export const PAIRS_TOLD = 500;

/** Two ends, with all that was tried between them and fared alike. */
export interface Met {
  source: string;
  destination: string;
  verdict: Verdict;
  /** `5432/TCP` and so on, the busiest first. */
  ports: string[];
  count: number;
  first: number;
  last: number;
  /** Who decided, the busiest first. */
  policies: string[];
}

/** Entries by two ends and verdict, the busiest first. */
export function met(pairs: readonly Pair[]): Met[] {
  const found = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const key = keyOf(pair);
    found.set(key, [...(found.get(key) ?? []), pair]);
  }
  return [...found.values()].map(joined).sort((one, other) => other.count - one.count);
}

/** Without what would have been dropped by policies that enforce by now: that is decided. */
export function undecided(pairs: readonly Pair[], policies: readonly Policy[] | null): Pair[] {
  const enforcing = new Set((policies ?? []).filter(({ mode }) => mode === "enforce").map(({ id }) => id));
  return pairs.filter(({ verdict, policy }) => verdict !== "would_drop" || !policy || !enforcing.has(policyOf(policy)));
}

/** Tells an entry from the others. */
export const keyOf = ({ source, destination, verdict }: Pair | Met): string => `${source} ${destination} ${verdict}`;

function joined(alike: readonly Pair[]): Met {
  const busiest = [...alike].sort((one, other) => other.count - one.count);
  const { source, destination, verdict } = busiest[0]!;
  return {
    source, destination, verdict,
    ports: [...new Set(busiest.map(({ port }) => port))],
    count: sum(alike.map(({ count }) => count)),
    first: Math.min(...alike.map(({ first }) => first)),
    last: Math.max(...alike.map(({ last }) => last)),
    policies: [...new Set(busiest.flatMap(({ policy }) => (policy ? [policy] : [])))],
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);

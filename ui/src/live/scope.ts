// The namespace that is looked at: it stands in the address and follows from page to page. Without
// one all are.
import type { Flow, Pair, Stats } from "../wire/rest";
import { type Address, useAddress } from "./address";
import { NO_COUNTS } from "./series";

/** `null` means all namespaces. */
export type Scope = string | null;

export const scopeOf = ({ params }: Address): Scope => params.get("scope");

export const useScope = (): Scope => scopeOf(useAddress());

/** Whether an end (`namespace/name`, or a name of the outside) is in it. */
export const isIn = (end: string | undefined, scope: Scope): boolean => scope === null || (end ?? "").startsWith(`${scope}/`);

/** Whether either end of a record is in it. */
export function touches({ source, destination, workload }: Flow, scope: Scope): boolean {
  return scope === null || [source.workload, destination.workload, workload].some((end) => isIn(end, scope));
}

/** The pairs of which either end is in it. */
export function pairsIn(pairs: readonly Pair[], scope: Scope): Pair[] {
  return pairs.filter(({ source, destination }) => isIn(source, scope) || isIn(destination, scope));
}

/** What a tick says of it alone. */
export function tickIn(tick: Stats, scope: Scope): Stats {
  if (scope === null) return tick;
  const own = tick.namespaces.filter(({ namespace }) => namespace === scope);
  const [counts] = own;
  const samples = tick.samples.map((sample) => ({ ...sample, packets: counts?.packets ?? NO_COUNTS, bytes: counts?.bytes ?? NO_COUNTS }));
  return { ...tick, namespaces: own, samples };
}

// Revisions as a chart marks them: one mark each, from the log of changes and from what was seen.
import type { Change } from "../wire/rest";
import { markWords } from "../words/change";
import type { RevisionSeen } from "./store";

/** A set of policies that took effect. */
export interface RevisionMark extends RevisionSeen {
  /** Who made it, as far as the log says. */
  who: string;
  /** What it was about, in a few words. */
  title: string;
}

/** One mark a revision: when it took effect, by whom, and what it was about. */
export function marksOf(log: readonly Change[], seen: readonly RevisionSeen[]): RevisionMark[] {
  const byRevision = new Map<number, Map<number, Change>>();
  for (const change of log) {
    const its = byRevision.get(change.revision) ?? new Map<number, Change>();
    byRevision.set(change.revision, its.set(change.seq, change));
  }
  const marks = [...byRevision].map(([revision, its]): RevisionMark => {
    const all = [...its.values()];
    return { revision, time: Math.min(...all.map(({ time }) => time)), who: all[0]!.who, title: markWords(all) };
  });
  const bare = seen.filter(({ revision }) => !byRevision.has(revision)).map((its) => ({ ...its, who: "", title: "" }));
  return [...marks, ...bare].sort((one, other) => one.time - other.time);
}

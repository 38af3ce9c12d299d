// The parts of the overview's sentence.
import type { Pair } from "../wire/rest";
import { met, PAIRS_TOLD } from "../live/pairs";
import { counted } from "./number";

export interface TitleParts {
  phrase: string;
  dropped: string;
  would: string;
  /** What was changed, else what holds. */
  holds: { before: string; what: string; after: string } | null;
}

export function titleOf(pairs: readonly Pair[], phrase: string, revision: number | null, made: number): TitleParts {
  const ends = met(pairs);
  const dropped = ends.filter(({ verdict }) => verdict === "dropped" || verdict === "would_allow").length;
  const would = ends.filter(({ verdict }) => verdict === "would_drop").length;
  const atLeast = pairs.length >= PAIRS_TOLD ? "at least " : "";
  return {
    phrase,
    dropped: dropped === 0 ? "nothing was dropped" : `${atLeast}${counted(dropped, "pair")} ${were(dropped)} dropped`,
    would: would === 0 ? "nothing more would be dropped" : `${atLeast}${dropped === 0 ? counted(would, "pair") : `${would} more`} would be dropped`,
    holds: holdsOf(revision, made),
  };
}

function holdsOf(revision: number | null, made: number): TitleParts["holds"] {
  if (made > 0) return { before: ", and ", what: counted(made, "revision"), after: `${were(made)} made.` };
  return revision === null ? null : { before: ". ", what: `Revision ${revision}`, after: "is in force." };
}

const were = (count: number): string => (count === 1 ? "was" : "were");

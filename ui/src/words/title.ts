// The parts of the overview's sentence.
import type { Pair } from "../wire/rest";
import { met, PAIRS_TOLD } from "../live/pairs";
import { counted } from "./number";

export interface TitleParts {
  phrase: string;
  dropped: string;
  would: string;
  revision: string | null;
}

export function titleOf(pairs: readonly Pair[], phrase: string, revision: number | null): TitleParts {
  const ends = met(pairs);
  const dropped = ends.filter(({ verdict }) => verdict === "dropped" || verdict === "would_allow").length;
  const would = ends.filter(({ verdict }) => verdict === "would_drop").length;
  const atLeast = pairs.length >= PAIRS_TOLD ? "at least " : "";
  return {
    phrase,
    dropped: dropped === 0 ? "nothing was dropped" : `${atLeast}${counted(dropped, "pair")} ${were(dropped)} dropped`,
    would: would === 0 ? "nothing more would be dropped" : `${atLeast}${dropped === 0 ? counted(would, "pair") : `${would} more`} would be dropped`,
    revision: revision === null ? null : `Revision ${revision}`,
  };
}

const were = (count: number): string => (count === 1 ? "was" : "were");

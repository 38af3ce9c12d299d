// The title: what is going on, what would change, what holds, in one sentence. Renewed at most
// every ten seconds, so that it can be read.
import { useEffect, useRef, useState } from "react";
import type { Pair, Status } from "../wire/rest";
import { useScope } from "../live/scope";
import { phraseOf, type Span } from "../live/span";
import { type TitleParts, titleOf } from "../words/title";

const RENEW_MS = 10_000;

interface Props {
  pairs: readonly Pair[];
  span: Span;
  status: Status | null;
  /** How many revisions were made in the span. */
  made: number;
}

export function Title({ pairs, span, status, made }: Props) {
  const scope = useScope();
  const phrase = `${phraseOf(span)}${scope === null ? "" : ` in ${scope}`}`;
  const now = titleOf(pairs, phrase, status?.revision ?? null, made);
  const calm = useCalm(now, `${phrase} ${status?.revision} ${made}`);
  const { dropped, would, holds } = calm;
  return (
    <h1 className="title">
      <span className="quiet">In {calm.phrase} </span>
      {dropped}, {would}
      <span className="quiet"> if everything in detection enforced{holds?.before ?? "."}</span>
      {holds && <>{holds.what} <span className="quiet">{holds.after}</span></>}
    </h1>
  );
}

/** The newest sentence, but at most one every ten seconds; `key` changes are shown at once. */
function useCalm(now: TitleParts, key: string): TitleParts {
  const [calm, setCalm] = useState(now);
  const state = useRef({ key, at: Date.now() });
  useEffect(() => {
    const age = Date.now() - state.current.at;
    const renew = () => {
      state.current = { key, at: Date.now() };
      setCalm(now);
    };
    if (state.current.key !== key || age >= RENEW_MS) return renew();
    const timer = setTimeout(renew, RENEW_MS - age);
    return () => clearTimeout(timer);
  });
  return calm;
}

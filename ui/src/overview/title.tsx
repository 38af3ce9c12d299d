// The title: what is going on, what would change, what holds, in one sentence. Renewed at most
// every ten seconds, so that it can be read.
import { useEffect, useRef, useState } from "react";
import type { Pair, Status } from "../wire/rest";
import { phraseOf, type Span } from "../live/span";
import { type TitleParts, titleOf } from "../words/title";

const RENEW_MS = 10_000;

interface Props {
  pairs: readonly Pair[];
  span: Span;
  status: Status | null;
}

export function Title({ pairs, span, status }: Props) {
  const now = titleOf(pairs, phraseOf(span), status?.revision ?? null);
  const { phrase, dropped, would, revision } = useCalm(now, `${phraseOf(span)} ${status?.revision}`);
  return (
    <h1 className="title">
      <span className="quiet">In {phrase} </span>
      {dropped}, {would}
      <span className="quiet"> if everything in detection enforced{revision ? ". " : "."}</span>
      {revision && <>{revision} <span className="quiet">is in force.</span></>}
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

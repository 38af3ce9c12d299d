// An answer that a view asks for: once, again when the question changes or the stream was away, and
// when so much time has gone by that what has left the window is known to the server alone. In
// between the view carries it on by the stream.
import { useEffect, useRef, useState } from "react";
import { useCell } from "./cell";
import { type Asked, caughtUp, lastOf, onTick, wordsOf } from "./store";

export interface Answer<Value> {
  asked: Asked<Value>;
  again: () => void;
  /** Changes what is here by what the stream told. */
  carry: (next: (value: Value) => Value) => void;
}

interface Wanted<Value> {
  /** Says which question it is. */
  key: string;
  ask: () => Promise<Value>;
  /** The last answer stays until another is here, where this changes. */
  round?: number | undefined;
  /** Ask again after so long, while the stream goes on; absent where time changes nothing. */
  renewMs?: number;
}

export function useAnswer<Value>({ key, ask, round: turn, renewMs }: Wanted<Value>): Answer<Value> {
  const [asked, setAsked] = useState<Asked<Value>>({ phase: "waiting" });
  const [round, setRound] = useState(0);
  const away = useCell(caughtUp);
  const question = useRef(ask);
  question.current = ask;
  const shown = useRef(key);

  useEffect(() => {
    let gone = false;
    let askedAt = 0;
    // Another question: the last answer is none to this one.
    if (shown.current !== key) setAsked({ phase: "waiting" });
    shown.current = key;
    const read = async () => {
      askedAt = Date.now();
      try {
        const value = await question.current();
        if (!gone) setAsked({ phase: "here", value, at: Date.now() });
      } catch (problem) {
        if (!gone) setAsked((now) => ({ phase: "failed", message: wordsOf(problem), last: lastOf(now) }));
      }
    };
    void read();
    const stop = renewMs === undefined ? () => {} : onTick(() => void (Date.now() - askedAt > renewMs && read()));
    return () => {
      gone = true;
      stop();
    };
  }, [key, turn, round, away, renewMs]);

  const carry = (next: (value: Value) => Value) =>
    setAsked((now) => (now.phase === "here" ? { ...now, value: next(now.value) } : now));
  return { asked, again: () => setRound(round + 1), carry };
}

const MINUTE_MS = 60_000;

/** What leaves a moving window is asked for when a tenth of it has gone by. */
export const renewalOf = (length: number): number => Math.max(MINUTE_MS, length / 10);

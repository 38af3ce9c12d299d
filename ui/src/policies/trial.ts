// Tries a switch on recorded flows, without making it.
import { useEffect, useState } from "react";
import type { Mode, Preview } from "../wire/rest";
import { readPreview } from "../wire/client";
import { useCell } from "../live/cell";
import { serverNow, type Span, useSpan } from "../live/span";
import { type Asked, status, wordsOf } from "../live/store";

export interface Trial {
  asked: Asked<Preview>;
  span: Span;
  again: () => void;
}

/** The preview of enforcing these, made anew when a revision makes it stale. */
export function usePreview(id: string, together: readonly string[]): Trial {
  const span = useSpan();
  const revision = useCell(status)?.revision;
  const [asked, setAsked] = useState<Asked<Preview>>({ phase: "waiting" });
  const [round, setRound] = useState(0);
  const key = [id, ...together].join(" ");
  const window = span.kind === "fixed" ? `${span.from}-${span.to}` : span.window.id;

  useEffect(() => {
    let gone = false;
    const until = span.kind === "fixed" ? span.to : Math.round(serverNow());
    const policies = Object.fromEntries([id, ...together].map((policy) => [policy, "enforce" as Mode]));
    readPreview({ policies, since: until - span.length, until }).then(
      (value) => {
        if (!gone) setAsked({ phase: "here", value, at: Date.now() });
      },
      (problem: unknown) => {
        if (!gone) setAsked({ phase: "failed", message: wordsOf(problem), last: null });
      },
    );
    return () => {
      gone = true;
    };
  }, [key, window, revision, round]);

  return { asked, span, again: () => setRound(round + 1) };
}

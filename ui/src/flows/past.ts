// Records of a time that is over: read from the server page by page, apart from the live book, until
// there is a screenful that matches.
import { useEffect, useRef, useState } from "react";
import type { Flow } from "../wire/rest";
import { type FlowQuestion, readFlowsOf } from "../wire/client";
import type { Scope } from "../live/scope";
import { wordsOf } from "../live/store";
import type { Term } from "./filter";

export const SCREENFUL = 40;
/** So many pages at once, then only when somebody scrolls on. */
export const PAGES_AT_ONCE = 20;

interface Read {
  key: string;
  flows: readonly Flow[];
  /** Where the next page begins; nothing where all is read. */
  next: number | null;
}

export interface Past {
  /** Those that match, newest first. */
  rows: readonly Flow[];
  reading: boolean;
  trouble: string | null;
  more: () => void;
}

/** The records from `from` to `to`; asks nothing where no such time is given. */
export function usePast(time: { from: number; to: number } | null, terms: readonly Term[], scope: Scope, matches: (flow: Flow) => boolean): Past {
  const question = { since: time?.from ?? 0, until: time?.to ?? 0, ...plain(terms), ...(scope === null ? {} : { namespace: scope }) };
  const key = JSON.stringify(question);
  const [read, setRead] = useState<Read>({ key: "", flows: [], next: null });
  const [reading, setReading] = useState(time !== null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const turn = useRef(0);

  const readOn = async (start: Read) => {
    const own = (turn.current += 1);
    setReading(true);
    setTrouble(null);
    let now = start;
    try {
      for (let page = 0; page < PAGES_AT_ONCE; page += 1) {
        const answer = await readFlowsOf(question, now.next ?? undefined);
        if (own !== turn.current) return;
        now = { key, flows: [...now.flows, ...answer.flows], next: answer.next ?? null };
        setRead(now);
        if (now.next === null || now.flows.slice(start.flows.length).filter(matches).length >= SCREENFUL) break;
      }
    } catch (problem) {
      if (own === turn.current) setTrouble(wordsOf(problem));
    }
    if (own === turn.current) setReading(false);
  };
  useEffect(() => {
    if (time) void readOn({ key, flows: [], next: null });
    return () => void (turn.current += 1);
  }, [key, time === null]);

  const here = read.key === key ? read.flows : [];
  const more = () => {
    if (!reading && read.key === key && read.next !== null) void readOn(read);
  };
  return { rows: here.filter(matches), reading, trouble, more };
}

/** What the server can look for as well: single names that are written out. */
function plain(terms: readonly Term[]): Partial<FlowQuestion> {
  const one = (key: "verdict" | "from" | "to") => {
    const of = terms.filter((term) => term.key === key && !term.not);
    const value = of[0]?.value ?? "";
    const fits = key === "verdict" ? /^[a-z_-]+$/.test(value) : /^[^*,/\s]+\/[^*,/\s]+$/.test(value);
    return of.length === 1 && fits ? { [key]: key === "verdict" ? value.replaceAll("-", "_") : value } : {};
  };
  return { ...one("verdict"), ...one("from"), ...one("to") };
}

// Which flows are shown: those of the book that match the filter, up to one record. What arrives
// later waits behind the bar, so that no row moves under the cursor.
import { useEffect, useMemo, useRef, useState } from "react";
import type { Flow } from "../wire/rest";
import { useAddress } from "../live/address";
import { useCell } from "../live/cell";
import { touches, useScope } from "../live/scope";
import { useSpan } from "../live/span";
import { book, bookState, lastOf, onFlows, readOlder } from "../live/store";
import { matcherOf, parse } from "./filter";
import { PAGES_AT_ONCE, SCREENFUL, usePast } from "./past";

export interface View {
  /** Newest first. */
  rows: readonly Flow[];
  /** Matching records that wait behind the bar. */
  waiting: number;
  showWaiting: () => void;
  /** Records are being looked for; nothing that matches may still come. */
  reading: boolean;
  trouble: string | null;
  /** Somebody scrolled to the end. */
  more: () => void;
}

export function useView(): View {
  const { params } = useAddress();
  const span = useSpan();
  const text = params.get("q") ?? "";
  const scope = useScope();
  const state = useCell(bookState);
  const [upTo, setUpTo] = useState(() => book.newest);
  const [waiting, setWaiting] = useState(0);
  const oldest = book.oldest;
  const from = span.kind === "fixed" ? span.from : 0;
  const to = span.kind === "fixed" ? span.to : Infinity;

  const terms = useMemo(() => parse(text), [text]);
  const matches = useMemo(() => {
    const words = matcherOf(terms);
    return (flow: Flow) => flow.time >= from && flow.time < to && touches(flow, scope) && words(flow);
  }, [terms, from, to, scope]);
  const past = usePast(span.kind === "fixed" ? span : null, terms, scope, matches);

  const show = () => {
    setUpTo(book.newest);
    setWaiting(0);
  };
  // The first page of records arrives after the first look: it is shown as it comes.
  const here = state.phase === "here";
  useEffect(() => {
    if (here) show();
  }, [here, text, from, to, scope]);

  useEffect(() => onFlows((fresh) => {
    const more = fresh.filter((flow) => flow.seq > upTo && matches(flow)).length;
    if (more > 0) setWaiting((count) => count + more);
  }), [matches, upTo]);

  // `oldest` changes when older pages come in: the view is made anew.
  const rows = useMemo(
    () => book.flows.filter((flow) => flow.seq <= upTo && matches(flow)).reverse(),
    [matches, upTo, oldest, state],
  );
  const older = useOlder(span.kind === "moving" && rows.length < SCREENFUL, `${scope ?? ""} ${text}`);
  if (span.kind === "fixed") return { rows: past.rows, waiting: 0, showWaiting: show, reading: past.reading, trouble: past.trouble, more: past.more };
  return { rows, waiting, showWaiting: show, reading: older, trouble: null, more: () => void readOlder() };
}

/** Reads older records while few are shown; answers whether it goes on. */
function useOlder(few: boolean, text: string): boolean {
  const state = useCell(bookState);
  const read = useRef({ text, pages: 0 });
  if (read.current.text !== text) read.current = { text, pages: 0 };
  const next = lastOf(state)?.next ?? null;
  const goesOn = few && state.phase === "here" && next !== null && read.current.pages < PAGES_AT_ONCE;
  useEffect(() => {
    if (!goesOn) return;
    read.current.pages += 1;
    // What does not come is asked for again when somebody scrolls.
    void readOlder().catch(() => {});
  }, [goesOn, next, text]);
  return goesOn;
}

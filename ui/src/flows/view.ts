// Which flows are shown: those of the book that match the filter, up to one record. What arrives
// later waits behind the bar, so that no row moves under the cursor.
import { useEffect, useMemo, useState } from "react";
import type { Flow } from "../wire/rest";
import { useAddress } from "../live/address";
import { useCell } from "../live/cell";
import { useSpan } from "../live/span";
import { book, bookState, onFlows } from "../live/store";
import { matcherOf, parse } from "./filter";

export interface View {
  /** Newest first. */
  rows: readonly Flow[];
  /** Matching records that wait behind the bar. */
  waiting: number;
  showWaiting: () => void;
}

export function useView(): View {
  const { params } = useAddress();
  const span = useSpan();
  const text = params.get("q") ?? "";
  const state = useCell(bookState);
  const [upTo, setUpTo] = useState(() => book.newest);
  const [waiting, setWaiting] = useState(0);
  const oldest = book.oldest;
  const from = span.kind === "fixed" ? span.from : 0;
  const to = span.kind === "fixed" ? span.to : Infinity;

  const matches = useMemo(() => {
    const words = matcherOf(parse(text));
    return (flow: Flow) => flow.time >= from && flow.time < to && words(flow);
  }, [text, from, to]);

  const show = () => {
    setUpTo(book.newest);
    setWaiting(0);
  };
  // The first page of records arrives after the first look: it is shown as it comes.
  const here = state.phase === "here";
  useEffect(() => {
    if (here) show();
  }, [here, text, from, to]);

  useEffect(() => onFlows((fresh) => {
    const more = fresh.filter((flow) => flow.seq > upTo && matches(flow)).length;
    if (more > 0) setWaiting((count) => count + more);
  }), [matches, upTo]);

  // `oldest` changes when older pages come in: the view is made anew.
  const rows = useMemo(
    () => book.flows.filter((flow) => flow.seq <= upTo && matches(flow)).reverse(),
    [matches, upTo, oldest, state],
  );
  return { rows, waiting, showWaiting: show };
}

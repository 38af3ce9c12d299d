// The revisions of a span: from the log of changes, and those that came while this page was open.
import { readChangesOf } from "../wire/client";
import { useAnswer } from "./answer";
import { useCell } from "./cell";
import { marksOf, type RevisionMark } from "./marks";
import { endsOf, keyOfSpan, type Span } from "./span";
import { changes, lastOf, revisions } from "./store";

/** What a chart marks, and whether the log could not be read. */
export interface Marks {
  marks: readonly RevisionMark[];
  failed: boolean;
}

/** The revisions of this span, oldest first; `failed` where the log did not arrive. */
export function useMarks(span: Span): Marks {
  const { since, until } = endsOf(span);
  const { asked } = useAnswer({ key: `changes ${keyOfSpan(span)}`, ask: () => readChangesOf(since, until) });
  const told = useCell(changes);
  const seen = useCell(revisions);
  const all = marksOf([...(lastOf(asked)?.changes ?? []), ...told], seen);
  return { marks: all.filter(({ time }) => time >= since), failed: asked.phase === "failed" };
}

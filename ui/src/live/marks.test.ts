// One mark a revision, with who and what.
import { expect, test } from "vitest";
import type { Change } from "../wire/rest";
import { marksOf } from "./marks";

const change = (seq: number, revision: number, more: Partial<Change>): Change => ({
  seq, revision, time: 1_000 * seq, who: "admin", by: "command", what: "mode", subject: "NetworkPolicy/shop/web", from: "detect", to: "enforce", ...more,
});

test("the changes of one revision are one mark, told once however often they are known", () => {
  const log = [change(2, 7, { subject: "NetworkPolicy/shop/cart" }), change(1, 7, {}), change(1, 7, {})];
  expect(marksOf(log, [])).toEqual([{ revision: 7, time: 1_000, who: "admin", title: "enforce 2 policies" }]);
});

test("a revision that the log does not tell of is marked by its number, in its place", () => {
  const log = [change(5, 9, { what: "added", to: "web.yaml" })];
  const marks = marksOf(log, [{ revision: 8, time: 4_000 }, { revision: 9, time: 5_100 }]);
  expect(marks.map(({ revision, title }) => [revision, title])).toEqual([[8, ""], [9, "add web"]]);
});

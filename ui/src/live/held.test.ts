import { describe, expect, it } from "vitest";
import { inOrder } from "./held";

describe("a held order", () => {
  it("stays, with what is new behind", () => {
    expect(inOrder(["new", "c", "a", "newer", "b"], ["a", "b", "c", "gone"], (name) => name)).toEqual(["a", "b", "c", "new", "newer"]);
  });
});

import { describe, expect, it } from "vitest";
import type { Flow } from "../wire/rest";
import { CAPACITY, FlowBook } from "./book";

const flow = (seq: number): Flow => ({ seq }) as Flow;

describe("the flow book", () => {
  it("holds each record once, in order, however it came", () => {
    const book = new FlowBook();
    book.add([flow(3), flow(1)]);
    expect(book.add([flow(5), flow(3)]).map(({ seq }) => seq)).toEqual([5]);
    book.add([flow(2)]);
    expect(book.flows.map(({ seq }) => seq)).toEqual([1, 2, 3, 5]);
    expect([book.oldest, book.newest]).toEqual([1, 5]);
  });

  it("forgets the oldest when it is full", () => {
    const book = new FlowBook();
    for (let seq = 1; seq <= CAPACITY + 5_001; seq += 1_000) {
      book.add(Array.from({ length: 1_000 }, (_, more) => flow(seq + more)));
    }
    expect(book.flows.length).toBeLessThanOrEqual(CAPACITY + 5_000);
    expect(book.newest).toBeGreaterThan(CAPACITY);
    expect(book.oldest).toBeGreaterThan(1);
  });
});

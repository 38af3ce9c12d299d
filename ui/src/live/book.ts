// The flow records that this page holds: newest last, each once, bounded. What is shown is a view
// up to one record, so that arriving records never move a row.
import type { Flow } from "../wire/rest";

/** More than a person scrolls, less than a browser minds: about 60 MB. */
export const CAPACITY = 100_000;
/** Cutting one by one would copy the book for each record. */
const SLACK = 5_000;

export class FlowBook {
  #flows: Flow[] = [];

  /** Oldest first. Not to be changed by the reader. */
  get flows(): readonly Flow[] {
    return this.#flows;
  }

  get newest(): number {
    return this.#flows.at(-1)?.seq ?? 0;
  }

  get oldest(): number {
    return this.#flows[0]?.seq ?? 0;
  }

  /** Adds records in any order and answers with those that were not there. */
  add(arrived: readonly Flow[]): Flow[] {
    const sorted = [...arrived].sort((one, other) => one.seq - other.seq);
    const newer = sorted.filter(({ seq }) => seq > this.newest);
    if (newer.length === sorted.length) {
      this.#flows.push(...newer);
      this.#cut();
      return newer;
    }
    const known = new Set(this.#flows.map(({ seq }) => seq));
    const fresh = sorted.filter(({ seq }) => !known.has(seq));
    this.#flows = [...this.#flows, ...fresh].sort((one, other) => one.seq - other.seq);
    this.#cut();
    return fresh;
  }

  #cut(): void {
    if (this.#flows.length > CAPACITY + SLACK) {
      this.#flows.splice(0, this.#flows.length - CAPACITY);
    }
  }
}

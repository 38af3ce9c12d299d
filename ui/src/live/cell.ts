// One value that changes over time and tells who watches. Components read it with `useCell`.
import { useSyncExternalStore } from "react";

export class Cell<Value> {
  #value: Value;
  #watchers = new Set<() => void>();

  constructor(value: Value) {
    this.#value = value;
  }

  /** The value now. */
  read = (): Value => this.#value;

  /** Replaces the value and tells every watcher, once. */
  write(value: Value): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Calls `watcher` after each change; the answer ends that. */
  watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };
}

export function useCell<Value>(cell: Cell<Value>): Value {
  return useSyncExternalStore(cell.watch, cell.read);
}

// Keeps a list's order while somebody points at it or moves through it by keyboard: nothing moves
// under the cursor. What is new comes last until then.
import { useRef } from "react";

export interface Held<Item> {
  items: Item[];
  /** For the element that shows the list. */
  hold: {
    onPointerEnter: () => void;
    onPointerLeave: () => void;
    onFocus: () => void;
    onBlur: () => void;
  };
}

export function useHeld<Item>(sorted: readonly Item[], keyOf: (item: Item) => string): Held<Item> {
  const held = useRef(false);
  const order = useRef<string[]>([]);
  const items = held.current ? inOrder(sorted, order.current, keyOf) : [...sorted];
  order.current = items.map(keyOf);
  const set = (value: boolean) => () => {
    held.current = value;
  };
  return { items, hold: { onPointerEnter: set(true), onPointerLeave: set(false), onFocus: set(true), onBlur: set(false) } };
}

/** The items in a known order, those that it does not know behind. */
export function inOrder<Item>(items: readonly Item[], order: readonly string[], keyOf: (item: Item) => string): Item[] {
  const places = new Map(order.map((key, place) => [key, place]));
  const placeOf = (item: Item) => places.get(keyOf(item)) ?? Infinity;
  return [...items].sort((one, other) => {
    const [a, b] = [placeOf(one), placeOf(other)];
    return a === b ? 0 : a - b;
  });
}

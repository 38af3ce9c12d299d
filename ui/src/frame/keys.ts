// Keys: one listener for the page. A view names what its keys do while it is shown; the newest
// view that knows a key gets it. Typing in a field is left alone, but for Escape.
import { useLayoutEffect, useRef } from "react";

export type Keys = Record<string, () => void>;

/** A key after `g` counts for this long. */
const LEADER_MS = 1_200;

const views: { keys: Keys }[] = [];
let leader = -Infinity;

window.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("[role=dialog][aria-modal=true]")) return;
  if (isTyping(event.target) && event.key !== "Escape") return;
  if (event.key === "Enter" && isControl(event.target)) return;
  const held = event.timeStamp - leader < LEADER_MS ? `g ${event.key}` : event.key;
  leader = event.key === "g" ? event.timeStamp : -Infinity;
  const view = [...views].reverse().find(({ keys }) => held in keys);
  if (!view) return;
  event.preventDefault();
  view.keys[held]?.();
});

/** Makes `keys` work while the caller is shown. */
export function useKeys(keys: Keys): void {
  const entry = useRef({ keys });
  entry.current.keys = keys;
  // Before the first paint: who sees the page can use its keys.
  useLayoutEffect(() => {
    const own = entry.current;
    views.push(own);
    return () => void views.splice(views.indexOf(own), 1);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const text = target instanceof HTMLInputElement && !["radio", "checkbox"].includes(target.type);
  return text || target instanceof HTMLTextAreaElement || target.isContentEditable;
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a, input, summary") !== null;
}

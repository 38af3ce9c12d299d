// How wide an element is, as long as it is there: charts are drawn as wide as their place.
import { type RefObject, useEffect, useRef, useState } from "react";

/** The place to measure, and its width in pixels; 0 until it is drawn. */
export function useWidth(): { place: RefObject<HTMLDivElement | null>; width: number } {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return { place, width };
}

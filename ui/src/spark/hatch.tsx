// The hatch of what would drop, for areas in SVG.
import { useId } from "react";
import css from "./spark.module.css";

export function useHatch(): { id: string; fill: string } {
  const id = useId();
  return { id, fill: `url(#${id})` };
}

export function Hatch({ id }: { id: string }) {
  return (
    <pattern id={id} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect className={css.ground} width="5" height="5" />
      <path className={css.hatch} d="M0 0V5" />
    </pattern>
  );
}

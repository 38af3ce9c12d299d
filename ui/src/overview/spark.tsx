// A small chart without axes: the shape of a number over time. The number stands beside it.
import { useId } from "react";
import css from "./overview.module.css";

interface Props {
  values: readonly number[];
  look: "forwarded" | "would";
  width?: number;
  height?: number;
}

/** More points than pixels say nothing more. */
const POINTS = 48;

export function Spark({ values, look, width = 120, height = 20 }: Props) {
  const id = useId();
  const points = thinned(values);
  if (points.length < 2) return <span className="label">no data yet</span>;
  const top = Math.max(...points, 1);
  const across = (index: number) => ((index / points.length) * width).toFixed(1);
  const up = (value: number) => (height - 1 - (value / top) * (height - 3)).toFixed(1);
  const steps = points.map((value, index) => `${index ? "" : "M"}${across(index)} ${up(value)}H${across(index + 1)}`);
  const line = steps.map((step, index) => (index ? `V${up(points[index]!)}${step.slice(step.indexOf("H"))}` : step)).join("");
  return (
    <svg className={css.spark} width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {look === "would" && (
        <>
          <pattern id={id} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <path className={css.hatchLine} d="M0 0V5" />
          </pattern>
          <path d={`${line}V${height}H0Z`} fill={`url(#${id})`} />
        </>
      )}
      <path className={look === "would" ? css.sparkWould : css.sparkForwarded} d={line} />
    </svg>
  );
}

function thinned(values: readonly number[]): number[] {
  if (values.length <= POINTS) return [...values];
  const share = values.length / POINTS;
  return Array.from({ length: POINTS }, (_, point) => {
    const part = values.slice(Math.floor(point * share), Math.floor((point + 1) * share));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

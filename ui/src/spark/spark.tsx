// A small chart without axes: the shape of a number over time. The number stands beside it.
import { Hatch, useHatch } from "./hatch";
import { area, line, thinned } from "./steps";
import css from "./spark.module.css";

interface Props {
  values: readonly number[];
  look: "forwarded" | "would" | "dropped";
}

const WIDTH = 120;
const HEIGHT = 20;
const POINTS = 48;

export function Spark({ values, look }: Props) {
  const hatch = useHatch();
  const points = thinned(values, POINTS);
  if (points.length < 2) return <span className="label">no data yet</span>;
  const room = { width: WIDTH, height: HEIGHT, top: Math.max(...points, 1) };
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {look === "would" && (
        <>
          <Hatch id={hatch.id} />
          <path d={area(points, room)} fill={hatch.fill} />
        </>
      )}
      {look === "dropped" ? <path className={css.dropped} d={area(points, room)} /> : <path className={look === "would" ? css.would : css.forwarded} d={line(points, room)} />}
    </svg>
  );
}

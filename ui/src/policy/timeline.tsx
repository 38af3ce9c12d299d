// What a policy's revisions did: packets that were stopped at the workloads it selects, over the
// time of its changes, each revision a line through it.
import type { Sample } from "../wire/rest";
import type { RevisionMark } from "../live/marks";
import { Hatch, useHatch } from "../spark/hatch";
import { area, line } from "../spark/steps";
import { useWidth } from "../spark/width";
import spark from "../spark/spark.module.css";
import { rate } from "../words/number";
import { onDay } from "../words/time";
import { type Column, columnsOf, runsOf, sidesOf } from "./course";
import css from "./policy.module.css";

const HEIGHT = 64;
/** Above the columns: who, and what. */
const WORDS = 36;
const COLUMN = 4;
/** About what a letter takes at this size. */
const LETTER = 6.6;

interface Props {
  samples: readonly Sample[];
  marks: readonly RevisionMark[];
  since: number;
  until: number;
}

export function Timeline({ samples, marks, since, until }: Props) {
  const { place, width } = useWidth();
  const columns = columnsOf(samples, since, until, Math.max(Math.floor(width / COLUMN), 1));
  const top = Math.max(...columns.map((column) => column?.all ?? 0), 0);
  return (
    <div ref={place} className={css.timeline}>
      <svg width={width} height={WORDS + HEIGHT} aria-hidden="true">
        <g transform={`translate(0 ${WORDS})`}>
          <Course columns={columns} top={Math.max(top, 1)} />
          <line className={css.ground} x2={width} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        </g>
        <Marks marks={marks} width={width} across={(time) => ((time - since) / (until - since)) * width} />
      </svg>
      <p className={spark.words}>
        <span>{onDay(since, until)}</span>
        <span>{top === 0 ? "nothing was or would be dropped" : `would drop and dropped, up to ${rate(top)} packets a second`}</span>
        <span>now</span>
      </p>
    </div>
  );
}

function Course({ columns, top }: { columns: readonly (Column | null)[]; top: number }) {
  const hatch = useHatch();
  return (
    <>
      <Hatch id={hatch.id} />
      {runsOf(columns).map((run) => {
        const room = { width: run.columns.length * COLUMN, height: HEIGHT, top };
        const would = run.columns.map((column) => column.would);
        return (
          <g key={run.at} transform={`translate(${run.at * COLUMN} 0)`}>
            <path className={spark.dropped} d={area(run.columns.map(({ all }) => all), room)} />
            <path d={area(would, room)} fill={hatch.fill} />
            {would.some((each) => each > 0) && <path className={spark.would} d={line(would, room)} />}
          </g>
        );
      })}
    </>
  );
}

function Marks({ marks, width, across }: { marks: readonly RevisionMark[]; width: number; across: (time: number) => number }) {
  const named = marks.map((mark) => {
    const who = `r${mark.revision} ${mark.who}`.trim();
    return { ...mark, who, x: Math.round(across(mark.time)), width: Math.max(who.length, mark.title.length) * LETTER + 12 };
  });
  const sides = sidesOf(named, width);
  return named.map(({ revision, who, title, x }, at) => (
    <g key={revision} transform={`translate(${x} 0)`}>
      <rect className={css.mark} x={-0.5} width={1} height={WORDS + HEIGHT} />
      <rect className={css.mark} x={-2.5} width={5} height={5} />
      {sides[at] && (
        <g textAnchor={sides[at] === "right" ? "start" : "end"} transform={`translate(${sides[at] === "right" ? 6 : -6} 0)`}>
          <text className={css.who} y={10}>{who}</text>
          <text className={css.title} y={25}>{title}</text>
        </g>
      )}
    </g>
  ));
}

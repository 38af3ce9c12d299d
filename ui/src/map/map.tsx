// The map: who talks to whom, by namespace, with how each connection fared. The drawing is for the
// eye; the list beside it says the same and is what keys and screen readers use.
import { useEffect, useMemo, useRef, useState } from "react";
import { useMediaQuery } from "@mantine/hooks";
import type { Map as Body } from "../wire/rest";
import { readMap } from "../wire/client";
import { choose, useAddress } from "../live/address";
import { renewalOf, useAnswer } from "../live/answer";
import { useCell } from "../live/cell";
import { isIn, useScope } from "../live/scope";
import { endsOf as spanEnds, keyOfSpan, phraseOf, useSpan } from "../live/span";
import { lastOf, onFlows, status } from "../live/store";
import { Banner } from "../frame/banner";
import { TableBones } from "../frame/bones";
import { useKeys } from "../frame/keys";
import { WordFilter } from "../frame/word-filter";
import { told } from "../words/sentence";
import { exact } from "../words/number";
import { Drawing } from "./drawing";
import { saveSvg } from "./export";
import { carriedOn, linesOf } from "./graph";
import { groupsOf } from "./groups";
import { type Layout, layoutOf, WIDTHS } from "./layout";
import { List } from "./list";
import { endsOf, seenLines } from "./seen";
import css from "./map.module.css";

/** More ends than this are shown by namespace first. */
const ENDS_AT_MOST = 150;
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5];

export default function MapPage() {
  const { params } = useAddress();
  const span = useSpan();
  const workloads = useCell(status)?.coverage.workloads;
  const wanted = params.get("group");
  const group = wanted === "namespace" || wanted === "workload" ? wanted : (workloads ?? 0) > ENDS_AT_MOST ? "namespace" : "workload";
  const live = span.kind === "moving" && !span.paused;
  const { asked, again, carry } = useAnswer<Body>({
    key: `${keyOfSpan(span)} ${group} ${workloads === undefined}`,
    ask: () => {
      const { since, until } = spanEnds(span);
      return readMap(since, until, group);
    },
    ...(live ? { renewMs: renewalOf(span.length) } : {}),
  });
  useEffect(() => (live ? onFlows((flows) => carry((map) => carriedOn(map, flows))) : undefined), [live, group]);

  const map = lastOf(asked);
  if (!map) return asked.phase === "failed" ? <NoMap message={asked.message} again={again} /> : <TableBones rows={12} />;
  return (
    <>
      {asked.phase === "failed" && <NoMap message={asked.message} again={again} />}
      <Known map={map} phrase={phraseOf(span)} />
    </>
  );
}

function Known({ map, phrase }: { map: Body; phrase: string }) {
  const { params } = useAddress();
  const text = params.get("q") ?? "";
  const scope = useScope();
  const wanted = params.get("around");
  const around = map.nodes.find(({ id }) => id === wanted) ?? null;
  const drawing = useRef<SVGSVGElement>(null);
  const [pointed, setPointed] = useState<string | null>(null);
  const [zoom, setZoom] = useState<number | null>(null);
  const lines = useMemo(() => linesOf(map.edges), [map]);
  const seen = useMemo(() => seenLines(lines.filter(({ source, destination }) => isIn(source, scope) || isIn(destination, scope)), text, around?.id ?? null), [lines, text, scope, around?.id]);
  const layout = useLayout(map, lines);
  const step = (by: number) => {
    const at = ZOOMS.findIndex((one) => one >= (zoom ?? 1));
    setZoom(ZOOMS[Math.min(Math.max(at + by, 0), ZOOMS.length - 1)]!);
  };
  const focus = (id: string | null) => {
    setPointed(null);
    choose({ around: id }, "push");
  };
  useKeys({ "+": () => step(1), "-": () => step(-1), "0": () => setZoom(null), Escape: () => around && focus(null) });

  return (
    <div className={css.page}>
      <div className={css.head}>
        <h1 className="title">
          Map{around && <> <span className="quiet">around</span> {around.kind === "namespace" ? around.name : around.id}</>}
          {!around && <span className="quiet"> {countWords(map)}</span>}
        </h1>
        <span className={css.spring} />
        {around && <button type="button" className="button" onClick={() => focus(null)}>Show all <kbd className="wide">Esc</kbd></button>}
        <GroupChoice map={map} />
        <button type="button" className="button" onClick={() => drawing.current && saveSvg(drawing.current, "podwall-map.svg")}>Export SVG</button>
      </div>
      <WordFilter hint="verdict:dropped namespace:payments port:443" />
      <div className={css.columns}>
        <section className={`panel ${css.drawing}`} aria-label="Drawing">
          <div className={css.room} tabIndex={0} role="group" aria-label="The drawing; the list beside it says the same">
            {map.nodes.length === 0 && <p className={`${css.bare} second`}>A workload stands here as soon as the workload file names it, or Kubernetes runs it on this node.</p>}
            <Drawing ref={drawing} map={map} layout={layout} lines={seen} all={lines} around={around?.id ?? null} pointed={pointed}
              zoom={zoom} focus={focus} />
          </div>
          <div className={css.foot}>
            <Legend />
            <span className={css.spring} />
            <button type="button" className="square" onClick={() => step(-1)} aria-label="Smaller (-)" title="Smaller (-)">−</button>
            <button type="button" className="button tight" onClick={() => setZoom(null)} title="All in sight (0)">Fit</button>
            <button type="button" className="square" onClick={() => step(1)} aria-label="Larger (+)" title="Larger (+)">+</button>
          </div>
        </section>
        <List map={map} ends={endsOf(map.nodes, lines)} lines={seen} around={around} phrase={phrase} pointed={pointed}
          point={setPointed} focus={focus} filtered={text !== "" || scope !== null} />
      </div>
    </div>
  );
}

function Legend() {
  return (
    <p className={css.legend}>
      <svg className={css.forwarded} width="36" height="12" aria-hidden="true"><path d="M0 6h34M29 2l5 4-5 4" /></svg>forwarded
      <svg className={css.would} width="44" height="12" aria-hidden="true"><path className={css.line} d="M0 6h22" /><path d="M30 1l5 5-5 5-5-5z" /></svg>would drop
      <svg className={css.dropped} width="36" height="12" aria-hidden="true"><path d="M0 6h24" /><path className={css.mark} d="M24 1h10v10h-10z" /></svg>dropped, stops short
      <span className="wide third">wider: more often</span>
    </p>
  );
}

/** Places stay while the ends stay; what is new finds a place beside them. */
function useLayout(map: Body, lines: readonly { source: string; destination: string }[]): Layout {
  const last = useRef<{ key: string; room: string; layout: Layout } | null>(null);
  const width = useMediaQuery("(max-width: 1100px)", false, { getInitialValueInEffect: false }) ? WIDTHS.narrow : WIDTHS.wide;
  const key = map.nodes.map(({ id }) => id).sort().join("\n");
  const room = `${map.group} ${width}`;
  if (last.current?.key !== key || last.current.room !== room) {
    const before = last.current?.room === room ? last.current.layout : null;
    const arcs = lines.map(({ source, destination }) => [source, destination] as const);
    last.current = { key, room, layout: layoutOf(groupsOf(map, arcs), arcs, width, before) };
  }
  return last.current.layout;
}

function GroupChoice({ map }: { map: Body }) {
  const other = map.group === "namespace" ? "workload" : "namespace";
  return (
    <button type="button" className="button" onClick={() => choose({ group: other, around: null }, "push")}>
      {other === "namespace" ? "By namespace" : "By workload"}
    </button>
  );
}

function countWords({ nodes, group, left_out }: Body): string {
  const inside = nodes.filter(({ kind }) => kind !== "outside").length;
  const outside = nodes.length - inside;
  const noun = group === "namespace" ? (inside === 1 ? "namespace" : "namespaces") : inside === 1 ? "workload" : "workloads";
  const beyond = outside > 0 ? `, ${exact(outside)} outside` : "";
  return `${exact(inside)} ${noun}${beyond}${left_out > 0 ? `; ${exact(left_out)} connections more than are shown` : ""}`;
}

function NoMap({ message, again }: { message: string; again: () => void }) {
  return (
    <Banner loud action={<button type="button" className="button tight" onClick={again}>Try again</button>}>
      <b>The map did not arrive.</b> {told(message)}
    </Banner>
  );
}

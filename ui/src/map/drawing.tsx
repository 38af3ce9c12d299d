// The drawing of the map. For the eye and the pointer only: the list beside it is what keys and
// screen readers use, so nothing here takes the focus.
import { memo, type Ref, useMemo, useState } from "react";
import type { Map as Body, MapNode } from "../wire/rest";
import { counted, exact } from "../words/number";
import { holdsWords } from "../words/hold";
import { type Look, portWords } from "../words/verdict";
import type { Line } from "./graph";
import { type Label, labelsOf, nearestLabel } from "./label";
import type { Box, Layout, Place } from "./layout";
import { type Route, routesOf } from "./route";
import css from "./map.module.css";

/** With more lines than this, ports are named only where somebody looks, and what passes is faint. */
const NAMED_AT_MOST = 36;
const NAME_FITS = { node: 23, bare: 14 };

interface Props {
  map: Body;
  layout: Layout;
  /** What the filter and the focus leave. */
  lines: readonly Line[];
  all: readonly Line[];
  around: string | null;
  pointed: string | null;
  /** 1 is a pixel a pixel; nothing is all in sight. */
  zoom: number | null;
  focus: (id: string) => void;
  ref: Ref<SVGSVGElement>;
}

export function Drawing({ map, layout, lines, all, around, pointed, zoom, focus, ref }: Props) {
  const routes = useMemo(() => routesOf(lines, layout), [lines, layout]);
  const active = useMemo(() => new Set(lines.flatMap(({ source, destination }) => [source, destination])), [lines]);
  const narrowed = around !== null || lines.length !== all.length;
  const named = lines.length <= NAMED_AT_MOST;
  const [over, setOver] = useState<string | null>(null);
  const labels = useMemo(() => {
    const near = named ? routes : routes.filter(({ line }) => over === line.source || over === line.destination);
    return labelsOf(near, near, layout);
  }, [routes, layout, named, named ? null : over]);
  const worst = useMemo(() => worstOf(all), [all]);
  const { width, height } = layout;
  const lookOf = ({ id, source, destination }: Line): string => {
    if (pointed !== null) return pointed === id ? css.pointed! : css.faint!;
    if (over !== null) return over === source || over === destination ? css.near! : css.faint!;
    return "";
  };
  const labelOf = (route: Route): Label | null => {
    const { id, source, destination } = route.line;
    if (pointed !== null && pointed !== id) return null;
    const near = pointed === id || over === source || over === destination;
    return labels.get(id) ?? (near ? nearestLabel(route) : null);
  };
  const size = zoom === null ? { maxWidth: width, minWidth: width * 0.85 } : { width: width * zoom };
  return (
    <svg ref={ref} className={css.map} data-crowded={!named || undefined} viewBox={`0 0 ${width} ${height}`} style={size} aria-hidden="true">
      {layout.boxes.filter(({ bare }) => !bare).map((box) => <Frame key={box.key} box={box} />)}
      {routes.toReversed().map((route) => (
        <Way key={route.line.id} route={route} look={lookOf(route.line)} label={labelOf(route)} />
      ))}
      {map.nodes.map((node) => {
        const place = layout.places.get(node.id);
        return place && (
          <Node key={node.id} node={node} place={place} focused={node.id === around} apart={narrowed && !active.has(node.id) && node.id !== around}
            look={worst.get(node.id) ?? null} focus={focus} over={setOver} />
        );
      })}
    </svg>
  );
}

function Frame({ box }: { box: Box }) {
  return (
    <g>
      <rect className={css.frame} x={box.x} y={box.y} width={box.width} height={box.height} rx="8" />
      <text className={css.space} x={box.x + 14} y={box.y + 23}>{box.title}</text>
    </g>
  );
}

interface NodeProps {
  node: MapNode;
  place: Place;
  focused: boolean;
  apart: boolean;
  /** The worst that came to it. */
  look: Look | null;
  focus: (id: string) => void;
  over: (id: string | null) => void;
}

const Node = memo(function Node({ node, place, focused, apart, look, focus, over }: NodeProps) {
  const { x, y, width, height } = place;
  const bare = node.kind === "namespace";
  const facts = factsOf(node);
  const state = focused ? css.focused : apart ? css.apart : "";
  return (
    <g className={`${css.node} ${state}`} onClick={() => focus(node.id)} onPointerEnter={() => over(node.id)} onPointerLeave={() => over(null)}>
      <title>{[node.id, facts].filter(Boolean).join(": ")}</title>
      <rect x={x} y={y} width={width} height={height} rx="4" />
      <text className={css.name} x={x + 10} y={bare ? y + 15 : facts ? y + height / 2 - 3 : y + height / 2 + 5}>{cut(node.name, bare ? NAME_FITS.bare : NAME_FITS.node)}</text>
      {facts && <text className={css.facts} x={x + 10} y={bare ? y + 28 : y + height / 2 + 13}>{bare ? counted(node.workloads, "workload") : facts}</text>}
      {bare && look === "would" && <path className={css.wouldSign} d={`M${x + width - 14} ${y + 7}l5 5-5 5-5-5z`} />}
      {bare && look === "dropped" && <path className={css.droppedSign} d={`M${x + width - 18} ${y + 8}h9v9h-9z`} />}
    </g>
  );
});

function factsOf({ kind, ingress, egress, workloads }: MapNode): string {
  const held = ingress && egress ? holdsWords(ingress, egress) : "";
  return kind === "namespace" ? [counted(workloads, "workload"), held].filter(Boolean).join(", ") : held;
}

/** What became worst of what was sent to each end. */
function worstOf(lines: readonly Line[]): Map<string, Look> {
  const worst = new Map<string, Look>();
  for (const { destination, look } of lines) {
    if (look === "dropped" || (look === "would" && worst.get(destination) !== "dropped")) worst.set(destination, look);
  }
  return worst;
}

const cut = (name: string, most: number): string => (name.length > most ? `${name.slice(0, most - 1)}…` : name);

interface WayProps {
  route: Route;
  label: Label | null;
  look: string;
}

const Way = memo(function Way({ route, label, look }: WayProps) {
  const { line, path, head, mark, width } = route;
  return (
    <g className={`${css.way} ${css[line.look]} ${look}`}>
      <title>{`${line.source} to ${line.destination}: ${exact(line.count)} times on ${line.ports.map(portWords).join(", ")}`}</title>
      <path className={css.line} d={path} strokeWidth={width} />
      {head && <path className={css.head} d={head} />}
      {line.look === "would" && <path className={css.mark} d={`M${mark.x} ${mark.y - 6}l6 6-6 6-6-6z`} />}
      {line.look === "dropped" && <path className={css.mark} d={`M${mark.x - 5.5} ${mark.y - 5.5}h11v11h-11z`} />}
      {label && <text className={css.port} x={label.x} y={label.y + 4} textAnchor="middle">{label.text}</text>}
    </g>
  );
});

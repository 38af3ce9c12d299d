// What the drawing shows, as a list: all ends, or whom the end in focus connects with. `j` and `k`
// go through it, Enter goes on from there.
import { useRef } from "react";
import type { Map as Body, MapNode } from "../wire/rest";
import { href, hrefOfPolicy, hrefOfWorkload } from "../live/address";
import { serverNow } from "../live/span";
import { useHeld } from "../live/held";
import { Link } from "../frame/link";
import { useKeys } from "../frame/keys";
import { Named } from "../verdict/end";
import { Mark } from "../verdict/mark";
import { counted, exact, short } from "../words/number";
import { holdsWords } from "../words/hold";
import { utc, when } from "../words/time";
import { nameOf, portWords } from "../words/verdict";
import type { Line } from "./graph";
import type { EndFigures } from "./seen";
import css from "./map.module.css";

/** As many as anybody reads; the filter finds the others. */
const SHOWN = 200;
const LOOK_WORDS = { forwarded: "forwarded", would: "would drop", dropped: "dropped" } as const;

interface Props {
  map: Body;
  ends: readonly EndFigures[];
  lines: readonly Line[];
  around: MapNode | null;
  phrase: string;
  pointed: string | null;
  point: (line: string | null) => void;
  focus: (id: string | null) => void;
  filtered: boolean;
}

export function List(props: Props) {
  const place = useRef<HTMLElement>(null);
  const step = (by: number) => {
    const rows = [...(place.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
    const at = rows.indexOf(document.activeElement as HTMLElement);
    rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
  };
  useKeys({ j: () => step(1), k: () => step(-1) });
  return (
    <section ref={place} className={`panel ${css.list}`} aria-label="List">
      {props.around ? <Around {...props} around={props.around} /> : <All {...props} />}
    </section>
  );
}

function All({ ends, lines, phrase, focus, filtered }: Props) {
  const met = new Set(lines.flatMap(({ source, destination }) => [source, destination]));
  const { items, hold } = useHeld(filtered ? ends.filter(({ node }) => met.has(node.id)) : ends, ({ node }) => node.id);
  return (
    <div {...hold}>
      <div className={css.listHead}><h2 className="heading">{filtered ? "What matches" : "All ends"}</h2><span className="label">stopped, {phrase}</span></div>
      {items.length === 0 && <p className={`${css.note} second`}>{filtered ? "Nothing matches. Take a word out of the filter." : "Nothing is here yet: no workload is known."}</p>}
      <ul>
        {items.slice(0, SHOWN).map(({ node, out, into, stopped, look }) => (
          <li key={node.id}>
            <button type="button" className={css.row} data-row onClick={() => focus(node.id)}>
              <Mark look={look} />
              <span className={css.rowName}>{node.kind === "namespace" ? <b className="medium">{node.name}</b> : <Named name={node.id} />}</span>
              <span className={`${css.times} ${stopped === 0 ? "third" : ""}`} title={exact(stopped)}>{short(stopped)}</span>
              <span className={css.rowFacts}>{endWords(out, into)}{node.ingress && node.egress && `; ${holdsWords(node.ingress, node.egress)}`}</span>
            </button>
          </li>
        ))}
      </ul>
      {items.length > SHOWN && <p className={`${css.note} label`}>and {counted(items.length - SHOWN, "more end")}: the filter finds them</p>}
    </div>
  );
}

function endWords(out: number, into: number): string {
  if (out + into === 0) return "no traffic";
  return [out > 0 ? `connects to ${out}` : "", into > 0 ? `reached by ${into}` : ""].filter(Boolean).join(", ");
}

function Around({ lines, around, phrase, pointed, point, map }: Props & { around: MapNode }) {
  const out = lines.filter(({ source }) => source === around.id);
  const into = lines.filter(({ destination }) => destination === around.id);
  return (
    <>
      <div className={css.around}>
        <h2 className="heading">{around.kind === "namespace" ? around.name : <Named name={around.id} />}</h2>
        <p className="small second">{aboutWords(around)}</p>
        <p className="small">{<Ways around={around} />}</p>
      </div>
      <Side title={out.length === 0 ? "It connects to nothing" : `Connects to ${ends(out, "destination")}`} lines={out} end="destination" {...{ phrase, pointed, point, map }} />
      <Side title={into.length === 0 ? "Nothing connects to it" : `Reached by ${ends(into, "source")}`} lines={into} end="source" {...{ phrase, pointed, point, map }} />
    </>
  );
}

const ends = (lines: readonly Line[], end: "source" | "destination"): number => new Set(lines.map((line) => line[end])).size;

function aboutWords({ kind, workloads, ingress, egress }: MapNode): string {
  const held = ingress && egress ? `${holdsWords(ingress, egress)}` : "";
  switch (kind) {
    case "namespace":
      return `A namespace of ${counted(workloads, "workload")}; the weakest of them is ${held}.`;
    case "workload":
      return `A workload, ${held || "held in a way that is not known"}.`;
    case "outside":
      return "No workload that is known here.";
  }
}

function Ways({ around }: { around: MapNode }) {
  if (around.kind === "namespace") {
    return <Link href={href("/map", { group: "workload", q: `namespace:${around.name}` })}>Its workloads</Link>;
  }
  return (
    <>
      {around.kind === "workload" && <><Link href={hrefOfWorkload(around.id)}>The workload</Link>{" · "}</>}
      <Link href={href("/flows", { q: `with:${around.id}` })}>Its flows</Link>
    </>
  );
}

interface SideProps extends Pick<Props, "phrase" | "pointed" | "point" | "map"> {
  title: string;
  lines: readonly Line[];
  end: "source" | "destination";
}

function Side({ title, lines, end, phrase, pointed, point, map }: SideProps) {
  return (
    <section>
      <div className={css.listHead}><h3 className="label">{title}</h3>{lines.length > 0 && <span className="label">times, {phrase}</span>}</div>
      <ul>
        {lines.map((line) => {
          const ask = { from: line.source, to: line.destination };
          return (
            <li key={line.id} onPointerEnter={() => point(line.id)} onPointerLeave={() => point(null)}>
              <Link className={css.row} data-row data-look={line.look} data-pointed={pointed === line.id || undefined}
                href={href("/flows", { q: flowTerms(ask.from, ask.to, line, map) })} onFocus={() => point(line.id)} onBlur={() => point(null)}
                title={`Flows, last ${utc(line.last)}`}>
                <Mark look={line.look} />
                <span className={css.rowName}>{map.group === "namespace" && line[end].endsWith("/") ? <b className="medium">{line[end].slice(0, -1)}</b> : <Named name={line[end]} />}</span>
                <span className={css.times} title={exact(line.count)}>{short(line.count)}</span>
                <span className={css.rowFacts}>{portsWords(line)}, {LOOK_WORDS[line.look]}, {when(line.last, serverNow())}</span>
              </Link>
              <Deciders line={line} />
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Deciders({ line }: { line: Line }) {
  const [first, ...more] = line.policies;
  if (!first || line.look === "forwarded") return null;
  return (
    <p className={css.decider}>
      <Link href={hrefOfPolicy(first)}>{nameOf(first)}</Link>
      {more.length > 0 && <span title={more.map(nameOf).join(", ")}> and {more.length} more</span>}
    </p>
  );
}

function portsWords({ ports }: Line): string {
  return ports.length <= 3 ? ports.map(portWords).join(", ") : `${ports.length} ports`;
}

function flowTerms(from: string, to: string, { look }: Line, { group }: Body): string {
  const end = (id: string) => (group === "namespace" && id.endsWith("/") ? `${id}*` : id);
  const verdict = look === "would" ? "would-drop" : look;
  return `verdict:${verdict} from:${end(from)} to:${end(to)}`;
}

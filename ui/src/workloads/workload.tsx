// One workload: how each direction is held and by what, what went in and out over time, its peers
// and its ports.
import { useEffect } from "react";
import type { Direction, HeldBy, PortStats, WorkloadDetail } from "../wire/rest";
import { readWorkload } from "../wire/client";
import { href, hrefOfPolicy } from "../live/address";
import { renewalOf, useAnswer } from "../live/answer";
import { useCell } from "../live/cell";
import { totalOf } from "../live/series";
import { endsOf, keyOfSpan, phraseOf, type Span, stepOf, useSpan } from "../live/span";
import { lastOf, onFlows, status } from "../live/store";
import { Banner } from "../frame/banner";
import { TableBones } from "../frame/bones";
import { Link } from "../frame/link";
import { ChartPanel } from "../overview/chart-panel";
import { HeldMark } from "../verdict/held";
import { counted } from "../words/number";
import { sentence, told } from "../words/sentence";
import { modeWords, nameOf, portWords } from "../words/verdict";
import { useMarks } from "../live/use-marks";
import { withFlows } from "./carry";
import { Peers } from "./peers";
import { Events } from "./events";
import css from "./workloads.module.css";

export function WorkloadPage({ name }: { name: string }) {
  const span = useSpan();
  const revision = useCell(status)?.revision;
  const live = span.kind === "moving" && !span.paused;
  const { asked, again, carry } = useAnswer<WorkloadDetail>({
    key: `${name} ${keyOfSpan(span)}`, round: revision,
    ask: () => {
      const { since, until } = endsOf(span);
      const step = stepOf(span.length);
      return readWorkload(name, { since: Math.floor(since / step) * step, until, step });
    },
    ...(live ? { renewMs: renewalOf(span.length) } : {}),
  });
  useEffect(() => (live ? onFlows((flows) => carry((now) => withFlows(now, flows))) : undefined), [live, name]);
  const detail = lastOf(asked);
  const failed = asked.phase === "failed" && (
    <Banner loud action={<button type="button" className="button tight" onClick={again}>Try again</button>}>
      <b>{name} is not shown.</b> {told(asked.message)}
    </Banner>
  );
  if (!detail) return failed || <TableBones rows={10} />;
  return <div className={css.page}>{failed}<Known detail={detail} span={span} /></div>;
}

function Known({ detail, span }: { detail: WorkloadDetail; span: Span }) {
  const known = useCell(status);
  const revisions = useMarks(span);
  const { name, addresses, labels, node, revision, not_enforced, held_by } = detail;
  const cut = name.indexOf("/");
  const { samples, since, until, step } = detail;
  const stats = { samples, total: totalOf(samples), namespaces: [], pairs: [] };
  return (
    <>
      <header>
        <p className={css.crumb}><Link href={href("/workloads")}>Workloads</Link> / <Link href={href("/workloads", { q: `namespace:${name.slice(0, cut)}` })}>{name.slice(0, cut)}</Link></p>
        <div className={css.title}>
          <h1 className="title">{name.slice(cut + 1)}</h1>
          <span className={css.spring} />
          <Link className="button" href={href("/flows", { q: `with:${name}` })}>Its flows</Link>
          <Link className="button" href={href("/map", { around: name })}>On the map</Link>
        </div>
        <dl className={css.facts}>
          <div><dt>Addresses</dt><dd>{addresses.join(", ") || "none yet"}</dd></div>
          {node && <div><dt>Node</dt><dd>{node}</dd></div>}
          {revision !== undefined && revision > 0 && <div><dt>In force</dt><dd>revision {revision}</dd></div>}
          <div><dt>Labels</dt><dd>{labels.map((label) => label.replace(/^k8s:/, "")).filter((label) => !label.startsWith("io.")).join(", ") || "none"}</dd></div>
        </dl>
      </header>
      {not_enforced && <Banner loud><b>Nothing is held here.</b> {told(not_enforced)}</Banner>}
      <div className={css.ways}>
        <Way direction="ingress" detail={detail} held={held_by} />
        <Way direction="egress" detail={detail} held={held_by} />
      </div>
      <div className={css.two}>
        <ChartPanel shown={{ stats, since, until, step }} span={span} status={known} revisions={revisions} />
        <Ports ports={detail.ports} phrase={phraseOf(span)} />
      </div>
      <Peers title="Who connects to it" none="Nothing connects to it." peers={detail.peers_in} name={name} end="from" phrase={phraseOf(span)} />
      <Peers title="Where it connects to" none="It connects to nothing." peers={detail.peers_out} name={name} end="to" phrase={phraseOf(span)} />
      {detail.left_out > 0 && <p className="label">{counted(detail.left_out, "peer")} more were seen than are shown.</p>}
    </>
  );
}

function Way({ direction, detail, held }: { direction: Direction; detail: WorkloadDetail; held: readonly HeldBy[] }) {
  const about = held.filter(({ directions, isolates }) => directions.includes(direction) || isolates.includes(direction));
  const hold = detail[direction];
  const way = direction === "ingress" ? "in" : "out";
  return (
    <section className={`panel ${css.way}`} aria-label={direction === "ingress" ? "Inward" : "Outward"}>
      <div className={css.wayHead}>
        <h2 className="heading">{direction === "ingress" ? "Inward" : "Outward"}</h2>
        <HeldMark hold={hold} />
      </div>
      <p className="small second">{holdSentence(hold, way)}</p>
      <ul>
        {about.map(({ policy, mode, isolates }) => (
          <li key={policy}>
            <Link href={hrefOfPolicy(policy)}>{nameOf(policy)}</Link>
            <span className="label">{modeWords(mode).toLowerCase()}{isolates.includes(direction) ? ", isolates" : ""}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function holdSentence(hold: WorkloadDetail["ingress"], way: "in" | "out"): string {
  const going = way === "in" ? "may come in" : "may go out";
  switch (hold) {
    case "enforced":
      return sentence(`only what a rule allows ${going}`);
    case "detected":
      return sentence(`everything ${going}; what no rule allows is recorded as would drop`);
    case "open":
      return sentence(`everything ${going}: no policy holds this direction`);
  }
}

function Ports({ ports, phrase }: { ports: readonly PortStats[]; phrase: string }) {
  return (
    <section className="panel" aria-label="Ports">
      <div className={css.partHead}><h2 className="heading">Its ports</h2><span className="label">times, {phrase}</span></div>
      {ports.length === 0 ? <p className={css.note}>Nobody asked for one.</p> : (
        <table className="grid">
          <thead><tr><th scope="col">Port</th><th scope="col" className="right">Times</th></tr></thead>
          <tbody>
            {ports.map(({ port, name, events }) => (
              <tr key={port}>
                <td><b className="medium">{portWords(port)}</b>{name && <span className="third"> {name}</span>}</td>
                <td className="right"><Events counts={events} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

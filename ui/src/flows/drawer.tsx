// The drawer of one flow: what became of it, both ends, why, and the same question as commands. It
// lies over the table's last columns and is not modal: the table stays in use beside it.
import type { Flow, Peer } from "../wire/rest";
import { choose, href, hrefOfPolicy, useAddress } from "../live/address";
import { useSpan } from "../live/span";
import { Draft } from "../draft/draft";
import { Command } from "../frame/command";
import { Icon } from "../frame/icon";
import { Link } from "../frame/link";
import { Arrow, End, endName } from "../verdict/end";
import { Pill } from "../verdict/pill";
import { counted } from "../words/number";
import { sentence } from "../words/sentence";
import { clockMillis, utc } from "../words/time";
import { policyOf } from "../words/verdict";
import { commandsFor } from "./command";
import { OverTime } from "./over-time";
import { PolicyLink, ReasonChain } from "./reason";
import css from "./flows.module.css";

interface Props {
  flow: Flow;
  close: () => void;
  step: (by: number) => void;
}

export function FlowDrawer({ flow, close, step }: Props) {
  const span = useSpan();
  const drafting = useAddress().params.has("allow");
  const commands = commandsFor(flow, span.kind === "moving" ? span.window.since : "1h");
  const decider = flow.policy ?? (flow.rule ? policyOf(flow.rule) : null);
  const pair = `from:${endName(flow.source)} to:${endName(flow.destination)} port:${flow.port}`;
  return (
    <aside className={css.drawer} aria-label="Flow">
      <div className={css.bar}>
        <Pill verdict={flow.verdict} />
        <span className="label numbers" title={utc(flow.time)}>
          {clockMillis(flow.time)}{flow.count > 1 && `, ${counted(flow.count, "time")}`}
        </span>
        <span className={css.spring} />
        <button type="button" className="square" onClick={() => step(-1)} aria-label="Row before (k)" title="Row before (k)"><Icon name="up" /></button>
        <button type="button" className="square" onClick={() => step(1)} aria-label="Next row (j)" title="Next row (j)"><Icon name="down" /></button>
        <button type="button" className="square" onClick={close} aria-label="Close (Esc)" title="Close (Esc)"><Icon name="close" /></button>
      </div>
      <div className={css.body} tabIndex={0} role="region" aria-label="What became of it and why">
        <h2 className="title">
          <End peer={flow.source} /><Arrow /><End peer={flow.destination} />
          <span className="quiet"> on {flow.port} {flow.protocol.toLowerCase()}</span>
        </h2>
        <p className={css.says}><Outcome flow={flow} decider={decider} /></p>
        <div className={css.ends}>
          <EndFacts word="From" peer={flow.source} port={flow.source_port} />
          <EndFacts word="To" peer={flow.destination} port={flow.port} service={flow.service} />
        </div>
        <h3 className={css.part}>Why</h3>
        <ReasonChain flow={flow} />
        <OverTime flow={flow} decider={decider} />
        {drafting && <Draft key={flow.seq} flow={flow} close={() => choose({ allow: null }, "replace")} />}
        <h3 className={css.part}>The same question on the command line</h3>
        <Command text={commands.podwall} />
        <Command text={commands.hubble} />
      </div>
      <div className={css.foot}>
        {flow.verdict !== "forwarded" && !drafting && (
          <button type="button" className="button" onClick={() => choose({ allow: "1" }, "replace")}>Allow this</button>
        )}
        {flow.verdict === "would_drop" && decider && (
          <Link className="button" href={href("/policies", { enforce: decider })}>It should be dropped</Link>
        )}
        <span className={css.spring} />
        <Link className="wide" href={href("/flows", { q: pair })}>This pair</Link>
        {decider && <Link href={hrefOfPolicy(decider)}>Policy</Link>}
        <Link className="wide" href={href("/map", { around: flow.workload })}>Map</Link>
      </div>
    </aside>
  );
}

function Outcome({ flow, decider }: { flow: Flow; decider: string | null }) {
  const why = flow.reason_text ? ` ${sentence(flow.reason_text)}` : "";
  switch (flow.verdict) {
    case "forwarded":
      return <>It was let through.{flow.kind === "closed" && " The connection has ended."}</>;
    case "would_drop":
      if (!decider) return <>It was let through; in enforcement it would be dropped.{why}</>;
      return <>It was let through. If <PolicyLink id={decider} /> enforced, it would be dropped.</>;
    case "dropped":
      if (!decider) return <>It was dropped.{why}</>;
      return <>It was dropped: <PolicyLink id={decider} /> enforces.</>;
    case "would_allow":
      return <>It was dropped. If all of detection enforced, it would pass.</>;
  }
}

/** Labels that repeat what the name says already; the hover has them all. */
const IMPLIED = /^io\.(kubernetes\.pod|cilium\.k8s)\./;

interface EndProps {
  word: string;
  peer: Peer;
  port: number;
  service?: Flow["service"];
}

function EndFacts({ word, peer, port, service }: EndProps) {
  const name = peer.workload?.split("/")[1] ?? endName(peer);
  const labels = (peer.labels ?? []).map((label) => label.replace(/^k8s:/, "")).filter((label) => !IMPLIED.test(label));
  const address = peer.ip.includes(":") ? `[${peer.ip}]:${port}` : `${peer.ip}:${port}`;
  return (
    <dl>
      <dt>{word}</dt><dd className="medium">{name}{service && <span className="second"> by service {service.name ?? service.ip}:{service.port}</span>}</dd>
      <dt>Address</dt><dd>{address}</dd>
      {(peer.names ?? []).length > 0 && <><dt>Names</dt><dd>{peer.names?.join(", ")}</dd></>}
      {labels.length > 0 && <><dt>Labels</dt><dd title={(peer.labels ?? []).join(", ")}>{labels.join(", ")}</dd></>}
      <dt>Identity</dt><dd>{peer.identity}</dd>
    </dl>
  );
}

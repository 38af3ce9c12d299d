// Packets and bytes over time of what decided a flow: counted by the kernel at the workload that
// judged, in that direction, so exact; with whom, only records say.
import type { Flow, Stats, VerdictCounts, Verdict } from "../wire/rest";
import { readDecided } from "../wire/client";
import { renewalOf, useAnswer } from "../live/answer";
import { endsOf, keyOfSpan, phraseOf, stepOf, type Span, useSpan } from "../live/span";
import { lastOf } from "../live/store";
import { Spark } from "../spark/spark";
import { bytes, counted, exact, rate } from "../words/number";
import { told } from "../words/sentence";
import { nameOf } from "../words/verdict";
import css from "./flows.module.css";

const VERDICTS: Record<Verdict, keyof VerdictCounts> = { forwarded: "forwarded", would_drop: "would_drop", dropped: "dropped", would_allow: "dropped" };

interface Props {
  flow: Flow;
  /** The policy whose rule decided, if one did. */
  decider: string | null;
}

export function OverTime({ flow, decider }: Props) {
  const span = useSpan();
  const verdict = VERDICTS[flow.verdict];
  const { workload, direction } = flow;
  // No rule decided where none allows: that is counted without a policy.
  const policy = flow.rule ? decider : null;
  const live = span.kind === "moving" && !span.paused;
  const { asked, again } = useAnswer<Stats>({
    key: `${keyOfSpan(span)} ${workload} ${direction} ${verdict} ${policy}`,
    ask: () => readDecided({ ...endsOf(span), step: stepOf(span.length), workload, direction, verdict, ...(policy ? { policy } : {}) }),
    ...(live ? { renewMs: renewalOf(span.length) } : {}),
  });
  const shown = lastOf(asked);
  return (
    <>
      <h3 className={css.part}>Packets and bytes over time</h3>
      {asked.phase === "failed" && <p className="small second">They did not arrive. {told(asked.message)} <button type="button" className="plain" onClick={again}>Ask again</button></p>}
      {shown && <Lanes stats={shown} verdict={verdict} />}
      <p className={css.aside}>{scopeWords(flow, policy, span)}</p>
    </>
  );
}

function Lanes({ stats, verdict }: { stats: Stats; verdict: keyof VerdictCounts }) {
  const look = verdict === "forwarded" ? "forwarded" : verdict === "dropped" ? "dropped" : "would";
  const perSecond = (pick: "packets" | "bytes") =>
    stats.samples.map((sample) => (sample[pick][verdict] * 1_000) / Math.max(sample.end - sample.start, 1));
  const [packets, volume] = [stats.total.packets[verdict], stats.total.bytes[verdict]];
  const [packetRates, byteRates] = [perSecond("packets"), perSecond("bytes")];
  return (
    <dl className={css.lanes}>
      <dt>Packets</dt><dd><Spark values={packetRates} look={look} /></dd>
      <dd title={exact(packets)}><b className="medium">{counted(packets, "packet")}</b><span className="third">, up to {rate(Math.max(...packetRates, 0))} a second</span></dd>
      <dt>Bytes</dt><dd><Spark values={byteRates} look={look} /></dd>
      <dd title={exact(volume)}><b className="medium">{bytes(volume)}</b><span className="third">, up to {bytes(Math.max(...byteRates, 0))} a second</span></dd>
    </dl>
  );
}

const FARED: Record<Verdict, string> = { forwarded: "was let through", would_drop: "would be dropped", dropped: "was dropped", would_allow: "was dropped" };

function scopeWords({ workload, direction, verdict }: Flow, policy: string | null, span: Span): string {
  const where = `${direction === "ingress" ? "into" : "out of"} ${workload} in ${phraseOf(span)}`;
  return `All that ${FARED[verdict]} ${where}, ${policy ? `as the rules of ${nameOf(policy)} say` : "whatever decided it"}, whoever the other end is. Counted packet by packet.`;
}

// Four figures: packets processed, the shares that were and would be dropped, and how the
// workloads are held. Each leads to the page that shows more.
import type { ReactNode } from "react";
import type { Held, Pair, Status, VerdictCounts } from "../wire/rest";
import { href } from "../live/address";
import { useScope } from "../live/scope";
import { allOf } from "../live/series";
import type { Span } from "../live/span";
import type { Shown } from "../live/stats";
import { Link } from "../frame/link";
import { Mark } from "../verdict/mark";
import { exact, figure, percent, rate, short } from "../words/number";
import { Cells } from "./coverage";
import css from "./overview.module.css";

interface Props {
  shown: Shown;
  span: Span;
  status: Status | null;
  partial: boolean;
}

export function Figures({ shown, span, status, partial }: Props) {
  const { packets } = shown.stats.total;
  const all = allOf(packets);
  const atLeast = partial ? "≥ " : "";
  const seconds = knownSeconds(shown);
  const size = figure(all);
  return (
    <section className={`panel ${css.figures}`} aria-label="Figures">
      <Figure
        label="Packets processed" to={href("/flows")} hover={`${exact(all)} packets`}
        value={`${atLeast}${size.value}`} unit={size.unit}
        context={`${rate(seconds > 0 ? all / seconds : 0)} a second, at both ends`}
      />
      <Figure
        label={<><Mark look="dropped" />Dropped</>} to={href("/flows", { q: "verdict:dropped" })}
        hover={`${exact(packets.dropped)} of ${exact(all)} packets`}
        value={`${atLeast}${percent(packets.dropped, all)}`} unit="%"
        context={stoppedWords(packets.dropped, shown.stats.pairs, "dropped")}
      />
      <Figure
        label={<><Mark look="would" />Would drop</>} to={href("/flows", { q: "verdict:would-drop" })}
        hover={`${exact(packets.would_drop)} of ${exact(all)} packets`}
        value={`${atLeast}${percent(packets.would_drop, all)}`} unit="%"
        context={stoppedWords(packets.would_drop, shown.stats.pairs, "would_drop")}
      />
      <Coverage status={status} key={span.kind} />
    </section>
  );
}

interface FigureProps {
  label: ReactNode;
  to: string;
  value: string;
  unit: string;
  context: string;
  hover: string;
}

function Figure({ label, to, value, unit, context, hover }: FigureProps) {
  return (
    <Link className={css.figure} href={to} title={hover}>
      <span className={css.figureLabel}>{label}</span>
      <span className={css.big}>{value}<small>{unit}</small></span>
      <span className={css.context}>{context}</span>
    </Link>
  );
}

function Coverage({ status }: { status: Status | null }) {
  const scope = useScope();
  if (!status) {
    return <div className={css.figure}><span className={css.figureLabel}>Coverage</span><span className={css.none}>no data yet</span></div>;
  }
  const { workloads, ingress, egress } = status.coverage;
  return (
    <Link className={css.figure} href={href("/policies")}>
      <span className={css.figureLabel}>
        Coverage of {scope === null ? "" : "all "}{workloads} {workloads === 1 ? "workload" : "workloads"}
      </span>
      <span className={css.cover}>
        <Way held={ingress} word="in" />
        <Way held={egress} word="out" />
      </span>
    </Link>
  );
}

function Way({ held, word }: { held: Held; word: string }) {
  return (
    <span>
      <span className={css.big}>{held.enforced + held.detected}<small>{word}</small></span>
      <Cells held={held} word={word} />
    </span>
  );
}

function stoppedWords(count: number, pairs: readonly Pair[], verdict: keyof VerdictCounts): string {
  if (count === 0) return "no packet";
  const packets = `${short(count)} ${count === 1 ? "packet" : "packets"}`;
  const targets = new Set(pairs.filter((pair) => pair.verdict === verdict).map(({ destination }) => destination));
  const [only] = targets;
  if (targets.size === 1 && only) return `${packets}, all to ${only}`;
  return targets.size > 1 ? `${packets}, to ${targets.size} destinations` : packets;
}

function knownSeconds({ stats }: Shown): number {
  return stats.samples.reduce((sum, { start, end }) => sum + (end - start) / 1000, 0);
}

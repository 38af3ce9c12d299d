// The chain of reasons: one step a direction, egress first, in sentences; for a default deny the
// nearest rules and which part of each did not match.
import { useEffect, useMemo, useState, type ReactNode } from "react";
import type { Direction, ExplainedDirection, Flow, Nearest } from "../wire/rest";
import { explain } from "../wire/client";
import { hrefOfPolicy } from "../live/address";
import { book, lastOf, policies } from "../live/store";
import { useCell } from "../live/cell";
import { Link } from "../frame/link";
import { endName, Named } from "../verdict/end";
import { Mark } from "../verdict/mark";
import { sentence } from "../words/sentence";
import { lookOf, nameOf, policyOf, ruleWords, verdictWords } from "../words/verdict";
import css from "./flows.module.css";

/** Both ends judge the same packet within this time. */
const SAME_PACKET_MS = 2_000;

export function ReasonChain({ flow }: { flow: Flow }) {
  const sibling = useMemo(() => siblingOf(flow), [flow]);
  const other = useOtherSide(flow, sibling !== null);
  const steps: [Direction, ReactNode][] = [[flow.direction, <Recorded key="own" flow={flow} />]];
  if (sibling) steps.push([sibling.direction, <Recorded key="other" flow={sibling} />]);
  else if (other) steps.push([other.direction, <AsPoliciesStand key="other" side={other} />]);
  steps.sort(([one], [two]) => (one === two ? 0 : one === "egress" ? -1 : 1));
  return <ol className={css.chain}>{steps.map(([, step]) => step)}</ol>;
}

/** The record of the other end's judgement of the same packet, if it is here. */
function siblingOf(flow: Flow): Flow | null {
  const same = (other: Flow) =>
    other.direction !== flow.direction && other.source.ip === flow.source.ip &&
    other.destination.ip === flow.destination.ip && other.port === flow.port &&
    other.source_port === flow.source_port && other.protocol === flow.protocol &&
    Math.abs(other.time - flow.time) < SAME_PACKET_MS;
  return book.flows.find(same) ?? null;
}

/** Where the other end left no record: what the policies say of it now. */
function useOtherSide(flow: Flow, known: boolean): ExplainedDirection | null {
  const [side, setSide] = useState<ExplainedDirection | null>(null);
  const { workload: from } = flow.source;
  const { workload: to } = flow.destination;
  const port = `${flow.port}/${flow.protocol}`;
  useEffect(() => {
    setSide(null);
    if (known || !from || !to) return;
    let gone = false;
    explain(from, to, port).then(
      ({ directions }) => {
        if (!gone) setSide(directions.find(({ direction }) => direction !== flow.direction) ?? null);
      },
      () => setSide(null),
    );
    return () => {
      gone = true;
    };
  }, [flow.seq, known]);
  return side;
}

interface StepProps {
  direction: Direction;
  workload: string;
  verdict: Flow["verdict"];
  children: ReactNode;
}

function Step({ direction, workload, verdict, children }: StepProps) {
  return (
    <li>
      <Mark look={lookOf(verdict)} />
      <div className="medium">
        {direction === "egress" ? "Out of" : "Into"} <Named name={workload} />: {verdictWords(verdict)}.
      </div>
      {children}
    </li>
  );
}

function Recorded({ flow }: { flow: Flow }) {
  const { nearest = [] } = flow;
  return (
    <Step direction={flow.direction} workload={flow.workload} verdict={flow.verdict}>
      <p><Because flow={flow} /></p>
      {nearest.length > 0 && <NearestRules nearest={nearest} flow={flow} />}
    </Step>
  );
}

function Because({ flow }: { flow: Flow }) {
  const mode = useModeOf(flow.policy);
  const way = flow.direction === "egress" ? "outward" : "inward";
  if (flow.rule) {
    const verb = flow.verdict === "forwarded" ? "allows" : flow.reason === "default_deny" ? "isolates" : "denies";
    return <><PolicyLink id={policyOf(flow.rule)} />{mode} {verb} it by {ruleWords(flow.rule)}.</>;
  }
  if (flow.policy) {
    const more = (flow.nearest ?? []).length > 0 ? " The nearest do not match:" : "";
    return <><PolicyLink id={flow.policy} />{mode} holds {flow.workload} {way}: what no rule allows is dropped.{more}</>;
  }
  if (flow.verdict !== "forwarded" && flow.reason_text) return <>{sentence(flow.reason_text)}</>;
  return <>No policy holds {flow.workload} {way}, so everything may {way === "outward" ? "leave" : "enter"}.</>;
}

function useModeOf(id: string | undefined): string {
  const list = lastOf(useCell(policies)) ?? [];
  const mode = list.find((policy) => policy.id === id)?.mode;
  return mode ? ` (${mode})` : "";
}

export function PolicyLink({ id }: { id: string }) {
  return <Link href={hrefOfPolicy(id)}>{nameOf(id)}</Link>;
}

function AsPoliciesStand({ side }: { side: ExplainedDirection }) {
  return (
    <Step direction={side.direction} workload={side.workload} verdict={side.verdict}>
      {side.sentences.map((text) => <p key={text}>{sentence(text)}</p>)}
      <p className={css.aside}>This end left no record; so it is as policies stand now.</p>
    </Step>
  );
}

function NearestRules({ nearest, flow }: { nearest: readonly Nearest[]; flow: Flow }) {
  const peer = flow.direction === "ingress" ? flow.source : flow.destination;
  return (
    <div className={css.near}>
      <table>
        <thead>
          <tr><th scope="col">Rule</th><th scope="col">Peer</th><th scope="col">Protocol</th><th scope="col">Port</th></tr>
        </thead>
        <tbody>
          {nearest.flatMap((rule) => [
            <tr key={rule.rule}>
              <td title={rule.rule}>
                {flow.policy === policyOf(rule.rule) ? "" : `${nameOf(rule.rule)} `}{ruleWords(rule.rule)}
              </td>
              <Fit fits={rule.peer} value={endName(peer)} />
              <Fit fits={rule.protocol} value={flow.protocol.toLowerCase()} />
              <Fit fits={rule.port} value={String(flow.port)} />
            </tr>,
            <tr key={`${rule.rule} why`} className={css.why}><td colSpan={4}>{sentence(rule.why)}</td></tr>,
          ])}
        </tbody>
      </table>
    </div>
  );
}

function Fit({ fits, value }: { fits: boolean; value: string }) {
  return (
    <td className={fits ? css.fits : css.differs}>
      <span aria-hidden="true">{fits ? "= " : "≠ "}</span>
      <span className="unseen">{fits ? "matches " : "does not match "}</span>
      {value}
    </td>
  );
}

// The drawer of one policy: what it says in sentences and what each decided, what is wrong with it,
// what was changed, its text, and where its mode comes from. For a file that cannot be written: the
// line to add.
import type { Diagnostic, Mode, Policy } from "../wire/rest";
import { href, hrefOfPolicy } from "../live/address";
import { Command } from "../frame/command";
import { Icon } from "../frame/icon";
import { Link } from "../frame/link";
import { isInForce, isRefused, kindWord, MODES, modeWords, nameOf } from "../words/verdict";
import { sentence } from "../words/sentence";
import { History, Sentences, useRecord } from "./record";
import { Tests } from "./tests";
import { commandFor } from "./trouble";
import css from "./policies.module.css";

interface Props {
  policy: Policy;
  close: () => void;
  step: (by: number) => void;
}

export function PolicyDrawer({ policy, close, step }: Props) {
  // The text that is shown is the one in force: findings of a newer text have no line in it.
  const own = isRefused(policy) && isInForce(policy) ? [] : policy.diagnostics;
  const findings = new Map(own.map((finding) => [finding.line, finding]));
  const record = useRecord(policy.id);
  return (
    <aside className={css.drawer} aria-label="Policy">
      <div className={css.bar}>
        <span className="label" title={policy.kind}>{kindWord(policy.kind)} in {policy.namespace ?? "all namespaces"}</span>
        <span className={css.spring} />
        <button type="button" className="square" onClick={() => step(-1)} aria-label="Policy before (k)" title="Policy before (k)"><Icon name="up" /></button>
        <button type="button" className="square" onClick={() => step(1)} aria-label="Next policy (j)" title="Next policy (j)"><Icon name="down" /></button>
        <button type="button" className="square" onClick={close} aria-label="Close (Esc)" title="Close (Esc)"><Icon name="close" /></button>
      </div>
      <div className={css.body} tabIndex={0} role="region" aria-label="What it says">
        <h2 className="title">{policy.name}</h2>
        <p className="second">{modeWords(policy.mode)}, {modeSource(policy)}. It selects {selects(policy.workloads)}.</p>
        {isRefused(policy) && (
          <p className="second">
            {isInForce(policy) ? "The newest text is refused; the one before it stays in force." : "It is refused, and nothing of it is in force."}
          </p>
        )}
        {policy.diagnostics.map((finding) => <Finding key={`${finding.code} ${finding.line}`} finding={finding} />)}
        {policy.sentences.length > 0 && <Sentences sentences={policy.sentences} record={record} />}
        <Tests id={policy.id} />
        <History id={policy.id} record={record} />
        {!policy.writable && <LineToAdd policy={policy} />}
        <h3 className={css.part}>Its text <span className="label">{policy.file}</span></h3>
        <Yaml text={policy.yaml} findings={findings} />
        <h3 className={css.part}>The same switch on the command line</h3>
        {MODES.filter((mode) => mode !== policy.mode).map((mode: Mode) => <Command key={mode} text={commandFor(policy, mode)} />)}
      </div>
      <div className={css.foot}>
        <Link className="button" href={hrefOfPolicy(policy.id)}>Its page</Link>
        <Link className="button" href={href("/flows", { q: `policy:${nameOf(policy.id)}` })}>Flows it decided</Link>
      </div>
    </aside>
  );
}

function modeSource({ mode_from, namespace }: Policy): string {
  switch (mode_from) {
    case "policy":
      return "as its own annotation says";
    case "namespace":
      return `as the namespace ${namespace ?? "of its subject"} says`;
    case "cluster":
      return "as is set for everything";
  }
}

function selects(workloads: readonly string[]): string {
  return workloads.length === 0 ? "no workload that is here" : workloads.join(", ");
}

function Finding({ finding }: { finding: Diagnostic }) {
  const { severity, message, hint, line, column, code } = finding;
  return (
    <div className={css.finding} data-severity={severity}>
      <b>{severity === "error" ? "Refused" : "Warning"}, line {line}, column {column}.</b> {sentence(message)}
      {hint && <p>{sentence(hint)}</p>}
      <span className="label">{code}</span>
    </div>
  );
}

function LineToAdd({ policy }: { policy: Policy }) {
  return (
    <>
      <h3 className={css.part}>The line to add</h3>
      <p className="small second">{policy.file} cannot be written from here. Where it comes from, add under metadata.annotations:</p>
      <Command text={`podwall.io/mode: ${policy.mode === "enforce" ? "detect" : "enforce"}`} />
    </>
  );
}

function Yaml({ text, findings }: { text: string; findings: ReadonlyMap<number, Diagnostic> }) {
  return (
    <pre className={css.yaml} tabIndex={0} aria-label="YAML">
      {text.replace(/\n$/, "").split("\n").map((line, index) => (
        <span key={index} className={css.line} data-wrong={findings.has(index + 1) || undefined}>
          <span className={css.number} aria-hidden="true">{index + 1}</span>{line}{"\n"}
        </span>
      ))}
    </pre>
  );
}

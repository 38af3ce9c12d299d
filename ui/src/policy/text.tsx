// The text of a policy with its lines counted; in the margin what each rule decided; findings under
// their line. A sentence and its lines light each other.
import { Fragment, useState } from "react";
import type { Diagnostic, PolicyDetail, RuleStats } from "../wire/rest";
import { allOf } from "../live/series";
import { exact, short } from "../words/number";
import { sentence } from "../words/sentence";
import { isInForce, isRefused, ruleWords } from "../words/verdict";
import { lineOfRule, linesOfRule, ownDocument } from "./lines";
import css from "./policy.module.css";

interface Props {
  policy: PolicyDetail;
  lit: string | null;
  light: (rule: string | null) => void;
}

interface Margin {
  rule: RuleStats;
  number: number;
  first: boolean;
}

export function Text({ policy, lit, light }: Props) {
  const { first, lines } = ownDocument(policy.yaml, policy);
  const margins = marginsOf(lines, policy.rules);
  // The text that is shown is the one in force: findings of a newer text have no line in it.
  const elsewhere = isRefused(policy) && isInForce(policy);
  const findings = (line: number) => (elsewhere ? [] : policy.diagnostics.filter((finding) => finding.line === line));
  return (
    <section className={css.text} aria-label="YAML">
      <div className={css.partHead}><h2 className="heading">{elsewhere ? "YAML in force" : "YAML"}</h2><Copy text={`${lines.join("\n")}\n`} /></div>
      {elsewhere && <div className={css.elsewhere}>{policy.diagnostics.map((finding) => <Finding key={finding.code + finding.line} finding={finding} />)}</div>}
      <pre className={css.lines} tabIndex={0} aria-label="YAML, with what each rule decided">
        {lines.map((line, index) => {
          const margin = margins.get(index + 1);
          return (
            <Fragment key={index}>
              <span className={css.line} data-rule={margin ? "" : undefined} data-lit={(margin && margin.rule.rule === lit) || undefined}
                data-wrong={findings(first + index).length > 0 || undefined}
                onPointerEnter={() => light(margin?.rule.rule ?? null)} onPointerLeave={() => light(null)}>
                <Hits margin={margin} /><span className={css.count} aria-hidden="true">{first + index}</span>{line}{"\n"}
              </span>
              {findings(first + index).map((finding) => <Finding key={finding.code} finding={finding} />)}
            </Fragment>
          );
        })}
      </pre>
    </section>
  );
}

/** By line within the document, from 1. */
function marginsOf(lines: readonly string[], rules: readonly RuleStats[]): Map<number, Margin> {
  const margins = new Map<number, Margin>();
  rules.forEach((rule, index) => {
    const line = lineOfRule(lines, rule.rule);
    if (line === null || line < 1 || line > lines.length) return;
    const { first, last } = linesOfRule(lines, line);
    for (let line = first; line <= last; line += 1) {
      if (!margins.has(line) || margins.get(line)!.first === false) margins.set(line, { rule, number: index + 1, first: line === first });
    }
  });
  return margins;
}

function Hits({ margin }: { margin: Margin | undefined }) {
  if (!margin?.first) return <span className={css.hits} aria-hidden="true" />;
  const { rule, number } = margin;
  const all = allOf(rule.packets);
  return (
    <span className={css.hits} title={`${ruleWords(rule.rule)}: ${exact(all)} packets`}>
      {rule.last_hit === undefined ? "never hit" : short(all)}<b>{number}</b>
    </span>
  );
}

function Finding({ finding }: { finding: Diagnostic }) {
  const { severity, message, hint, line, column, code } = finding;
  return (
    <span className={css.finding} data-severity={severity}>
      <b>{severity === "error" ? "Error" : "Warning"}, line {line}, column {column}.</b> {sentence(message)}{hint && ` ${sentence(hint)}`} <span className="label">{code}</span>
    </span>
  );
}

function Copy({ text }: { text: string }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("Select the text");
    }
  };
  return <span><span className="label" role="status">{said} </span><button type="button" className="plain small" onClick={copy}>Copy</button></span>;
}

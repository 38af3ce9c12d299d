// The rules of a policy as sentences, by direction, each with what it decided and when last; then
// what becomes of all that no rule allows.
import type { Direction, PolicyDetail, RuleStats } from "../wire/rest";
import { href } from "../live/address";
import { allOf } from "../live/series";
import { serverNow } from "../live/span";
import { Link } from "../frame/link";
import { Mark } from "../verdict/mark";
import { counted, exact, short } from "../words/number";
import { sentence } from "../words/sentence";
import { when } from "../words/time";
import { nameOf, ruleWords } from "../words/verdict";
import css from "./policy.module.css";

interface Props {
  policy: PolicyDetail;
  phrase: string;
  lit: string | null;
  light: (rule: string | null) => void;
}

const WAYS: readonly [Direction, string][] = [["ingress", "Inward"], ["egress", "Outward"]];

export function Rules({ policy, phrase, lit, light }: Props) {
  const number = new Map(policy.rules.map(({ rule }, index) => [rule, index + 1]));
  return (
    <section className={css.rules} aria-label="In words">
      <div className={css.partHead}><h2 className="heading">In words</h2><span className="label">packets, {phrase}</span></div>
      {policy.rules.length === 0 && <p className={css.note}>It says nothing that is in force.</p>}
      {WAYS.map(([direction, word]) => {
        const rules = policy.rules.filter((rule) => rule.direction === direction);
        return rules.length > 0 && (
          <div key={direction}>
            <h3 className={css.way}>{word}</h3>
            <ol>
              {rules.map((rule) => <Rule key={rule.rule} rule={rule} number={number.get(rule.rule)!} lit={lit === rule.rule} light={light} />)}
            </ol>
          </div>
        );
      })}
      <Rest policy={policy} />
    </section>
  );
}

interface RuleProps {
  rule: RuleStats;
  number: number;
  lit: boolean;
  light: (rule: string | null) => void;
}

function Rule({ rule, number, lit, light }: RuleProps) {
  return (
    <li className={css.rule} data-lit={lit || undefined} onPointerEnter={() => light(rule.rule)} onPointerLeave={() => light(null)}>
      <span className={css.number} title={ruleWords(rule.rule)}>{number}</span>
      <div>
        <p>{sentence(rule.text)}</p>
        <p className={css.facts}>{hitWords(rule)}</p>
        {rule.shadowed && (
          <p className={css.facts}>
            <b>Shadowed.</b> {sentence(rule.shadowed.why)}
            {(rule.shadowed.by ?? []).length > 0 && ` First comes ${rule.shadowed.by!.map((by) => `${nameOf(by)} ${ruleWords(by)}`).join(", ")}.`}
          </p>
        )}
      </div>
    </li>
  );
}

/** What a rule decided in the time that was asked for, and when last. */
export function hitWords({ packets, last_hit }: RuleStats): string {
  const all = allOf(packets);
  if (last_hit === undefined) return "Never hit since the counters began";
  const last = `last ${when(last_hit, serverNow())}`;
  return all === 0 ? `Nothing in this time, ${last}` : `${counted(all, "packet")}, ${last}`;
}

/** What the default deny stopped: the rest of the sentence that a policy is. */
function Rest({ policy }: { policy: PolicyDetail }) {
  const { packets: { would_drop, dropped }, last_hit } = policy.default_deny ?? { packets: policy.packets, last_hit: undefined };
  const denies = policy.rules.some(({ rule }) => rule.includes("Deny"));
  if (policy.rules.length === 0 || denies) return null;
  const enforces = policy.mode === "enforce";
  return (
    <div className={css.rule}>
      <span className={css.restMark}><Mark look={enforces ? "dropped" : "would"} /></span>
      <div>
        <p>Anything else {enforces ? "is dropped" : "would be dropped"}.</p>
        <p className={css.facts}>
          {would_drop + dropped === 0 ? (last_hit === undefined ? "Nothing since the counters began" : `Nothing in this time, last ${when(last_hit, serverNow())}`) : (
            <>
              {dropped > 0 && <b className={css.dropped} title={exact(dropped)}>{short(dropped)} dropped</b>}
              {dropped > 0 && would_drop > 0 && ", "}
              {would_drop > 0 && <b className={css.would} title={exact(would_drop)}>{short(would_drop)} would drop</b>}
              {" "}packets in this time. <Link href={href("/flows", { q: `-verdict:forwarded policy:${nameOf(policy.id)}` })}>See them</Link>
            </>
          )}
        </p>
      </div>
    </div>
  );
}

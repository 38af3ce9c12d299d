// What is known of a policy beside its text, as its drawer tells it: what each rule decided and when
// last, and what was changed about it by whom.
import type { PolicyDetail, Sentence } from "../wire/rest";
import { readPolicy } from "../wire/client";
import { hrefOfPolicy } from "../live/address";
import { renewalOf, useAnswer } from "../live/answer";
import { useCell } from "../live/cell";
import { endsOf, keyOfSpan, phraseOf, serverNow, useSpan } from "../live/span";
import { lastOf, status } from "../live/store";
import { Link } from "../frame/link";
import { hitWords } from "../policy/rules";
import { changeWords, wayWords } from "../words/change";
import { sentence } from "../words/sentence";
import { onDay, utc } from "../words/time";
import { ruleWords } from "../words/verdict";
import css from "./policies.module.css";

const CHANGES_SHOWN = 4;

export interface Recorded {
  /** Nothing until it is here; its sentences are known before. */
  detail: PolicyDetail | null;
  phrase: string;
}

export function useRecord(id: string): Recorded {
  const span = useSpan();
  const revision = useCell(status)?.revision;
  const live = span.kind === "moving" && !span.paused;
  const { asked } = useAnswer<PolicyDetail>({
    key: `${id} ${keyOfSpan(span)}`, round: revision,
    ask: () => {
      const { since, until } = endsOf(span);
      return readPolicy(id, since, until);
    },
    ...(live ? { renewMs: renewalOf(span.length) } : {}),
  });
  const detail = lastOf(asked);
  return { detail: detail?.id === id ? detail : null, phrase: phraseOf(span) };
}

export function Sentences({ sentences, record: { detail, phrase } }: { sentences: readonly Sentence[]; record: Recorded }) {
  const hits = new Map(detail?.rules.map((rule) => [rule.rule, rule]));
  return (
    <>
      <h3 className={css.part}>What it says <span className="label">and what each rule decided in {phrase}</span></h3>
      <ol className={css.sentences}>
        {sentences.map(({ rule, text }) => {
          const own = hits.get(rule);
          return (
            <li key={rule + text}>
              <span>{sentence(text)}{own && <span className={css.hits}>{hitWords(own)}</span>}</span>
              <span className="label">{ruleWords(rule)}</span>
            </li>
          );
        })}
      </ol>
    </>
  );
}

export function History({ id, record: { detail } }: { id: string; record: Recorded }) {
  if (!detail) return null;
  const { changes } = detail;
  const rest = changes.length - CHANGES_SHOWN;
  const now = serverNow();
  return (
    <section aria-label="What was changed">
      <h3 className={css.part}>What was changed</h3>
      {changes.length === 0 && <p className="small second">Nothing since the log began.</p>}
      <ol className={css.history}>
        {changes.slice(0, CHANGES_SHOWN).map((change) => (
          <li key={change.seq}>
            <span className="third">r{change.revision}</span>
            <span title={utc(change.time)}>{onDay(change.time, now)}</span>
            <span><b className="medium">{change.who}</b> <span className="third">by {wayWords(change.by)}</span></span>
            <span>{changeWords(change)}</span>
          </li>
        ))}
      </ol>
      {rest > 0 && <p className="small"><Link href={hrefOfPolicy(id)}>{rest} before</Link></p>}
    </section>
  );
}

// What changed about a policy, newest first, each with what was stopped at the workloads it selects
// in the hour before and the hour after: whether a change was the cause is seen here. A default deny
// is nobody's rule, so that the workloads are asked, not the policy.
import type { Change } from "../wire/rest";
import { readStatsAt } from "../wire/client";
import { useAnswer } from "../live/answer";
import { serverNow } from "../live/span";
import { lastOf } from "../live/store";
import { Mark } from "../verdict/mark";
import { changeWords, wayWords } from "../words/change";
import { exact, short } from "../words/number";
import { onDay, utc } from "../words/time";
import { aroundOf, type Around, questionOf } from "./around";
import css from "./policy.module.css";

/** As many as one question may name. */
const WORKLOADS = 64;

export function Log({ id, workloads, changes }: { id: string; workloads: readonly string[]; changes: readonly Change[] }) {
  const now = serverNow();
  const { asked } = useAnswer({
    key: `around ${id} ${changes[0]?.seq}`,
    ask: async () => (changes.length === 0 || workloads.length === 0 ? null : readStatsAt(workloads.slice(0, WORKLOADS), questionOf(changes, serverNow()))),
  });
  const samples = lastOf(asked)?.samples ?? [];
  return (
    <section className={`panel ${css.part}`} aria-label="What changed">
      <div className={css.logHead}>
        <h2 className="heading">What changed</h2>
        {changes.length > 0 && <span className="label"><Mark look="would" size={8} />stopped at its workloads, the hour before and after</span>}
      </div>
      {changes.length === 0 ? <p className="small second">Nothing since the log began.</p> : (
        <ol className={css.log}>
          {changes.map((change) => (
            <li key={change.seq}>
              <span className={css.revision}>r{change.revision}</span>
              <span title={utc(change.time)}>{onDay(change.time, now)}</span>
              <span><b className="medium">{change.who}</b> <span className="third">by {wayWords(change.by)}</span></span>
              <span>{changeWords(change)}</span>
              <Stopped around={aroundOf(samples, change.time)} />
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Stopped({ around: { before, after } }: { around: Around }) {
  const told = (count: number | null) => (count === null ? "–" : short(count));
  const whole = (count: number | null) => (count === null ? "nothing known" : `${exact(count)} packets`);
  return (
    <span className="right" title={`${whole(before)} in the hour before, ${whole(after)} in the hour after`}>
      <span className="unseen">stopped in the hour before and after: </span>{before === null && after === null ? "no data" : `${told(before)} → ${told(after)}`}
    </span>
  );
}

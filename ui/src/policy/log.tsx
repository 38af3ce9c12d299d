// What changed about a policy: the course of what was stopped at the workloads it selects, and each
// change with the hour before and the hour after: whether it was the cause is seen here. A default
// deny is nobody's rule, so that the workloads are asked, not the policy.
import type { Change } from "../wire/rest";
import { readStatsAt } from "../wire/client";
import { useAnswer } from "../live/answer";
import { marksOf } from "../live/marks";
import { serverNow } from "../live/span";
import { lastOf } from "../live/store";
import { Mark } from "../verdict/mark";
import { changeWords, wayWords } from "../words/change";
import { exact, short } from "../words/number";
import { onDay, utc } from "../words/time";
import { aroundOf, type Around, questionOf } from "./around";
import { Timeline } from "./timeline";
import css from "./policy.module.css";

/** As many as one question may name. */
const WORKLOADS = 64;

export function Log({ id, workloads, changes }: { id: string; workloads: readonly string[]; changes: readonly Change[] }) {
  const now = serverNow();
  const { asked } = useAnswer({
    key: `around ${id} ${changes[0]?.seq}`,
    ask: async () => {
      if (changes.length === 0 || workloads.length === 0) return null;
      const question = questionOf(changes, serverNow());
      const { samples } = await readStatsAt(workloads.slice(0, WORKLOADS), question);
      return { ...question, samples };
    },
  });
  const course = lastOf(asked);
  const samples = course?.samples ?? [];
  return (
    <section className={`panel ${css.part}`} aria-label="What changed, and what it did">
      <div className={css.logHead}>
        <h2 className="heading">What changed, and what it did</h2>
        {changes.length > 0 && <span className="label"><Mark look="would" size={8} />stopped at its workloads, the hour before and after</span>}
      </div>
      {course && <Timeline samples={course.samples} marks={marksOf(changes, [])} since={course.since} until={course.until} />}
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

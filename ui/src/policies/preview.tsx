// Before Enforce: what this switch would have done to recorded connections, judged by what enforces
// today and this policy. Where it leans on policies in detection, a box takes them along; count,
// examples and button follow it. The switch itself stays where it is.
import { useEffect, useRef, useState } from "react";
import type { Policy, Preview as Answer } from "../wire/rest";
import { phraseOf } from "../live/span";
import { Banner } from "../frame/banner";
import { Mark } from "../verdict/mark";
import { counted, exact, short } from "../words/number";
import { told } from "../words/sentence";
import { nameOf } from "../words/verdict";
import { Examples } from "./examples";
import { usePreview } from "./trial";
import css from "./policies.module.css";

interface Props {
  policy: Policy;
  busy: boolean;
  /** Enforces it together with these. */
  enforce: (together: readonly string[]) => void;
  keep: () => void;
}

export function Preview({ policy, busy, enforce, keep }: Props) {
  const place = useRef<HTMLElement>(null);
  const [together, setTogether] = useState<readonly string[]>([]);
  const { asked, span, again } = usePreview(policy.id, together);
  const shown = asked.phase === "here" ? asked.value : null;
  const phrase = phraseOf(span);
  const whole = [policy.id, ...together];
  // It takes the focus before it can be used: the order of keys does not wait for an answer.
  const unready = busy || asked.phase === "waiting";

  useEffect(() => {
    void place.current?.scrollIntoView({ block: "nearest" });
  }, [shown]);
  return (
    <section ref={place} className={css.preview} aria-label={`Enforce ${nameOf(policy.id)}`}>
      <div>
        <h2 className={css.say}>
          <Mark look="would" size={14} />
          {shown ? headline(shown.stopped, phrase) : asked.phase === "failed" ? "What would be dropped is not known" : "Judging recorded connections"}
        </h2>
        {shown && <p className="second">{basis(shown, whole)}</p>}
        {asked.phase === "failed" && (
          <Banner loud action={<button type="button" className="button tight" onClick={again}>Preview again</button>}>
            <b>There is no preview.</b> {told(asked.message)}
          </Banner>
        )}
        {shown && shown.examples.length > 0 && <Examples preview={shown} policy={policy} />}
      </div>
      <div className={css.answers}>
        <Leans shown={shown} together={together} choose={setTogether} />
        <button type="button" className="button primary" aria-disabled={unready} onClick={() => unready || enforce(together)}>
          {buttonWords(policy, whole.length, shown)}
        </button>
        <button type="button" className="button" onClick={keep} autoFocus>
          {policy.mode === "detect" ? "Keep detecting" : "Leave it off"}
        </button>
        <p className="label">Open connections are judged again on their next packet. Detect takes it back at once.</p>
      </div>
    </section>
  );
}

interface LeansProps {
  shown: Answer | null;
  together: readonly string[];
  choose: (together: readonly string[]) => void;
}

/** The policies without which more would be dropped, and the box that takes them along. */
function Leans({ shown, together, choose }: LeansProps) {
  const more = shown?.leans_on.filter(({ policy }) => !together.includes(policy)) ?? [];
  if (more.length === 0 && together.length === 0) return null;
  const count = more.reduce((sum, lean) => sum + lean.count, 0);
  const all = [...together, ...more.map(({ policy }) => policy)];
  const checked = more.length === 0;
  return (
    <div className={css.lean}>
      <h3 className="medium">Needs {listed(all.map(nameOf))} as well</h3>
      <p className="small second">
        {checked
          ? `${all.length === 1 ? "It is" : "They are"} in detection, and would be enforced in the same step.`
          : `${all.length === 1 ? "It is" : "They are"} in detection. Without ${all.length === 1 ? "it" : "them"} ${counted(count, "connection")} more would be dropped.`}
      </p>
      <label className={css.box}>
        <input type="checkbox" checked={checked} onChange={() => choose(checked ? [] : all)} />
        Enforce {all.length === 1 ? nameOf(all[0]!) : `these ${all.length}`} together with it
      </label>
    </div>
  );
}

function headline(count: number, phrase: string): string {
  if (count === 0) return `Nothing seen in ${phrase} would be dropped`;
  return `${counted(count, "connection")} seen in ${phrase} would be dropped`;
}

function basis({ judged, left_out }: Answer, whole: readonly string[]): string {
  const by = whole.length === 1 ? "what enforces today and this policy" : `what enforces today and these ${whole.length} policies`;
  const missing = left_out > 0 ? ` ${short(left_out)} could not be judged: they are left out.` : "";
  return `Of ${counted(judged, "recorded connection")}, judged by ${by}.${missing}`;
}

function buttonWords(policy: Policy, count: number, shown: Answer | null): string {
  const where = policy.namespace ?? "all namespaces";
  const what = count === 1 ? `Enforce in ${where}` : `Enforce ${count === 2 ? "both" : `all ${count}`}`;
  return shown ? `${what}: ${exact(shown.stopped)} would be dropped` : what;
}

function listed(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? "";
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

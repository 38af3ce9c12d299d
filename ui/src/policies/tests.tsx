// The tests of the policy folder that have this policy: what came of each, on what is in force now.
import type { PolicyTests } from "../wire/rest";
import { readTests } from "../wire/client";
import { useAnswer } from "../live/answer";
import { useCell } from "../live/cell";
import { lastOf, status } from "../live/store";
import { counted } from "../words/number";
import { told } from "../words/sentence";
import css from "./policies.module.css";

const SHOWN = 6;

export function Tests({ id }: { id: string }) {
  const revision = useCell(status)?.revision;
  const { asked } = useAnswer<PolicyTests>({ key: `tests ${id}`, round: revision, ask: () => readTests(id) });
  const found = lastOf(asked);
  return (
    <section aria-label="Tests">
      <h3 className={css.part}>Tests {found && <span className="label">{summary(found)}</span>}</h3>
      {asked.phase === "failed" && <p className="small second">They were not run. {told(asked.message)}</p>}
      {found && found.tests.length === 0 && (
        <p className="small second">No test in the policy folder is about it. A file with kind: PolicyTest beside the policies is run here, and by podwall test.</p>
      )}
      <ol className={css.tests}>
        {found?.tests.slice(0, SHOWN).map((test) => (
          <li key={`${test.file}:${test.line} ${test.name}`} data-failed={!test.passed || undefined}>
            <span>{test.name}</span>
            <span className="label">{test.passed ? "as expected" : "not as expected"}</span>
            {test.message && <p className="second" title={(test.reasons ?? []).join("\n")}>{told(test.message)} {test.file}, line {test.line}.</p>}
          </li>
        ))}
      </ol>
      {found?.unusable.map((why) => <p key={why} className="small second">Not run: {why}</p>)}
    </section>
  );
}

function summary({ tests, failed, left_out }: PolicyTests): string {
  const count = tests.length + left_out;
  if (count === 0) return "";
  return failed === 0 ? `${counted(count, "test")}, all as expected` : `${failed} of ${counted(count, "test")} not as expected`;
}

// Setting the mode of a policy, alone or with those it leans on: what is under way, and what did
// not take. A switch is made on the revision that was looked at: who is second is told so. The list
// and the policy's own page use the same.
import { useRef, useState } from "react";
import type { Changed, Mode, Policy } from "../wire/rest";
import { ApiProblem, setModes, setPolicyMode } from "../wire/client";
import { catchUp, lastOf, policies, status, wordsOf } from "../live/store";
import { modeWords, nameOf } from "../words/verdict";

/** What a switch came to, next to the switch that was used. */
export type Trouble = { id: string; words: string; wanted: Mode; met: "refused" | "faster" } | null;

export interface Switching {
  busy: string | null;
  trouble: Trouble;
  set: (policy: Policy, mode: Mode, together?: readonly string[]) => Promise<void>;
  forget: () => void;
}

/** So often a switch is made again that only others' changes of other things were in the way of. */
const TRIES = 3;

/** `done` is called when the switch has taken, before the page has caught up. */
export function useSwitching(done: (policy: Policy) => void): Switching {
  const [trouble, setTrouble] = useState<Trouble>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const last = useRef(Promise.resolve());
  const own = useRef(0);
  const run = async (policy: Policy, mode: Mode, together: readonly string[], seen: number) => {
    setBusy(policy.id);
    setTrouble(null);
    try {
      const { revision } = await put(policy.id, mode, together, Math.max(seen, own.current));
      own.current = revision;
      done(policy);
      await catchUp();
    } catch (problem) {
      const faster = problem instanceof Overtaken;
      setTrouble({ id: policy.id, words: faster ? fasterWords(problem, mode) : wordsOf(problem), wanted: mode, met: faster ? "faster" : "refused" });
    } finally {
      setBusy(null);
    }
  };
  // One after another: what is chosen while a switch is under way is not lost.
  const set = (policy: Policy, mode: Mode, together: readonly string[] = []) => {
    const seen = status.read()?.revision ?? 0;
    last.current = last.current.then(() => run(policy, mode, together, seen));
    return last.current;
  };
  return { busy, trouble, set, forget: () => setTrouble(null) };
}

/** Somebody else's change came first: of this policy, or of others on which its effect depends. */
class Overtaken extends Error {
  readonly touched: Policy | null;

  constructor(touched: Policy | null) {
    super("overtaken");
    this.touched = touched;
  }
}

/** Makes the switch; where another revision holds, learns what it is before it gives up. */
async function put(id: string, mode: Mode, together: readonly string[], seen: number): Promise<Changed> {
  const whole = [id, ...together];
  let known = seen || undefined;
  for (let tries = 1; ; tries += 1) {
    const before = whole.map((one) => policyNow(one)?.mode);
    try {
      if (together.length === 0) return await setPolicyMode(id, mode, known);
      return await setModes(Object.fromEntries(whole.map((one) => [one, mode])), known);
    } catch (problem) {
      if (!(problem instanceof ApiProblem) || problem.code !== "stale") throw problem;
      await catchUp();
      const now = whole.map(policyNow);
      const touched = now.find((one, index) => one && (one.mode !== before[index] || (one.changed?.revision ?? 0) > (known ?? 0)));
      // What enforcing would drop depends on all policies: that is looked at anew.
      if (touched || mode === "enforce" || tries === TRIES) throw new Overtaken(touched ?? null);
      known = status.read()?.revision ?? known;
    }
  }
}

const policyNow = (id: string): Policy | undefined => lastOf(policies.read())?.find((policy) => policy.id === id);

/** What somebody else did meanwhile, and what to do about it. */
function fasterWords({ touched }: Overtaken, wanted: Mode): string {
  if (!touched) return "Somebody else changed other policies meanwhile. What this would drop is judged anew: look again, then choose.";
  const { changed, mode, id } = touched;
  const who = changed && changed.who !== "page" ? changed.who : "Somebody else on the page";
  const what = `${who} set ${nameOf(id)} to ${modeWords(mode).toLowerCase()} meanwhile${changed ? `, revision ${changed.revision}` : ""}.`;
  return mode === wanted ? what : `${what} It is shown as it is now: choose again if you still want it otherwise.`;
}

// Setting the mode of a policy, alone or with those it leans on: what is under way, and what did
// not take. The list and the policy's own page use the same.
import { useRef, useState } from "react";
import type { Mode, Policy } from "../wire/rest";
import { setModes, setPolicyMode } from "../wire/client";
import { catchUp, wordsOf } from "../live/store";

/** What a switch came to, next to the switch that was used. */
export type Trouble = { id: string; words: string; wanted: Mode } | null;

export interface Switching {
  busy: string | null;
  trouble: Trouble;
  set: (policy: Policy, mode: Mode, together?: readonly string[]) => Promise<void>;
  forget: () => void;
}

/** `done` is called when the switch has taken, before the page has caught up. */
export function useSwitching(done: (policy: Policy) => void): Switching {
  const [trouble, setTrouble] = useState<Trouble>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const last = useRef(Promise.resolve());
  const run = async (policy: Policy, mode: Mode, together: readonly string[]) => {
    setBusy(policy.id);
    setTrouble(null);
    try {
      if (together.length === 0) await setPolicyMode(policy.id, mode);
      else await setModes(Object.fromEntries([policy.id, ...together].map((id) => [id, mode])));
      done(policy);
      await catchUp();
    } catch (problem) {
      setTrouble({ id: policy.id, words: wordsOf(problem), wanted: mode });
    } finally {
      setBusy(null);
    }
  };
  // One after another: what is chosen while a switch is under way is not lost.
  const set = (policy: Policy, mode: Mode, together: readonly string[] = []) => {
    last.current = last.current.then(() => run(policy, mode, together));
    return last.current;
  };
  return { busy, trouble, set, forget: () => setTrouble(null) };
}

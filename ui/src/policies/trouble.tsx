// A switch that did not take, said right under it, with the command that does the same.
import type { Mode, Policy } from "../wire/rest";
import { Banner } from "../frame/banner";
import { Command } from "../frame/command";
import { told } from "../words/sentence";
import css from "./policies.module.css";

interface Props {
  policy: Policy;
  words: string;
  wanted: Mode;
}

const NOT_DONE: Record<Mode, string> = {
  off: "Not switched off.",
  detect: "Not switched to detect.",
  enforce: "Not enforced.",
};

export function SwitchTrouble({ policy, words, wanted }: Props) {
  return (
    <div className={css.trouble}>
      <Banner loud><b>{NOT_DONE[wanted]}</b> {told(words)}</Banner>
      <Command text={commandFor(policy, wanted)} />
    </div>
  );
}

/** `podwall mode NAME MODE`, as the command takes it. */
export function commandFor(policy: Policy, mode: Mode): string {
  return `podwall mode ${policy.id} ${mode}`;
}

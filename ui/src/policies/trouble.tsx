// A switch that did not take, said right under it: with the command that does the same, or with who
// was faster.
import type { Mode, Policy } from "../wire/rest";
import { Banner } from "../frame/banner";
import { Command } from "../frame/command";
import { told } from "../words/sentence";
import css from "./policies.module.css";

interface Props {
  policy: Policy;
  words: string;
  wanted: Mode;
  met: "refused" | "faster";
}

const NOT_DONE: Record<Mode, string> = {
  off: "Not switched off.",
  detect: "Not switched to detect.",
  enforce: "Not enforced.",
};

export function SwitchTrouble({ policy, words, wanted, met }: Props) {
  if (met === "faster") {
    const title = policy.mode === wanted ? "Somebody else was faster." : NOT_DONE[wanted];
    return <div className={css.trouble}><Banner loud><b>{title}</b> {words}</Banner></div>;
  }
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

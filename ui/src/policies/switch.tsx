// The three-way switch: a group of radios, four elements, since thousands of them scroll. Detect is
// hatched below, Enforce solid ink; Enforce stays outlined while it waits for its confirmation.
// Nothing slides. Arrow keys choose, as in any radio group, and stop at its ends.
import type { KeyboardEvent } from "react";
import type { Mode, Policy } from "../wire/rest";
import { MODES, modeWords, nameOf } from "../words/verdict";
import css from "./policies.module.css";

interface Props {
  policy: Policy;
  asked: boolean;
  busy: boolean;
  choose: (mode: Mode) => void;
}

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

export function ModeSwitch({ policy, asked, busy, choose }: Props) {
  // While a switch is under way, the mode that it leaves is a choice too.
  const take = (mode: Mode) => {
    if (busy || mode !== policy.mode) choose(mode);
  };
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    const step = STEPS[event.key];
    const from = event.target as HTMLElement;
    if (step === undefined) return;
    const next = step > 0 ? from.nextElementSibling : from.previousElementSibling;
    event.preventDefault();
    event.stopPropagation();
    if (!(next instanceof HTMLElement)) return;
    next.focus();
    take(next.dataset.mode as Mode);
  };
  return (
    <span role="radiogroup" className={css.switch} aria-label={`Mode of ${nameOf(policy.id)}`} data-locked={!policy.writable || undefined}
      aria-busy={busy} onKeyDown={onKey}>
      {MODES.map((mode) => (
        <button key={mode} type="button" role="radio" data-mode={mode} aria-checked={mode === policy.mode} disabled={!policy.writable}
          tabIndex={mode === policy.mode ? 0 : -1} data-asked={(asked && mode === "enforce") || undefined} onClick={() => take(mode)}>
          {modeWords(mode)}
        </button>
      ))}
    </span>
  );
}

/** Where the mode comes from, or why it cannot be switched here. */
export function modeTold({ writable, file, mode_from, namespace }: Pick<Policy, "writable" | "file" | "mode_from" | "namespace">): string {
  if (!writable) return `${file} cannot be written`;
  switch (mode_from) {
    case "policy":
      return "Set on the policy itself";
    case "namespace":
      return `From the namespace ${namespace ?? "of its subject"}`;
    case "cluster":
      return "From the setting for everything";
  }
}

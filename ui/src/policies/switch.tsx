// The three-way switch: a group of radios. Detect is hatched below, Enforce solid ink; Enforce
// stays outlined while it waits for its confirmation. Nothing slides.
import { useId } from "react";
import type { Mode, Policy } from "../wire/rest";
import { MODES, modeWords, nameOf } from "../words/verdict";
import css from "./policies.module.css";

interface Props {
  policy: Policy;
  asked: boolean;
  busy: boolean;
  choose: (mode: Mode) => void;
}

export function ModeSwitch({ policy, asked, busy, choose }: Props) {
  const name = useId();
  const locked = !policy.writable;
  return (
    <fieldset className={css.switch} data-locked={locked || undefined} aria-busy={busy}
      title={locked ? `${policy.file} cannot be written` : fromWords(policy)}>
      <legend className="unseen">Mode of {nameOf(policy.id)}</legend>
      {MODES.map((mode) => (
        <label key={mode} data-mode={mode} data-on={mode === policy.mode || undefined}
          data-asked={(asked && mode === "enforce") || undefined}>
          <input type="radio" className="unseen" name={name} value={mode} checked={mode === policy.mode}
            disabled={locked} aria-disabled={busy || undefined} onChange={() => busy || choose(mode)}
            onClick={() => mode === "enforce" && asked && !busy && choose(mode)} />
          {modeWords(mode)}
        </label>
      ))}
    </fieldset>
  );
}

function fromWords({ mode_from, namespace }: Policy): string {
  switch (mode_from) {
    case "policy":
      return "Set on the policy itself";
    case "namespace":
      return `From the namespace ${namespace ?? "of its subject"}`;
    case "cluster":
      return "From the setting for everything";
  }
}

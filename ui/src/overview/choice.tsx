// One of a few, as a row of radios: by arrow keys as any radio group, without a sliding mark.
import { useId } from "react";
import css from "./overview.module.css";

interface Props<Option extends string> {
  label: string;
  value: Option;
  options: Record<Option, string>;
  choose: (option: Option) => void;
}

export function Choice<Option extends string>({ label, value, options, choose }: Props<Option>) {
  const name = useId();
  return (
    <fieldset className={css.choice}>
      <legend className="unseen">{label}</legend>
      {(Object.entries(options) as [Option, string][]).map(([option, word]) => (
        <label key={option} data-on={option === value || undefined}>
          <input type="radio" className="unseen" name={name} checked={option === value} onChange={() => choose(option)} />
          {word}
        </label>
      ))}
    </fieldset>
  );
}

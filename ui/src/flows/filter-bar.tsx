// The filter bar: finished words are chips that can be negated and taken away; the rest is text.
// Backspace at the start takes the last chip back to text. All of it stands in the address.
import { type KeyboardEvent, useRef, useState } from "react";
import { Combobox, useCombobox } from "@mantine/core";
import type { Flow } from "../wire/rest";
import { choose, useAddress } from "../live/address";
import { Icon } from "../frame/icon";
import { useKeys } from "../frame/keys";
import { format, parse, type Term, textOf } from "./filter";
import { suggestionsFor } from "./suggest";
import css from "./flows.module.css";

interface Props {
  flows: () => readonly Flow[];
}

export function FilterBar({ flows }: Props) {
  const { params } = useAddress();
  const terms = parse(params.get("q") ?? "");
  const [typed, setTyped] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const box = useCombobox({ onDropdownClose: () => box.resetSelectedOption() });
  const set = (next: readonly Term[]) => choose({ q: format(next), open: null }, "replace");
  useKeys({ "/": () => field.current?.focus() });

  const take = (text: string) => {
    const added = parse(text);
    if (added.length > 0) set([...terms, ...added]);
    setTyped("");
  };
  const write = (text: string) => {
    if (/\s$/.test(text)) take(text);
    else setTyped(text);
    box.openDropdown();
    box.resetSelectedOption();
  };
  const accept = (text: string) => {
    if (text.endsWith(":")) return setTyped(text);
    take(text);
    box.closeDropdown();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Backspace" && typed === "" && terms.length > 0) {
      event.preventDefault();
      setTyped(textOf(terms.at(-1)!));
      set(terms.slice(0, -1));
    } else if (event.key === "Enter" && box.getSelectedOptionIndex() < 0) {
      event.preventDefault();
      take(typed);
      box.closeDropdown();
    } else if (event.key === "Escape") {
      if (box.dropdownOpened) box.closeDropdown();
      else field.current?.blur();
      event.stopPropagation();
    }
  };
  const offered = box.dropdownOpened ? suggestionsFor(typed, flows()) : [];
  return (
    <Combobox store={box} onOptionSubmit={accept} position="bottom-start" withinPortal={false} offset={4}
      width={420} transitionProps={{ duration: 0 }}>
      <div className={css.filter} onMouseDown={(event) => event.target === event.currentTarget && (event.preventDefault(), field.current?.focus())}>
        <Icon name="search" />
        {terms.map((term, index) => (
          <Chip key={index} term={term}
            negate={() => set(terms.map((other, at) => (at === index ? { ...other, not: !other.not } : other)))}
            remove={() => set(terms.filter((_, at) => at !== index))} />
        ))}
        <Combobox.Target withExpandedAttribute>
          <input ref={field} className={css.typed} value={typed} aria-label="Filter" autoComplete="off" spellCheck={false}
            placeholder={terms.length === 0 ? "verdict:would-drop from:shop/web port:5432 policy:db" : ""}
            onChange={(event) => write(event.currentTarget.value)} onKeyDown={onKey}
            onFocus={() => box.openDropdown()} onBlur={() => { box.closeDropdown(); take(typed); }} />
        </Combobox.Target>
        {terms.length > 0 && (
          <button type="button" className="plain small" onClick={() => choose({ q: null, open: null }, "push")}>Clear</button>
        )}
        <kbd>/</kbd>
      </div>
      <Combobox.Dropdown className={css.suggest} hidden={offered.length === 0}>
        <Combobox.Options aria-label="Suggestions">
          {offered.map(({ text, hint }) => (
            <Combobox.Option key={text} value={text} className={css.offer}>
              <span>{text}</span><span className="label">{hint}</span>
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

interface ChipProps {
  term: Term;
  negate: () => void;
  remove: () => void;
}

function Chip({ term, negate, remove }: ChipProps) {
  const words = `${term.key ?? "anywhere"} ${term.value}`;
  return (
    <span className={css.chip} data-not={term.not || undefined}>
      <button type="button" onClick={negate} aria-pressed={term.not} title={term.not ? "Click for: is" : "Click for: is not"}
        aria-label={`${term.not ? "not " : ""}${words}`}>
        {term.not && <span className={css.not}>not </span>}
        {term.key && <span className="third">{term.key} </span>}
        <span className="medium">{term.value}</span>
      </button>
      <button type="button" className={css.remove} onClick={remove} aria-label={`Remove ${words}`}>×</button>
    </span>
  );
}

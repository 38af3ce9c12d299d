// The filter of the policy list: words, in the address as they are typed.
import { useRef } from "react";
import { choose, useAddress } from "../live/address";
import { Icon } from "../frame/icon";
import { useKeys } from "../frame/keys";
import css from "./policies.module.css";

export function Filter() {
  const { params } = useAddress();
  const field = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => field.current?.focus() });
  return (
    <div className={css.filter}>
      <Icon name="search" />
      <input ref={field} value={params.get("q") ?? ""} aria-label="Filter" spellCheck={false} autoComplete="off"
        placeholder="mode:detect namespace:shop has:would-drop"
        onChange={(event) => choose({ q: event.currentTarget.value }, "replace")}
        onKeyDown={(event) => event.key === "Escape" && field.current?.blur()} />
      <kbd>/</kbd>
    </div>
  );
}

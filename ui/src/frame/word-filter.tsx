// A filter by words, in the address as they are typed.
import { useRef } from "react";
import { choose, useAddress } from "../live/address";
import { Icon } from "./icon";
import { useKeys } from "./keys";
import css from "./frame.module.css";

export function WordFilter({ hint }: { hint: string }) {
  const { params } = useAddress();
  const field = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => field.current?.focus() });
  return (
    <div className={css.filter}>
      <Icon name="search" />
      <input ref={field} value={params.get("q") ?? ""} aria-label="Filter" spellCheck={false} autoComplete="off" placeholder={hint}
        onChange={(event) => choose({ q: event.currentTarget.value }, "replace")}
        onKeyDown={(event) => event.key === "Escape" && field.current?.blur()} />
      <kbd>/</kbd>
    </div>
  );
}

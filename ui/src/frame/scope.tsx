// The choice of a namespace: every page then shows what is of it or goes to it.
import { Menu } from "@mantine/core";
import { choose } from "../live/address";
import { useScope } from "../live/scope";
import { useCell } from "../live/cell";
import { book, bookChange, lastOf, policies } from "../live/store";
import css from "./frame.module.css";

/** The newest records are enough to know who is there. */
const LOOKED_AT = 2_000;

export function ScopeChoice() {
  const scope = useScope();
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <button type="button" className="button" aria-label={`Namespace: ${scope ?? "all"}`}>
          <span className={css.scope}>{scope ?? "All namespaces"}</span>
          <span className={css.caret} aria-hidden="true">▾</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown className={css.scopes}><Choices scope={scope} /></Menu.Dropdown>
    </Menu>
  );
}

function Choices({ scope }: { scope: string | null }) {
  useCell(bookChange);
  const known = namespacesOf(lastOf(useCell(policies)) ?? [], scope);
  return (
    <>
      <Menu.Item onClick={() => choose({ scope: null }, "push")}>All namespaces</Menu.Item>
      {known.map((name) => <Menu.Item key={name} onClick={() => choose({ scope: name }, "push")}>{name}</Menu.Item>)}
    </>
  );
}

/** Those of policies and of workloads that were seen, and the one that is chosen. */
function namespacesOf(list: readonly { namespace?: string }[], scope: string | null): string[] {
  const ends = book.flows.slice(-LOOKED_AT).flatMap(({ source, destination }) => [source.workload, destination.workload]);
  const seen = ends.map((end) => end?.slice(0, end.indexOf("/")));
  const all = [...list.map(({ namespace }) => namespace), ...seen, scope ?? undefined];
  return [...new Set(all)].filter((name) => name !== undefined && name !== "").sort() as string[];
}

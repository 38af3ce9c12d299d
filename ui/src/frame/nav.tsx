// The pages, by words. A page stands here when it exists.
import { useMantineColorScheme } from "@mantine/core";
import { href } from "../live/address";
import { useCell } from "../live/cell";
import { status } from "../live/store";
import { exact } from "../words/number";
import { Link } from "./link";
import css from "./frame.module.css";

export const PAGES = [
  { path: "/", name: "Overview", key: "o" },
  { path: "/flows", name: "Flows", key: "f" },
  { path: "/map", name: "Map", key: "m" },
  { path: "/policies", name: "Policies", key: "p" },
  { path: "/workloads", name: "Workloads", key: "w" },
  { path: "/changes", name: "Changes", key: "c" },
] as const;

const SCHEMES = { auto: "system", light: "light", dark: "dark" } as const;
const NEXT_SCHEME = { auto: "light", light: "dark", dark: "auto" } as const;

/** Whether an address belongs to a page: its own, or one of what it lists. */
export const isOn = (page: string, path: string): boolean => page === path || (page !== "/" && path.startsWith(`${page}/`));

interface Props {
  path: string;
  openHelp: () => void;
}

export function Nav({ path, openHelp }: Props) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const known = useCell(status);
  return (
    <nav className={css.nav} aria-label="Pages">
      <Link className={css.brand} href={href("/")} aria-label="Podwall, overview">
        <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
          <path d="M1 3h8v4H1zM11 3h8v4h-8zM1 13h8v4H1zM11 13h8v4h-8z" fill="currentColor" />
          <path d="M1 10h18" strokeWidth="2" />
        </svg>
        Podwall
      </Link>
      {PAGES.map((page) => (
        <Link
          key={page.path}
          className={css.item}
          href={href(page.path)}
          aria-current={isOn(page.path, path) ? "page" : undefined}
        >
          {page.name}
          <Count path={page.path} />
        </Link>
      ))}
      <div className={css.foot}>
        <button type="button" onClick={openHelp}>Keys <kbd className="wide">?</kbd></button>
        <button type="button" onClick={() => setColorScheme(NEXT_SCHEME[colorScheme])}>
          Theme: {SCHEMES[colorScheme]}
        </button>
        {known && <span>Podwall {known.version}</span>}
      </div>
    </nav>
  );
}

function Count({ path }: { path: string }) {
  const known = useCell(status);
  if (!known) return null;
  if (path === "/workloads") return <span className={css.count}>{exact(known.coverage.workloads)}</span>;
  if (path !== "/policies") return null;
  const { off, detect, enforce, refused } = known.policies;
  return <span className={css.count}>{exact(off + detect + enforce + refused)}</span>;
}

// The frame: pages at the left, what is looked at on top, the page below. It also says when the
// connection is lost or the session refused, whatever the page.
import { useEffect, useState } from "react";
import { href, useAddress, visit } from "../live/address";
import { useCell } from "../live/cell";
import { connection } from "../live/stream";
import { Flows } from "../flows/flows";
import { Overview } from "../overview/overview";
import { Policies } from "../policies/policies";
import { Banners } from "./banner";
import { Help } from "./help";
import { useKeys } from "./keys";
import { Nav, PAGES } from "./nav";
import { Nowhere, SessionRefused } from "./notice";
import { Top } from "./top";
import css from "./frame.module.css";

export function Frame() {
  const { path } = useAddress();
  const { phase } = useCell(connection);
  const [help, setHelp] = useState(false);
  const page = PAGES.find((known) => known.path === path);

  useKeys({
    "?": () => setHelp(true),
    ...Object.fromEntries(PAGES.map(({ key, path }) => [`g ${key}`, () => visit(href(path))])),
  });
  useEffect(() => {
    document.title = page ? `${page.name} · Podwall` : "Podwall";
  }, [page]);

  if (phase === "refused") return <SessionRefused />;
  return (
    <div className={css.app}>
      <a className={css.skip} href="#main">Skip to the page</a>
      <Nav path={path} openHelp={() => setHelp(true)} />
      <Top />
      <main className={css.main} id="main" tabIndex={-1}>
        <Banners />
        <div className={css.page} data-stale={phase === "lost" || undefined}>
          <Page path={path} />
        </div>
      </main>
      <Help opened={help} close={() => setHelp(false)} />
    </div>
  );
}

function Page({ path }: { path: string }) {
  switch (path) {
    case "/":
      return <Overview />;
    case "/flows":
      return <Flows />;
    case "/policies":
      return <Policies />;
    default:
      return <Nowhere path={path} />;
  }
}

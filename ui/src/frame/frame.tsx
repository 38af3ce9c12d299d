// The frame: pages at the left, what is looked at on top, the page below. It also says when the
// connection is lost or the session refused, whatever the page.
import { lazy, Suspense, useEffect, useState } from "react";
import { href, restOf, useAddress, visit } from "../live/address";
import { useCell } from "../live/cell";
import { connection } from "../live/stream";
import { Flows } from "../flows/flows";
import { Overview } from "../overview/overview";
import { Changes } from "../changes/changes";
import { Policies } from "../policies/policies";
import { PolicyPage } from "../policy/policy";
import { WorkloadPage } from "../workloads/workload";
import { Workloads } from "../workloads/workloads";
import { Banners } from "./banner";
import { TableBones } from "./bones";
import { Help } from "./help";
import { useKeys } from "./keys";
import { isOn, Nav, PAGES } from "./nav";
import { Nowhere, SessionRefused } from "./notice";
import { Top } from "./top";
import css from "./frame.module.css";

// Loaded when it is opened: the first load stays small.
const MapPage = lazy(() => import("../map/map"));

export function Frame() {
  const { path } = useAddress();
  const { phase } = useCell(connection);
  const [help, setHelp] = useState(false);
  const page = PAGES.find((known) => isOn(known.path, path));

  useKeys({
    "?": () => setHelp(true),
    ...Object.fromEntries(PAGES.map(({ key, path }) => [`g ${key}`, () => visit(href(path))])),
  });
  useEffect(() => {
    const one = page && path !== page.path ? `${restOf(path, page.path)} · ` : "";
    document.title = page ? `${one}${page.name} · Podwall` : "Podwall";
  }, [page, path]);

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

/** A page of one thing: its id is the rest of the address. */
function One({ path }: { path: string }) {
  if (path.startsWith("/policies/")) return <PolicyPage key={path} id={restOf(path, "/policies")} />;
  if (path.startsWith("/workloads/")) return <WorkloadPage key={path} name={restOf(path, "/workloads")} />;
  return <Nowhere path={path} />;
}

function Page({ path }: { path: string }) {
  switch (path) {
    case "/":
      return <Overview />;
    case "/flows":
      return <Flows />;
    case "/policies":
      return <Policies />;
    case "/map":
      return <Suspense fallback={<TableBones rows={12} />}><MapPage /></Suspense>;
    case "/workloads":
      return <Workloads />;
    case "/changes":
      return <Changes />;
    default:
      return <One path={path} />;
  }
}

// What is wrong with the page's view of the world or with the engine: neutral, loud by ink, and the
// first words say what did not happen.
import type { ReactNode } from "react";
import { useEffect, useState } from "react";
import type { Problem } from "../wire/rest";
import { href } from "../live/address";
import { useCell } from "../live/cell";
import { status } from "../live/store";
import { connection, connectNow, heard } from "../live/stream";
import { told } from "../words/sentence";
import { clock, duration } from "../words/time";
import { Link } from "./link";
import css from "./frame.module.css";

interface Props {
  loud?: boolean;
  children: ReactNode;
  action?: ReactNode;
}

export function Banner({ loud, children, action }: Props) {
  return (
    <div className={css.banner} data-loud={loud || undefined} role={loud ? "alert" : "status"}>
      <p>{children}</p>
      {action}
    </div>
  );
}

/** Problems that concern every page; the others stand in Needs you. */
const EVERYWHERE = new Set(["agent_gone", "not_enforced", "ledger_full", "layout_unknown"]);

export function Banners() {
  const known = useCell(status);
  const problems = known?.problems ?? [];
  return (
    <div className={css.banners}>
      <LostConnection />
      {problems.filter(({ code }) => EVERYWHERE.has(code)).map((problem) => (
        <Banner key={problem.code + (problem.subject ?? "")} loud>
          <ProblemWords problem={problem} />
        </Banner>
      ))}
    </div>
  );
}

export function ProblemWords({ problem }: { problem: Problem }) {
  const about = problem.subject;
  return (
    <>
      {about && <b>{about}: </b>}
      {told(problem.message)}
      {problem.code === "policy_refused" && (
        <> <Link href={href("/policies", about ? { open: about } : {})}>Look</Link></>
      )}
    </>
  );
}

function LostConnection() {
  const now = useNow(1_000);
  const state = useCell(connection);
  const last = useCell(heard);
  if (state.phase !== "lost") return null;
  const wait = Math.max(0, Math.ceil((state.retryAt - now) / 1000));
  return (
    <Banner action={<button type="button" className="button tight" onClick={connectNow}>Try now</button>}>
      <b>No connection for {duration(now - state.since)}.</b>
      {last === null ? " Nothing has been heard yet." : ` Shown as of ${clock(last)}.`}
      {wait > 0 ? ` Trying again in ${wait} s.` : " Trying again."}
      {" "}Policies go on as they are.
    </Banner>
  );
}

/** The time, renewed every `period` milliseconds. */
export function useNow(period: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), period);
    return () => clearInterval(timer);
  }, [period]);
  return now;
}

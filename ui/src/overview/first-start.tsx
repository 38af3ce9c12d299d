// The overview before the first packet: what it waits for, and the command that makes some.
import type { Status } from "../wire/rest";
import type { Span } from "../live/span";
import { Command } from "../frame/command";
import { Icon } from "../frame/icon";
import { counted } from "../words/number";
import css from "./overview.module.css";

interface Props {
  status: Status | null;
  span: Span;
}

export function FirstStart({ status, span }: Props) {
  const running = status?.nodes.filter(({ agent }) => agent === "running").length ?? 0;
  const nodes = status?.nodes.length ?? 0;
  const phrase = span.kind === "moving" ? span.window.phrase : "the chosen time";
  return (
    <div className={css.first}>
      <h1 className="title">Waiting for a packet</h1>
      <p className="second">Podwall watches, and in {phrase} it has not seen any traffic of your workloads.</p>
      <ul className={css.steps}>
        <Step done={nodes > 0 && running === nodes}>
          {nodes === 0 ? "The engine has not answered yet." : `The engine runs on ${running} of ${counted(nodes, "node")}.`}
        </Step>
        <Step done={(status?.coverage.workloads ?? 0) > 0}>
          {status?.coverage.workloads ? `It sees ${counted(status.coverage.workloads, "workload")}.` : "It sees no workload yet."}
        </Step>
        <Step done={status?.ready ?? false}>
          {status?.ready ? `Revision ${status.revision} is in force.` : "Policies are on their way into the kernel."}
        </Step>
        <Step done={false}>None of them has sent a packet.</Step>
      </ul>
      <p className="small">A small shop with an intruder in it makes some. It shows here within a second.</p>
      <Command text="podwall up --demo" />
    </div>
  );
}

function Step({ done, children }: { done: boolean; children: string | string[] }) {
  return (
    <li>
      {done ? <Icon name="done" /> : <span className={css.open} aria-hidden="true" />}
      <span className="unseen">{done ? "done: " : "not yet: "}</span>
      {children}
    </li>
  );
}

// What is looked at (namespace, time window, live or paused), how the engine stands as a sentence, and the
// control that makes everything detect.
import { useState } from "react";
import { Menu } from "@mantine/core";
import { choose } from "../live/address";
import { useCell } from "../live/cell";
import { useSpan, WINDOWS, serverNow, type Span } from "../live/span";
import { lastOf, policies, status } from "../live/store";
import { connection } from "../live/stream";
import { onDay } from "../words/time";
import { engineSentence } from "../words/engine";
import { DetectEverything } from "./detect";
import { useKeys } from "./keys";
import { Range } from "./range";
import { ScopeChoice } from "./scope";
import css from "./frame.module.css";

const DAY_MS = 86_400_000;

export function Top() {
  return (
    <header className={css.top}>
      <ScopeChoice />
      <WindowChoice />
      <LiveSwitch />
      <Engine />
      <DetectControl />
    </header>
  );
}

function WindowChoice() {
  const span = useSpan();
  const [choosing, setChoosing] = useState(false);
  useCell(status);
  return (
    <>
      <Menu position="bottom-start">
        <Menu.Target>
          <button type="button" className="button numbers">
            {span.kind === "moving" ? span.window.name : "Chosen time"}
            <span className="quiet wide">{reach(span)}</span>
            <span className={css.caret} aria-hidden="true">▾</span>
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {WINDOWS.map(({ id, name }) => (
            <Menu.Item key={id} onClick={() => choose({ window: id, from: null, to: null }, "push")}>
              {name}
            </Menu.Item>
          ))}
          <Menu.Item onClick={() => setChoosing(true)}>From one time to another</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {choosing && <Range close={() => setChoosing(false)} />}
    </>
  );
}

/** Of a day or less the times, of more the days too. */
function reach(span: Span): string {
  const now = serverNow();
  const to = span.kind === "fixed" ? span.to : now;
  const from = span.kind === "fixed" ? span.from : to - span.length;
  if (span.kind === "moving" && span.length > DAY_MS) return `since ${onDay(from, now)}`;
  return `${onDay(from, now)} to ${onDay(to, now)}`;
}

function LiveSwitch() {
  const span = useSpan();
  const { phase } = useCell(connection);
  const live = span.kind === "moving" && !span.paused;
  const flip = () => {
    if (live) choose({ paused: "1" }, "replace");
    else choose({ paused: null, from: null, to: null }, "push");
  };
  useKeys({ p: flip });
  const look = phase === "lost" ? css.lost : live ? "" : css.held;
  const word = phase === "lost" ? "Not connected" : live ? "Live" : "Paused";
  return (
    <button type="button" className="button" onClick={flip} aria-pressed={!live} title="Pause or go on (p)">
      <span className={`${css.live} ${look}`}>{word}</span>
      <kbd className="wide">p</kbd>
    </button>
  );
}

function Engine() {
  const known = useCell(status);
  const list = lastOf(useCell(policies));
  if (!known) return <div className={css.state} />;
  const { modes, state } = engineSentence(known, list);
  return (
    <div className={css.state} role="status">
      <span className="medium" title={modes}>{modes}</span>
      <span className="second" title={state}>{state}</span>
    </div>
  );
}

function DetectControl() {
  const known = useCell(status);
  const [asking, setAsking] = useState(false);
  const enforcing = known?.policies.enforce ?? 0;
  const reason = enforcing === 0 ? "Nothing is enforced: there is nothing to open" : undefined;
  return (
    <>
      <button type="button" className="button" disabled={enforcing === 0} title={reason} onClick={() => setAsking(true)}>
        Detect everything
      </button>
      {asking && <DetectEverything close={() => setAsking(false)} />}
    </>
  );
}

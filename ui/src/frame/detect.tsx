// Detect everything: says what opens, asks once, and tells what came of it.
import { useEffect, useState } from "react";
import { Modal } from "@mantine/core";
import type { Pair } from "../wire/rest";
import { detectEverything, readStats } from "../wire/client";
import { useCell } from "../live/cell";
import { serverNow, stepOf } from "../live/span";
import { catchUp, lastOf, policies, wordsOf } from "../live/store";
import { keyOf, met } from "../live/pairs";
import { Arrow, Named } from "../verdict/end";
import { Mark } from "../verdict/mark";
import { counted } from "../words/number";
import { portWords } from "../words/verdict";
import { told } from "../words/sentence";
import { Banner } from "./banner";
import css from "./frame.module.css";

const HOUR_MS = 3_600_000;
const PAIRS_SHOWN = 4;

export function DetectEverything({ close }: { close: () => void }) {
  const enforcing = (lastOf(useCell(policies)) ?? []).filter(({ mode }) => mode === "enforce");
  const pairs = useDroppedPairs();
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const open = async () => {
    setBusy(true);
    try {
      await detectEverything();
      await catchUp();
      close();
    } catch (problem) {
      setTrouble(wordsOf(problem));
      setBusy(false);
    }
  };
  const spaces = [...new Set(enforcing.map(({ namespace }) => namespace ?? "all namespaces"))];
  return (
    <Modal opened onClose={close} title={<span className="title">Stop enforcing everywhere?</span>} size={560}>
      <div className={css.dialog}>
        <p>
          {counted(enforcing.length, "policy", "policies")} in {spaces.join(", ")}
          {enforcing.length === 1 ? " stops dropping and goes on recording what it" : " stop dropping and go on recording what they"} would drop.
        </p>
        <WhatOpens pairs={pairs} />
        <p className="small second">Each policy keeps its switch: enforce again in one step on Policies.</p>
        {trouble && <Banner loud><b>Nothing was opened.</b> {told(trouble)}</Banner>}
        <div className={css.answers}>
          <button type="button" className="button primary" disabled={busy} onClick={open}>
            Detect everything: opens {spaces.join(", ")}
          </button>
          <button type="button" className="button" onClick={close} data-autofocus>Keep enforcing</button>
        </div>
      </div>
    </Modal>
  );
}

function WhatOpens({ pairs }: { pairs: readonly Pair[] | null }) {
  if (pairs === null) return null;
  if (pairs.length === 0) return <p className="second">Nothing was dropped in the last hour.</p>;
  const ends = met(pairs);
  const rest = ends.length - PAIRS_SHOWN;
  return (
    <div>
      <h2 className={`heading ${css.opens}`}>What opens</h2>
      <ul>
        {ends.slice(0, PAIRS_SHOWN).map((pair) => (
          <li key={keyOf(pair)}>
            <Mark look="dropped" />
            <span className="small">
              <Named name={pair.source} /><Arrow /><Named name={pair.destination} /> {pair.ports.length === 1 ? portWords(pair.ports[0]!) : `on ${pair.ports.length} ports`},{" "}
              dropped {counted(pair.count, "time")} in the last hour
            </span>
          </li>
        ))}
        {rest > 0 && <li><span /><span className="small">and {counted(rest, "more pair")}</span></li>}
      </ul>
    </div>
  );
}

function useDroppedPairs(): readonly Pair[] | null {
  const [pairs, setPairs] = useState<readonly Pair[] | null>(null);
  useEffect(() => {
    const until = Math.round(serverNow());
    readStats({ since: until - HOUR_MS, until, step: stepOf(HOUR_MS) }, null).then(
      (stats) => setPairs(stats.pairs.filter(({ verdict }) => verdict === "dropped")),
      () => setPairs(null),
    );
  }, []);
  return pairs;
}

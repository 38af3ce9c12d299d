// A time of one's own: from one instant to another, in the browser's zone. It stands in the
// address, so that a link shows a colleague the same time.
import { useState } from "react";
import { Modal } from "@mantine/core";
import { choose } from "../live/address";
import { endsOf, useSpan } from "../live/span";
import { instantOf, localMinute } from "../words/time";
import { Banner } from "./banner";
import css from "./frame.module.css";

export function Range({ close }: { close: () => void }) {
  const { since, until } = endsOf(useSpan());
  const [from, setFrom] = useState(localMinute(since));
  const [to, setTo] = useState(localMinute(until));
  const [tried, setTried] = useState(false);
  const ends = [instantOf(from), instantOf(to)] as const;
  const trouble = troubleOf(...ends);
  const show = () => {
    if (trouble) return setTried(true);
    choose({ from: String(ends[0]), to: String(ends[1]), paused: null }, "push");
    close();
  };
  return (
    <Modal opened onClose={close} title={<span className="title">From one time to another</span>} size={420}>
      <form className={css.dialog} onSubmit={(event) => { event.preventDefault(); show(); }}>
        <label className={css.time}>From<input type="datetime-local" value={from} onChange={(event) => setFrom(event.currentTarget.value)} data-autofocus /></label>
        <label className={css.time}>To<input type="datetime-local" value={to} onChange={(event) => setTo(event.currentTarget.value)} /></label>
        <p className="label">In the zone of this browser, {Intl.DateTimeFormat().resolvedOptions().timeZone}. Ten seconds are kept for 6 hours, minutes for 7 days, ten minutes for 90 days.</p>
        {tried && trouble && <Banner loud>{trouble}</Banner>}
        <div className={css.answers}>
          <button type="submit" className="button primary">Show this time</button>
          <button type="button" className="button" onClick={close}>Leave it</button>
        </div>
      </form>
    </Modal>
  );
}

function troubleOf(from: number | null, to: number | null): string | null {
  if (from === null || to === null) return "Both times are needed.";
  return from < to ? null : "The first time has to be before the second.";
}

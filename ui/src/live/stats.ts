// Statistics of the chosen span: asked for whole, carried on by ticks, asked again every few
// seconds for what a tick does not carry (pairs, namespaces).
import { useEffect, useState } from "react";
import type { Stats } from "../wire/rest";
import { readStats } from "../wire/client";
import { useAddress } from "./address";
import { clipped, extended, joined } from "./series";
import { serverNow, spanOf, stepOf, type Span } from "./span";
import { type Asked, lastOf, onTick, wordsOf } from "./store";

const WHOLE_EVERY_MS = 5_000;

export interface Shown {
  stats: Stats;
  since: number;
  until: number;
  step: number;
}

/** The statistics of the span in the address, live unless it is fixed or paused. */
export function useStats(): { asked: Asked<Shown>; span: Span; again: () => void } {
  const address = useAddress();
  const span = spanOf(address);
  const key = span.kind === "fixed" ? `${span.from}-${span.to}` : span.window.id;
  const live = span.kind === "moving" && !span.paused;
  const [asked, setAsked] = useState<Asked<Shown>>({ phase: "waiting" });
  const [round, setRound] = useState(0);

  useEffect(() => {
    let gone = false;
    let askedAt = 0;
    const ask = async () => {
      askedAt = Date.now();
      try {
        const shown = await read(span);
        if (!gone) setAsked({ phase: "here", value: shown, at: Date.now() });
      } catch (problem) {
        if (gone) return;
        setAsked((now) => ({ phase: "failed", message: wordsOf(problem), last: lastOf(now) }));
      }
    };
    void ask();
    const stop = live
      ? onTick((tick) => {
          if (Date.now() - askedAt > WHOLE_EVERY_MS) return void ask();
          setAsked((now) => carriedOn(now, tick, span.length));
        })
      : () => {};
    return () => {
      gone = true;
      stop();
    };
    // The span is a value of the address: its key says all that matters here.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, live, round]);

  return { asked, span, again: () => setRound(round + 1) };
}

async function read(span: Span): Promise<Shown> {
  const until = span.kind === "fixed" ? span.to : Math.round(serverNow());
  const step = stepOf(span.length);
  // From the start of a step: the first sample is whole, as all others are.
  const since = Math.floor((until - span.length) / step) * step;
  const stats = await readStats({ since, until, step });
  // A run that is young has more to tell than one step a pixel of a long window.
  const finer = stepOf(until - (stats.samples[0]?.start ?? since));
  if (finer >= step) return { stats: clipped(stats, until), since, until, step };
  return { stats: clipped(await readStats({ since, until, step: finer }), until), since, until, step: finer };
}

function carriedOn(now: Asked<Shown>, tick: Stats, length: number): Asked<Shown> {
  if (now.phase !== "here") return now;
  const until = Math.max(now.value.until, tick.samples.at(-1)?.end ?? 0);
  const since = until - length;
  const stats = extended(now.value.stats, tick, since);
  const { step } = now.value;
  const whole = { ...stats, samples: joined(stats.samples, step) };
  return { phase: "here", value: { stats: whole, since, until, step }, at: Date.now() };
}

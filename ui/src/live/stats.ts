// Statistics of the chosen span: asked for whole, carried on by ticks and flow records.
import { useEffect, useMemo } from "react";
import type { Stats } from "../wire/rest";
import { readStats } from "../wire/client";
import { useAnswer, renewalOf } from "./answer";
import { useAddress } from "./address";
import { withFlows, withTick } from "./carry";
import { pairsIn, type Scope, tickIn, useScope } from "./scope";
import { clipped } from "./series";
import { keyOfSpan, serverNow, spanOf, stepOf, type Span } from "./span";
import { type Asked, onFlows, onTick } from "./store";

export interface Shown {
  stats: Stats;
  since: number;
  until: number;
  step: number;
}

/** The statistics of the span and the namespace in the address, live unless fixed or paused. */
export function useStats(): { asked: Asked<Shown>; span: Span; again: () => void } {
  const span = spanOf(useAddress());
  const scope = useScope();
  const live = span.kind === "moving" && !span.paused;
  const { asked, again, carry } = useAnswer<Shown>({
    key: `${keyOfSpan(span)} ${scope ?? ""}`, ask: () => read(span, scope), ...(live ? { renewMs: renewalOf(span.length) } : {}),
  });
  useEffect(() => {
    if (!live) return;
    const stops = [
      onTick((tick) => carry((now) => carriedOn(now, tickIn(tick, scope), span.length))),
      onFlows((flows) => carry((now) => ({ ...now, stats: withFlows(now.stats, flows.filter(({ time }) => time >= now.until), now.since) }))),
    ];
    return () => stops.forEach((stop) => stop());
  }, [live, span.length, scope]);
  return { asked: useMemo(() => narrowed(asked, scope), [asked, scope]), span, again };
}

/** The server's pairs, and those of the stream, are of all namespaces. */
function narrowed(asked: Asked<Shown>, scope: Scope): Asked<Shown> {
  const own = (shown: Shown) => ({ ...shown, stats: { ...shown.stats, pairs: pairsIn(shown.stats.pairs, scope) } });
  switch (asked.phase) {
    case "waiting":
      return asked;
    case "here":
      return { ...asked, value: own(asked.value) };
    case "failed":
      return { ...asked, last: asked.last && own(asked.last) };
  }
}

async function read(span: Span, scope: Scope): Promise<Shown> {
  const until = span.kind === "fixed" ? span.to : Math.round(serverNow());
  const step = stepOf(span.length);
  // From the start of a step: the first sample is whole, as all others are.
  const since = Math.floor((until - span.length) / step) * step;
  const stats = await readStats({ since, until, step }, scope);
  // A run that is young has more to tell than one step a pixel of a long window.
  const first = stats.samples[0]?.start;
  const finer = first === undefined ? step : stepOf(until - first);
  if (finer >= step) return shownOf(stats, since, until, step);
  return shownOf(await readStats({ since, until, step: finer }, scope), since, until, finer);
}

/** In the width that was asked for, or the finest that is kept. */
function shownOf(stats: Stats, since: number, until: number, asked: number): Shown {
  return { stats: clipped(stats, until), since, until, step: Math.max(asked, stats.step ?? 0) };
}

function carriedOn(now: Shown, tick: Stats, length: number): Shown {
  const until = Math.max(now.until, tick.samples.at(-1)?.end ?? 0);
  const since = until - length;
  return { stats: withTick(now.stats, tick, since, now.step), since, until, step: now.step };
}

// What scrolling costs: frames a second, which depend on how busy the machine is, and the page's
// own processor time a frame, which does not.
import type { Page } from "@playwright/test";

export interface Cost {
  frames: number;
  /** Milliseconds of the page's main thread a frame. */
  script: number;
  layout: number;
  style: number;
  whole: number;
}

/** Scrolls the table by `pixels` every 16 ms for so long. */
export async function scrollCost(page: Page, pixels: number, ms: number): Promise<Cost> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const spent = async () => new Map((await devtools.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
  const before = await spent();
  const { count, took } = await page.evaluate(scroll, { pixels, ms });
  const after = await spent();
  const each = (name: string) => (((after.get(name) ?? NaN) - (before.get(name) ?? NaN)) * 1_000) / count;
  await devtools.detach();
  return {
    frames: (count * 1_000) / took, script: each("ScriptDuration"), layout: each("LayoutDuration"), style: each("RecalcStyleDuration"), whole: each("TaskDuration"),
  };
}

export function costWords({ frames, script, layout, style, whole }: Cost): string {
  const parts = [["script", script], ["layout", layout], ["style", style], ["whole", whole]] as const;
  return `${frames.toFixed(1)} frames a second; ms a frame: ${parts.map(([name, ms]) => `${name} ${ms.toFixed(2)}`).join(", ")}`;
}

function scroll({ pixels, ms }: { pixels: number; ms: number }): Promise<{ count: number; took: number }> {
  const place = document.querySelector("[role=grid]")!.parentElement!;
  const timer = setInterval(() => { place.scrollTop += pixels; }, 16);
  return new Promise((done) => {
    const began = performance.now();
    let count = 0;
    const frame = (now: number) => {
      count += 1;
      if (now - began < ms) return void requestAnimationFrame(frame);
      clearInterval(timer);
      done({ count, took: now - began });
    };
    requestAnimationFrame(frame);
  });
}

// An hour of live view at 500 flows a second: the page keeps its frames and its memory. The book of
// records is full after the first minutes; from then on nothing may grow.
import type { CDPSession } from "@playwright/test";
import { flowAt } from "../fixture/world";
import { expect, test } from "../stories/page";

const MINUTES = Number(process.env.PODWALL_LIVE_MINUTES ?? 60);
/** By then the book is full. */
const WARM = Math.min(6, MINUTES / 2);
const MINUTE_MS = 60_000;

test("the page stays as large as it is", async ({ page, server, origin }) => {
  test.setTimeout((MINUTES + 5) * MINUTE_MS);
  await page.goto(`${origin}/flows`);
  await expect(page.getByRole("grid")).toBeVisible();
  const session = await page.context().newCDPSession(page);
  const pulse = setInterval(() => {
    const now = Date.now();
    server.send("flow", Array.from({ length: 25 }, () => flowAt(server.world, now)));
  }, 50);
  await page.waitForTimeout(WARM * MINUTE_MS);
  const warm = await sizeOf(session);
  const sizes = [warm];
  for (let minute = WARM; minute < MINUTES; minute += WARM) {
    await page.waitForTimeout(WARM * MINUTE_MS);
    await page.keyboard.press("n");
    sizes.push(await sizeOf(session));
    console.log(`after ${Math.round(minute + WARM)} min: ${(sizes.at(-1)! / 1e6).toFixed(1)} MB`);
  }
  clearInterval(pulse);
  await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
  expect(Math.max(...sizes), `warm ${(warm / 1e6).toFixed(1)} MB`).toBeLessThan(warm * 1.25 + 10e6);
});

/** What the page's memory holds when all that can go is gone. */
async function sizeOf(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return usedSize;
}

// A state of a page, as a picture at two sizes in both schemes, and axe on it.
import type { Page } from "@playwright/test";
import { SCHEMES, SCREENSHOTS, SIZES } from "../browser";
import { serious } from "./axe";
import { expect } from "./page";

export async function picture(page: Page, name: string): Promise<void> {
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    for (const { width, height } of SIZES) {
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: `${SCREENSHOTS}/state-${name}-${scheme}-${width}x${height}.png` });
    }
    expect(await serious(page), `${name} in ${scheme}`).toEqual([]);
  }
  await page.setViewportSize(SIZES[0]!);
}

// What a person without a mouse does.
import { expect, type Locator, type Page } from "@playwright/test";

const STEPS_AT_MOST = 120;

/** Presses Tab until the focus is there. */
export async function tabTo(page: Page, place: Locator): Promise<void> {
  await expect(place).toBeVisible();
  for (let step = 0; step < STEPS_AT_MOST; step += 1) {
    if (await place.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not lead to ${place}`);
}

/** Goes there and presses Enter: what a click is to others. */
export async function press(page: Page, place: Locator): Promise<void> {
  await tabTo(page, place);
  await expect(place).toBeEnabled();
  await page.keyboard.press("Enter");
}

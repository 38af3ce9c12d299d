// Pictures of every page at two sizes in both schemes, and axe on each.
import type { Page } from "@playwright/test";
import { SCHEMES, SCREENSHOTS, SIZES } from "../browser";
import { serious } from "./axe";
import { expect, test } from "./page";

const VIEWS: Record<string, (page: Page, origin: string) => Promise<void>> = {
  overview: async (page, origin) => {
    await page.goto(`${origin}/?window=1h`);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("pairs would be dropped");
  },
  flows: async (page, origin) => {
    await page.goto(`${origin}/flows?q=from:shop/*+-to:kube-system/*`);
    await page.locator("tr[data-verdict=would_drop]", { hasText: "data/db" }).first().click();
    await expect(page.getByRole("complementary", { name: "Flow" })).toContainText("Why");
  },
  policies: async (page, origin) => {
    await page.goto(`${origin}/policies?enforce=CiliumNetworkPolicy/data/db-from-orders`);
    await expect(page.getByRole("button", { name: /Enforce in data: 1,416 would be dropped/ })).toBeVisible();
  },
  // The commonest link of all: the page as it opens, a moment after the first packet.
  beginning: async (page, origin) => {
    await page.goto(`${origin}/?window=5m`);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("pairs would be dropped");
  },
  leaning: async (page, origin) => {
    await page.goto(`${origin}/policies?enforce=NetworkPolicy/shop/default-deny-ingress&window=24h`);
    await expect(page.getByRole("button", { name: "Enforce in shop: 41,211 would be dropped" })).toBeVisible();
  },
  policy: async (page, origin) => {
    await page.goto(`${origin}/policies?open=CiliumNetworkPolicy/payments/partners`);
    await expect(page.getByRole("complementary", { name: "Policy" })).toContainText("Unknown field");
  },
};

for (const scheme of SCHEMES) {
  for (const { width, height } of SIZES) {
    for (const [name, open] of Object.entries(VIEWS)) {
      test(`${name} in ${scheme} at ${width}x${height} is accessible`, async ({ page, origin }) => {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        await page.setViewportSize({ width, height });
        await open(page, origin);
        await page.waitForFunction(() => document.fonts.ready.then(() => true));
        await page.screenshot({ path: `${SCREENSHOTS}/${name}-${scheme}-${width}x${height}.png` });
        expect(await serious(page)).toEqual([]);
      });
    }
  }
}

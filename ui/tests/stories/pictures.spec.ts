// Pictures of every page at two sizes in both schemes, and axe on each.
import type { Page } from "@playwright/test";
import { SCHEMES, SCREENSHOTS, SIZES } from "../browser";
import { bustle, crowd } from "../fixture/crowd";
import type { FixtureServer } from "../fixture/server";
import { serious } from "./axe";
import { expect, test } from "./page";

const VIEWS: Record<string, (page: Page, origin: string, server: FixtureServer) => Promise<void>> = {
  overview: async (page, origin) => {
    await page.goto(`${origin}/?window=1h`);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("pairs would be dropped");
  },
  flows: async (page, origin) => {
    await page.goto(`${origin}/flows?q=from:shop/*+-to:kube-system/*`);
    await page.locator("tr[data-verdict=would_drop]", { hasText: "data/db" }).first().click();
    await expect(page.getByRole("complementary", { name: "Flow" })).toContainText(/packets, up to [0-9.]+ a second/);
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
  refused: async (page, origin) => {
    await page.goto(`${origin}/policies?open=CiliumNetworkPolicy/payments/partners`);
    await expect(page.getByRole("complementary", { name: "Policy" })).toContainText("Unknown field");
  },
  "policy-drawer": async (page, origin) => {
    await page.goto(`${origin}/policies?open=CiliumNetworkPolicy/data/db-from-orders`);
    const drawer = page.getByRole("complementary", { name: "Policy" });
    await expect(drawer.getByRole("region", { name: "Tests" })).toContainText("1 of 2 tests not as expected");
    await expect(drawer).toContainText("packets, last");
    await expect(drawer.getByRole("region", { name: "What was changed" })).toContainText("Text, now 2 rules");
  },
  map: async (page, origin) => {
    await page.goto(`${origin}/map?window=1h`);
    await expect(page.getByRole("region", { name: "List" })).toContainText("intruder");
  },
  "map-around": async (page, origin) => {
    await page.goto(`${origin}/map?window=1h&around=shop/intruder`);
    await expect(page.getByRole("region", { name: "List" })).toContainText("Connects to 3");
  },
  "map-busy": async (page, origin, server) => {
    bustle(server.world);
    server.moods.lively = false;
    await page.goto(`${origin}/map?window=1h`);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("12 workloads");
  },
  "map-crowd": async (page, origin, server) => {
    crowd(server.world, 200, 0);
    await page.goto(`${origin}/map?window=1h`);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("203 namespaces");
  },
  policy: async (page, origin, server) => {
    server.world.began = Date.now() - 4 * 86_400_000;
    await page.goto(`${origin}/policies/CiliumNetworkPolicy/data/db-from-orders?window=1h`);
    await expect(page.getByRole("region", { name: "In words" })).toContainText("may connect");
    await expect(page.getByRole("region", { name: "What changed, and what it did" })).toContainText("packets a second");
  },
  draft: async (page, origin) => {
    await page.goto(`${origin}/flows?q=verdict:would-drop+to:data/db&allow=1`);
    await expect(page.getByRole("region", { name: "Allow this" })).toContainText("would pass");
  },
  range: async (page, origin) => {
    await page.goto(`${origin}/?window=7d`);
    await page.getByRole("button", { name: /^Last 7 days/ }).click();
    await page.getByRole("menuitem", { name: "From one time to another" }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
  },
  workloads: async (page, origin) => {
    await page.goto(`${origin}/workloads?window=1h`);
    await expect(page.getByRole("grid")).toContainText("intruder");
  },
  workload: async (page, origin) => {
    await page.goto(`${origin}/workloads/data/db?window=1h`);
    await expect(page.getByRole("region", { name: "Who connects to it" })).toContainText("intruder");
  },
  changes: async (page, origin) => {
    await page.goto(`${origin}/changes`);
    await expect(page.getByRole("grid")).toContainText("from enforce to detect");
  },
};

for (const [name, open] of Object.entries(VIEWS)) {
  test(`${name} is accessible, light and dark, at two sizes`, async ({ page, server, origin }) => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await open(page, origin, server);
    await page.waitForFunction(() => document.fonts.ready.then(() => true));
    for (const { width, height } of SIZES) {
      await page.setViewportSize({ width, height });
      for (const scheme of SCHEMES) {
        await page.emulateMedia({ colorScheme: scheme });
        await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", scheme);
        await page.screenshot({ path: `${SCREENSHOTS}/${name}-${scheme}-${width}x${height}.png` });
        // A crowd is many of the same.
        if (name === "map-crowd" && (scheme === "dark" || width < 1_100)) continue;
        expect(await serious(page), `${name} in ${scheme} at ${width}`).toEqual([]);
      }
    }
  });
}

// The proof: the page against the product and its demo, on real packets. Needs root.
import { defineConfig } from "@playwright/test";
import { CHROMIUM } from "./browser";

export default defineConfig({
  testDir: "proof",
  globalSetup: "./proof/setup.ts",
  outputDir: "../../target/playwright/proof",
  timeout: 300_000,
  expect: { timeout: 20_000 },
  workers: 1,
  retries: 0,
  forbidOnly: true,
  reporter: "list",
  use: { launchOptions: CHROMIUM, viewport: { width: 1440, height: 900 }, trace: "off" },
});

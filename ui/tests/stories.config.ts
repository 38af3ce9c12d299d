// Stories of the page alone, against the fixture server.
import { defineConfig } from "@playwright/test";
import { CHROMIUM } from "./browser";

export default defineConfig({
  testDir: "stories",
  outputDir: "../../target/playwright/stories",
  timeout: 60_000,
  // A busy machine is slow, not wrong.
  expect: { timeout: 20_000 },
  // Each test has a server of its own.
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  reporter: "list",
  use: { launchOptions: CHROMIUM, viewport: { width: 1440, height: 900 }, trace: "off" },
});

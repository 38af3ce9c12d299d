// What takes an hour: run by `./dev slow`.
import { defineConfig } from "@playwright/test";
import stories from "./stories.config";

export default defineConfig({ ...stories, testDir: "slow", outputDir: "../../target/playwright/slow", workers: 1 });

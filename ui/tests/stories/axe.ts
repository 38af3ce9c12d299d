// axe in the page under test: what it finds serious or worse, as lines to read.
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";

const AXE = new URL("../../node_modules/axe-core/axe.min.js", import.meta.url).pathname;

interface Finding {
  id: string;
  impact: string;
  nodes: { html: string }[];
}

export async function serious(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, "utf8"));
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } };
    return (await axe.run()).violations;
  });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)} and ${nodes.length - 1} more`);
}

// The story of the product, on real packets: what the intruder tries appears as would drop with
// policy and rule; enforcing on the page stops it, while the application loses nothing; one click
// brings all back.
import { expect, type Page, test } from "@playwright/test";
import type { Flow, Flows } from "../../src/wire/rest";
import { SCHEMES, SCREENSHOTS, SIZES } from "../browser";
import { serious } from "../stories/axe";
import { Demo, until } from "./demo";
import { CLIENTS, type Line, linesOf, outcomesSince } from "./log";

const INTRUDER = "lab/intruder";
/** Longer than the intruder waits for any answer, so that what began before a switch has ended. */
const SETTLED_MS = 6_000;

test.describe.configure({ mode: "serial" });
let demo: Demo;

test.beforeAll(async () => {
  test.setTimeout(120_000);
  demo = await Demo.start();
});
test.beforeEach(({ page }) => {
  const origin = new URL(demo.page).origin;
  page.on("request", (request) => expect(request.url().startsWith(origin), request.url()).toBe(true));
  page.on("pageerror", (error) => expect(error, "no error on the page").toBeNull());
});

test("in detection the intruder gets everywhere, and each attempt is shown with policy and rule", async ({ page }) => {
  await until("the intruder has made three rounds", 60_000, () => connected(intruder()).length >= 12);
  await page.goto(demo.page);
  await expect(page).toHaveURL((url) => !url.searchParams.has("token"));
  const title = page.getByRole("heading", { level: 1 });
  await expect(title).toContainText("nothing was dropped", { timeout: 20_000 });
  await expect(title).toContainText(/\d+ pairs? would be dropped/, { timeout: 30_000 });
  await expect(page.getByRole("region", { name: "Needs you" })).toContainText(INTRUDER.split("/")[1]!);

  await page.goto(`${origin()}/flows?q=verdict:would-drop+from:${INTRUDER}+to:data/db+port:6379`);
  const row = page.locator("tr[data-verdict=would_drop]").first();
  await expect(row).toContainText("would drop");
  await row.click();
  const drawer = page.getByRole("complementary", { name: "Flow" });
  await expect(drawer).toContainText("It was let through. If");
  await expect(drawer).toContainText("enforced, it would be dropped.");
  await expect(drawer.getByRole("row").filter({ hasText: "≠" }).first()).toBeVisible();

  for (const flow of await flowsOf(page, `verdict=would_drop&from=${INTRUDER}`)) {
    expect(flow.policy, `the policy behind ${flow.seq}`).toBeTruthy();
    expect(Boolean(flow.rule) || (flow.nearest ?? []).length > 0, `the rule behind ${flow.seq}`).toBe(true);
  }
  const denied = await flowsOf(page, `verdict=would_drop&to=169.254.169.254`);
  expect(denied.map(({ rule }) => rule)).toContain("CiliumClusterwideNetworkPolicy/block-cloud-metadata#egressDeny[0]");
  await pictures(page, "detect");
});

test("enforcing on the page stops the intruder while the application loses nothing", async ({ page }) => {
  const began = Date.now();
  await page.goto(demo.page);
  await enforceAll(page);
  const switched = Date.now();
  await until("the kernel has it", 20_000, () => demo.status().ready);
  await until("the intruder has tried all again", 60_000, () => after(intruder(), switched + SETTLED_MS).length >= 40);
  const tries = after(intruder(), switched + SETTLED_MS);
  expect([...new Set(tries.map(({ outcome }) => outcome))], "the intruder's own log").toEqual(["timed_out"]);
  await until("clients have asked on", 30_000, () => CLIENTS.every((name) => outcomesSince(linesOf(demo.state, name), switched).length >= 10));
  for (const name of CLIENTS) {
    expect([...new Set(outcomesSince(linesOf(demo.state, name), began))], `${name} since before the switch`).toEqual(["ok"]);
  }
  expectNoProbeLost(began);
  const innocent = (await flowsOf(page, "verdict=dropped")).filter(({ source }) => source.workload !== INTRUDER);
  expect(innocent.map(({ source, destination, port }) => `${source.ip} ${destination.ip} ${port}`), "no denied count on allowed pairs").toEqual([]);

  await page.goto(`${origin()}/`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/\d+ pairs? (was|were) dropped/, { timeout: 20_000 });
  await pictures(page, "enforce");
});

test("Detect everything brings all back, and still nothing of the application is lost", async ({ page }) => {
  const began = Date.now();
  await page.goto(demo.page);
  await page.getByRole("button", { name: "Detect everything" }).click();
  const dialog = page.getByRole("dialog", { name: "Stop enforcing everywhere?" });
  await expect(dialog).toContainText("What opens");
  await dialog.getByRole("button", { name: /^Detect everything/ }).click();
  await expect(dialog).toBeHidden();
  await until("the intruder gets through again", 60_000, () => connected(after(intruder(), began + SETTLED_MS)).length >= 6);
  for (const name of CLIENTS) {
    expect([...new Set(outcomesSince(linesOf(demo.state, name), began))], name).toEqual(["ok"]);
  }
  expectNoProbeLost(began);
});

test("an agent that is killed is said to be gone, and comes back", async ({ page }) => {
  await page.goto(demo.page);
  const pid = demo.status().nodes[0]?.pid;
  expect(pid).toBeGreaterThan(0);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  // It is started again so soon that only the page itself sees each word.
  const said = page.getByText(/[Tt]he agent .*(is gone|does not run)/).first().waitFor({ state: "attached", timeout: 20_000 });
  process.kill(pid!, "SIGKILL");
  await said;
  await until("its successor runs", 30_000, () => {
    const { ready, nodes } = demo.status();
    return ready && nodes[0]?.pid !== pid;
  });
  await expect(page.getByText(/All \d+ workloads are on revision/)).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
});

const origin = (): string => new URL(demo.page).origin;
const intruder = (): Line[] => linesOf(demo.state, "intruder");
const after = (lines: readonly Line[], time: number): Line[] => lines.filter((line) => line.time >= time);
const connected = (lines: readonly Line[]): Line[] => lines.filter(({ outcome }) => outcome?.startsWith("connected"));

async function flowsOf(page: Page, query: string): Promise<Flow[]> {
  const answer = await page.request.get(`${origin()}/api/v1/flows?limit=1000&${query}`);
  expect(answer.ok(), await answer.text()).toBe(true);
  return ((await answer.json()) as Flows).flows;
}

/** As a person does it: each Enforce, with what its preview says it needs. */
async function enforceAll(page: Page): Promise<void> {
  await page.goto(`${origin()}/policies?sort=name`);
  const open = page.locator("[role=radiogroup]:has([data-mode=detect][aria-checked=true])");
  await expect(open.first()).toBeVisible();
  while ((await open.count()) > 0) {
    const left = await open.count();
    await open.first().getByText("Enforce").click();
    const preview = page.getByRole("region", { name: /^Enforce / });
    const confirm = preview.getByRole("button", { name: /would be dropped$/ });
    await expect(confirm).toBeVisible();
    const more = preview.getByRole("checkbox", { checked: false });
    while ((await more.count()) > 0) {
      await more.check();
      await expect(confirm).toBeEnabled();
    }
    await confirm.click();
    await expect(preview).toBeHidden();
    await expect.poll(() => open.count()).toBeLessThan(left);
  }
}

/** Numbered probes on an allowed pair, over both families: every number came in. */
function expectNoProbeLost(since: number): void {
  const lines = linesOf(demo.state, "probe");
  expect(after(lines, since).filter(({ gap }) => gap), "gaps in the probes").toEqual([]);
  const told = lines.filter(({ v4, v6 }) => v4 && v6);
  const [first, last] = [told.find(({ time }) => time >= since), told.at(-1)];
  for (const family of ["v4", "v6"] as const) {
    expect(last?.[family]?.received ?? 0, `${family} probes go on`).toBeGreaterThan(first?.[family]?.received ?? 0);
    expect(last?.[family]?.missing, `${family} probes missing`).toBe(first?.[family]?.missing);
  }
}

const PAGES = [
  ["overview", "/"], ["map", "/map"], ["policies", "/policies"], ["flows", "/flows"], ["policy", "/policies/NetworkPolicy/data/db"],
  ["workloads", "/workloads"], ["workload", "/workloads/data/db"], ["changes", "/changes"],
] as const;

/** Pages at two sizes in both schemes, each looked through by axe. */
async function pictures(page: Page, mode: string): Promise<void> {
  for (const [name, path] of mode === "detect" ? PAGES : PAGES.slice(0, 3)) {
    await page.goto(`${origin()}${path}`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
    for (const scheme of SCHEMES) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      for (const { width, height } of SIZES) {
        await page.setViewportSize({ width, height });
        await page.screenshot({ path: `${SCREENSHOTS}/demo-${mode}-${name}-${scheme}-${width}x${height}.png` });
      }
      expect(await serious(page), `${name} in ${scheme}`).toEqual([]);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(SIZES[0]!);
}

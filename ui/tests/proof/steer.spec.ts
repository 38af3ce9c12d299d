// Steering by what the page shows, on real packets and by keyboard alone: a newcomer stops the
// intruder in five steps, a false alarm is allowed from its flow, a policy that leans on others is
// switched with them, and a link shows another browser the same.
import { expect, type Page, test } from "@playwright/test";
import type { Flows, Policies } from "../../src/wire/rest";
import { Demo, until } from "./demo";
import { press, tabTo } from "./keyboard";
import { linesOf, outcomesSince } from "./log";

const INTRUDER = "lab/intruder";
const SETTLED_MS = 6_000;

test.describe.configure({ mode: "serial" });
let demo: Demo;

test.beforeAll(async () => {
  demo = await Demo.start();
});

test("a newcomer finds what the intruder tried and stops it in five steps", async ({ page }) => {
  await page.goto(demo.page);
  const pair = page.getByRole("region", { name: "Needs you" }).getByRole("listitem").filter({ hasText: "intruder" }).filter({ hasText: "data/db" }).first();
  let steps = 0;
  const step = async (place: Parameters<typeof press>[1]) => {
    await press(page, place);
    steps += 1;
  };
  await step(pair.getByRole("link", { name: "It should be dropped" }));
  const preview = page.getByRole("region", { name: /^Enforce / });
  const enforce = preview.getByRole("button", { name: /^Enforce/ });
  await expect(enforce).toContainText("would be dropped");
  await expect(preview).toContainText("intruder");
  steps += await takeAlong(page);
  await step(enforce);
  await expect(preview).toBeHidden();
  expect(steps, "steps from the first look").toBeLessThanOrEqual(5);
  const switched = Date.now();
  await until("the kernel has it", 30_000, () => demo.status().ready);
  const logins = () => linesOf(demo.state, "intruder").filter(({ action, time }) => action === "login" && time > switched + SETTLED_MS);
  await until("the intruder has tried the database again", 90_000, () => logins().length >= 2);
  expect([...new Set(logins().map(({ outcome }) => outcome))], "the intruder's own log").toEqual(["timed_out"]);
  for (const client of ["orders", "report"]) {
    expect([...new Set(outcomesSince(linesOf(demo.state, client), switched))], `${client} goes on`).toEqual(["ok"]);
  }
});

test("a policy that leans on others is previewed and switched together with them, and the log says who did it", async ({ page }) => {
  await page.goto(demo.page);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await expect(page.getByRole("grid")).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("namespace:shop default-deny");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await tabTo(page, page.getByRole("radiogroup", { name: "Mode of shop/default-deny" }).getByRole("radio", { name: "Detect" }));
  await page.keyboard.press("ArrowRight");
  const preview = page.getByRole("region", { name: "Enforce shop/default-deny" });
  await expect(preview.getByRole("button", { name: "Keep detecting" })).toBeFocused();
  await expect(preview).toContainText("as well");
  expect(await takeAlong(page), "boxes of policies that it leans on").toBeGreaterThan(0);
  await press(page, preview.getByRole("button", { name: /^Enforce (both|all)/ }));
  await expect(preview).toBeHidden();
  await until("the kernel has it", 30_000, () => demo.status().ready);
  const { policies } = await read<Policies>(page, "/policies");
  const together = policies.filter(({ mode, namespace }) => mode === "enforce" && namespace === "shop");
  expect(together.length).toBeGreaterThan(1);
  expect(new Set(together.map(({ changed }) => changed?.revision)).size, "one revision").toBe(1);
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await expect(page.getByRole("grid", { name: /Changes/ })).toContainText("shop/default-deny");
  await press(page, page.getByRole("button", { name: "Detect everything" }));
  const dialog = page.getByRole("dialog");
  await press(page, dialog.getByRole("button", { name: /^Detect everything/ }));
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("grid", { name: /Changes/ })).toContainText("from enforce to detect");
});

test("a false alarm is allowed from its flow, in detection", async ({ page }) => {
  await page.goto(demo.page);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("f");
  await expect(page.getByRole("grid")).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type(`verdict:would-drop from:${INTRUDER} to:shop/cart* port:8080 direction:in `);
  await page.keyboard.press("Escape");
  await expect(page.locator("tr[data-verdict=would_drop]").first()).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const seq = await page.locator("tr[aria-selected=true]").getAttribute("data-seq");
  const flow = (await read<Flows>(page, `/flows?limit=1000&verdict=would_drop&from=${INTRUDER}`)).flows.find((one) => String(one.seq) === seq);
  const target = flow?.destination.workload;
  expect(target).toMatch(/^shop\/cart/);
  await press(page, page.getByRole("button", { name: "Allow this" }));
  const draft = page.getByRole("region", { name: "Allow this" });
  await expect(draft).toContainText("would pass");
  await press(page, draft.getByRole("button", { name: "Save in detection" }));
  await expect(draft.getByRole("status")).toContainText("in detection");
  await until("the kernel has it", 30_000, () => demo.status().ready);
  const saved = Date.now() + 2_000;
  await until("the intruder is seen at the cart and not held against", 60_000, async () => {
    const { flows } = await read<Flows>(page, `/flows?limit=100&from=${INTRUDER}&to=${target}&port=8080&direction=ingress&since=${saved}`);
    return flows.length > 0 && flows.every(({ verdict }) => verdict === "forwarded");
  });
});

test("a link opened in a second browser shows the same", async ({ page, browser }) => {
  await page.goto(demo.page);
  // What is told late belongs to the time too: it ends a little ago.
  const now = demo.status().time - 5_000;
  await page.goto(`${new URL(demo.page).origin}/flows?q=from:${INTRUDER}+to:data/db&from=${now - 60_000}&to=${now}`);
  await expect(page.locator("tr[data-index='0']")).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const shown = async (where: Page) => {
    const drawer = where.getByRole("complementary", { name: "Flow" });
    await expect(drawer.getByRole("heading", { level: 2 })).toBeVisible();
    return [await where.getByRole("heading", { level: 1 }).textContent(), await drawer.getByRole("heading", { level: 2 }).textContent(),
      await where.locator("tr[aria-selected=true]").getAttribute("data-seq")];
  };
  const here = await shown(page);
  const other = await (await browser.newContext()).newPage();
  await other.goto(demo.page);
  await expect(other).toHaveURL((url) => !url.searchParams.has("token"));
  await other.goto(page.url());
  await expect.poll(() => shown(other)).toEqual(here);
  await other.context().close();
});

test("two browsers switch the same policy at once: one wins, the other is told by whom and sees it", async ({ page, browser }) => {
  const other = await (await browser.newContext()).newPage();
  await other.goto(demo.page);
  await expect(other).toHaveURL((url) => !url.searchParams.has("token"));
  await page.goto(demo.page);
  await expect(page).toHaveURL((url) => !url.searchParams.has("token"));
  const groupOf = (where: Page) => where.getByRole("radiogroup", { name: "Mode of shop/default-deny" });
  for (const where of [page, other]) {
    await where.goto(`${new URL(demo.page).origin}/policies?q=namespace:shop+default-deny`);
    await expect(groupOf(where).getByRole("radio", { name: "Detect" })).toBeChecked();
  }
  // What the first asks is on its way until the second has got its answer.
  let letGo = () => {};
  const gate = new Promise<void>((done) => { letGo = done; });
  await page.route("**/api/v1/**/mode", async (route) => {
    await gate;
    await route.continue();
  });
  const asked = page.waitForRequest((request) => request.method() === "PUT");
  await groupOf(page).getByRole("radio", { name: "Enforce" }).click();
  await page.getByRole("region", { name: "Enforce shop/default-deny" }).getByRole("button", { name: /would be dropped$/ }).click();
  await asked;
  await groupOf(other).getByRole("radio", { name: "Off" }).click();
  await expect(groupOf(other).getByRole("radio", { name: "Off" })).toBeChecked();
  letGo();
  await expect(page.getByRole("alert").filter({ hasText: "Not enforced." })).toContainText("set shop/default-deny to off meanwhile, revision");
  await expect(groupOf(page).getByRole("radio", { name: "Off" })).toBeChecked();
  await groupOf(page).getByRole("radio", { name: "Detect" }).click();
  await expect(groupOf(other).getByRole("radio", { name: "Detect" })).toBeChecked();
  await other.context().close();
});

/** Ticks the boxes that a preview asks for; answers how many. */
async function takeAlong(page: Page): Promise<number> {
  const preview = page.getByRole("region", { name: /^Enforce / });
  const box = preview.getByRole("checkbox", { checked: false });
  let ticked = 0;
  const enforce = preview.getByRole("button", { name: /would be dropped$/ });
  await expect(enforce).toBeEnabled();
  while ((await box.count()) > 0) {
    await tabTo(page, box);
    await page.keyboard.press("Space");
    ticked += 1;
    await expect(enforce).toBeEnabled();
  }
  return ticked;
}

async function read<Body>(page: Page, path: string): Promise<Body> {
  const answer = await page.request.get(`${new URL(demo.page).origin}/api/v1${path}`);
  expect(answer.ok(), await answer.text()).toBe(true);
  return (await answer.json()) as Body;
}

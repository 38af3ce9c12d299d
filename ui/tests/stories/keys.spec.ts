// By keyboard alone: pages, filter, rows, drawer, switch, pause, help.
import { expect, test } from "./page";

test("pages, help and pause are keys", async ({ page, origin }) => {
  await page.goto(origin);
  await expect(page.getByRole("navigation", { name: "Pages" })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("f");
  await expect(page).toHaveURL(/\/flows$/);
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await expect(page).toHaveURL(/\/policies$/);
  await page.keyboard.press("g");
  await page.keyboard.press("o");
  await expect(page).toHaveURL(/\/$/);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.keyboard.press("p");
  await expect(page).toHaveURL(/paused=1/);
  await expect(page.getByRole("button", { name: /Paused/ })).toBeVisible();
  await page.keyboard.press("p");
  await expect(page.getByRole("button", { name: /Live/ })).toBeVisible();
});

test("a flow is found, read and left by keyboard, and the focus returns to its row", async ({ page, origin }) => {
  await page.goto(`${origin}/flows`);
  await expect(page.getByRole("grid")).toBeVisible();
  await page.keyboard.press("/");
  await expect(page.getByRole("combobox", { name: "Filter" })).toBeFocused();
  await page.keyboard.type("verdict:would-drop to:data/db ");
  await expect(page).toHaveURL(/q=verdict%3Awould-drop\+to%3Adata%2Fdb/);
  await expect(page.locator("tr[data-verdict=forwarded]")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  const second = page.locator("tr[data-index='1']");
  await expect(second).toBeFocused();
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("complementary", { name: "Flow" });
  await expect(drawer).toContainText("holds data/db inward");
  await page.keyboard.press("j");
  await expect(page.locator("tr[data-index='2']")).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("k");
  await page.keyboard.press("Escape");
  await expect(drawer).toBeHidden();
  await expect(second).toBeFocused();
});

test("chips are negated, taken back to text, and suggestions complete them", async ({ page, origin }) => {
  await page.goto(`${origin}/flows?q=from:shop/intruder`);
  await page.getByRole("button", { name: "from shop/intruder", exact: true }).click();
  await expect(page).toHaveURL(/q=-from%3Ashop%2Fintruder/);
  await expect(page.locator("tr[data-index]", { hasText: "intruder" })).toHaveCount(0);
  await page.getByRole("combobox", { name: "Filter" }).focus();
  await page.keyboard.press("Backspace");
  await expect(page.getByRole("combobox", { name: "Filter" })).toHaveValue("-from:shop/intruder");
  await page.getByRole("combobox", { name: "Filter" }).fill("to:da");
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("option", { name: /to:data\/db/ })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=to%3Adata/);
});

test("new flows wait behind a bar and no row moves", async ({ page, origin }) => {
  await page.goto(`${origin}/flows`);
  const first = page.locator("tr[data-index='0']");
  const seq = await first.getAttribute("data-seq");
  await expect(page.getByRole("button", { name: /new flows?\. Show/ })).toBeVisible();
  expect(await first.getAttribute("data-seq")).toBe(seq);
  await page.keyboard.press("n");
  await expect(first).not.toHaveAttribute("data-seq", seq ?? "");
});

test("a policy is enforced and set back by keyboard", async ({ page, server, origin }) => {
  await page.goto(`${origin}/policies`);
  await expect(page.getByRole("grid")).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  let answer = () => {};
  server.moods.held = new Promise<void>((done) => { answer = done; });
  await page.keyboard.press("ArrowRight");
  const keep = page.getByRole("button", { name: "Keep detecting" });
  await expect(keep).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  const enforce = page.getByRole("button", { name: /^Enforce in data/ });
  await expect(enforce).toBeFocused();
  await expect(enforce).toBeDisabled();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "Enforce data/db-from-orders" })).toContainText("Judging recorded connections");
  server.moods.held = null;
  answer();
  await expect(enforce).toHaveText("Enforce in data: 1,416 would be dropped");
  await expect(enforce).toBeFocused();
  await page.keyboard.press("Enter");
  const group = page.getByRole("radiogroup", { name: "Mode of data/db-from-orders" });
  await expect(group.getByRole("radio", { name: "Enforce" })).toBeChecked();
  await expect(page.locator("tr[data-id='CiliumNetworkPolicy/data/db-from-orders']")).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(group.getByRole("radio", { name: "Enforce" })).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(group.getByRole("radio", { name: "Detect" })).toBeChecked();
});

test("what is chosen while a switch is under way is not lost", async ({ page, server, origin }) => {
  await page.goto(`${origin}/policies`);
  const group = page.getByRole("radiogroup", { name: "Mode of data/db-from-orders" });
  await group.getByRole("radio", { name: "Detect" }).focus();
  let answer = () => {};
  server.moods.held = new Promise<void>((done) => { answer = done; });
  const asked = page.waitForRequest((request) => request.method() === "PUT");
  await page.keyboard.press("ArrowLeft");
  await asked;
  await page.keyboard.press("ArrowRight");
  const again = page.waitForRequest((request) => request.method() === "PUT");
  server.moods.held = null;
  answer();
  expect((await again).postDataJSON()).toEqual({ mode: "detect" });
  await expect(group.getByRole("radio", { name: "Detect" })).toBeChecked();
  await expect(group).toHaveAttribute("aria-busy", "false");
});

test("a link shows another browser the same", async ({ page, origin, browser }) => {
  await page.goto(`${origin}/flows?q=verdict:would-drop`);
  await page.locator("tr[data-index='3']").click();
  const url = page.url();
  const title = await page.getByRole("complementary", { name: "Flow" }).getByRole("heading", { level: 2 }).textContent();
  const other = await browser.newPage();
  await other.goto(url);
  await expect(other.getByRole("complementary", { name: "Flow" }).getByRole("heading", { level: 2 })).toHaveText(title ?? "");
  await other.close();
  await page.goBack();
  await expect(page.getByRole("complementary", { name: "Flow" })).toBeHidden();
});

test("a locked policy shows the line to add", async ({ page, origin }) => {
  await page.goto(`${origin}/policies`);
  await expect(page.getByRole("radiogroup", { name: "Mode of data/report-egress" }).getByRole("radio", { name: "Enforce" })).toBeDisabled();
  await page.getByRole("button", { name: "line to add" }).click();
  await expect(page.getByText("podwall.io/mode: enforce")).toBeVisible();
});

// By keyboard alone through the newer pages: map, workloads, a policy's page, a draft, the changes,
// a time of one's own.
import { expect, test } from "./page";

const DB = "CiliumNetworkPolicy/data/db-from-orders";

test("the map is read through its list: to an end, and on to its flows", async ({ page, origin }) => {
  await page.goto(origin);
  await expect(page.getByRole("navigation", { name: "Pages" })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  const list = page.getByRole("region", { name: "List" });
  await expect(list).toContainText("connects to 3");
  await page.keyboard.press("j");
  await expect(list.getByRole("button").first()).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/around=shop%2Fintruder/);
  await expect(list).toContainText("Connects to 3");
  const places = await page.locator("svg text", { hasText: "orders" }).first().boundingBox();
  await page.keyboard.press("Escape");
  await expect(list).toContainText("All ends");
  expect(await page.locator("svg text", { hasText: "orders" }).first().boundingBox()).toEqual(places);
  await page.goBack();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/flows\?.*from%3Ashop%2Fintruder/);
});

test("the map is filtered, grouped, enlarged and taken along", async ({ page, origin }) => {
  await page.goto(`${origin}/map?q=verdict:would-drop`);
  const list = page.getByRole("region", { name: "List" });
  await expect(list).toContainText("What matches");
  await expect(list).not.toContainText("shop/web");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export SVG" }).click();
  expect((await download).suggestedFilename()).toBe("podwall-map.svg");
  await page.getByRole("button", { name: "By namespace" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("3 namespaces");
  const drawing = page.getByRole("region", { name: "Drawing" }).locator("svg").first();
  const before = (await drawing.boundingBox())?.width ?? 0;
  await page.keyboard.press("+");
  await expect.poll(async () => (await drawing.boundingBox())?.width ?? 0).not.toBe(before);
});

test("a workload is found in the list and leads to what holds it", async ({ page, origin }) => {
  await page.goto(`${origin}/workloads?q=in:detected`);
  await expect(page.getByRole("grid")).toContainText("intruder");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("db");
  await expect(page.getByRole("region", { name: "Inward" })).toContainText("what no rule allows is recorded as would drop");
  await expect(page.getByRole("region", { name: "Who connects to it" })).toContainText("5432");
  await page.getByRole("region", { name: "Inward" }).getByRole("link", { name: "data/db-from-orders" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("db-from-orders");
});

test("a policy is enforced on its own page, and the log says who did it", async ({ page, server, origin }) => {
  await page.goto(`${origin}/policies/${DB}`);
  const words = page.getByRole("region", { name: "In words" });
  await expect(words).toContainText("Never hit since the counters began");
  await words.getByText("app=orders in payments").hover();
  await expect(page.locator("[data-lit]")).toHaveCount(9);
  await page.getByRole("radio", { name: "Detect" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("button", { name: "Keep detecting" })).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await expect(page.getByRole("button", { name: "Enforce in data: 1,416 would be dropped" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "What changed" })).toContainText("Mode from detect to enforce");
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await expect(page.getByRole("grid").getByRole("row").nth(1)).toContainText("Mode from detect to enforce");
  expect(server.world.changes[0]?.subject).toBe(DB);
});

test("a flow is allowed by a draft that is saved in detection", async ({ page, origin }) => {
  await page.goto(`${origin}/flows?q=verdict:would-drop+to:data/db`);
  await expect(page.getByRole("grid")).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Allow this" }).focus();
  await page.keyboard.press("Enter");
  const draft = page.getByRole("region", { name: "Allow this" });
  await expect(draft).toContainText("1,204 connections seen in the last 15 minutes would pass");
  await expect(draft.getByLabel("The draft as YAML")).toContainText("podwall.io/mode: detect");
  await draft.getByRole("button", { name: "Save in detection" }).focus();
  await page.keyboard.press("Enter");
  await expect(draft.getByRole("status")).toContainText("Saved in allow-intruder-to-db.yaml, in detection, as revision 42");
  await draft.getByRole("link", { name: "data/allow-intruder-to-db" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("allow-intruder-to-db");
});

test("a draft that cannot be saved is copied, and says why it cannot be made", async ({ page, server, origin }) => {
  server.world.writable = false;
  await page.goto(`${origin}/flows?q=verdict:would-drop+to:data/db&allow=1`);
  const draft = page.getByRole("region", { name: "Allow this" });
  await expect(draft.getByRole("button", { name: "Copy" })).toBeVisible();
  await expect(draft.getByRole("button", { name: "Save in detection" })).toHaveCount(0);
  await page.goto(`${origin}/flows?q=verdict:would-drop+to:169.254.169.254&allow=1`);
  await expect(draft.getByRole("alert")).toContainText("No rule can allow this flow");
});

test("a time of one's own stands in the link", async ({ page, origin }) => {
  await page.goto(origin);
  await page.getByRole("button", { name: /^Last 15 minutes/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "From one time to another" }).click();
  const dialog = page.getByRole("dialog", { name: "From one time to another" });
  await dialog.getByLabel("From", { exact: true }).fill("2026-11-24T10:00");
  await dialog.getByLabel("To", { exact: true }).fill("2026-11-24T09:00");
  await page.keyboard.press("Enter");
  await expect(dialog.getByRole("alert")).toContainText("before the second");
  await dialog.getByLabel("To", { exact: true }).fill("2026-11-24T10:30");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/from=\d{13}&to=\d{13}/);
  await expect(page.getByRole("button", { name: /^Chosen time/ })).toBeVisible();
});

test("who talks to whom for the first time since yesterday is told, and leads to the flows", async ({ page, origin }) => {
  await page.goto(origin);
  const fresh = page.getByRole("region", { name: "New since yesterday" });
  await expect(fresh.getByRole("listitem")).toHaveCount(3);
  await expect(fresh).toContainText("shop/intruder");
  await expect(fresh).toContainText("1 pair more");
  await fresh.getByRole("link", { name: "at shop/intruder to data/db" }).click();
  await expect(page).toHaveURL(/\/flows\?.*from/);
  await expect(page.locator("tr[data-index='0']")).toContainText("data/db");
});

test("a namespace that is chosen narrows every page, stands in the link and is left again", async ({ page, server, origin }) => {
  server.moods.lively = false;
  await page.goto(`${origin}/?window=1h`);
  await expect(page.getByRole("region", { name: "Needs you" })).toContainText("data/report-job");
  await page.getByRole("button", { name: "Namespace: all" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "shop" }).press("Enter");
  await expect(page).toHaveURL(/scope=shop/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("In the last hour in shop nothing was dropped, 3 pairs");
  await expect(page.getByRole("region", { name: "Namespaces" }).getByRole("row")).toHaveCount(2);
  await expect(page.getByRole("region", { name: "Needs you" })).not.toContainText("data/report-job");
  const pages: [string, RegExp, RegExp][] = [
    ["p", /allow-web/, /db-from-orders/], ["w", /shop\/cart/, /payments\/orders/], ["f", /shop\/web/, /report-job.*payments/],
  ];
  for (const [key, shown, left] of pages) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await expect(page.getByRole("grid")).toContainText(shown);
    await expect(page.getByRole("grid")).not.toContainText(left);
    await expect(page).toHaveURL(/scope=shop/);
  }
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await expect(page.getByRole("region", { name: "List" })).toContainText("intruder");
  await page.getByRole("button", { name: "Namespace: shop" }).click();
  await page.getByRole("menuitem", { name: "All namespaces" }).click();
  await expect(page).not.toHaveURL(/scope=/);
});

test("what a cell stands for is told when it is pointed at or its row is focused", async ({ page, server, origin }) => {
  server.moods.lively = false;
  await page.goto(`${origin}/flows`);
  const cells = page.locator("tr[data-index='0'] td");
  await cells.nth(2).hover();
  await expect(cells.first()).toHaveAttribute("title", / UTC$/);
  await page.goto(`${origin}/policies`);
  await expect(cells.nth(6)).toHaveText(/\d/);
  await page.keyboard.press("j");
  await expect(cells.nth(6)).toHaveAttribute("title", /^[\d,]+$/);
});

test("records far back are found by their time, and by a filter that few match", async ({ page, server, origin }) => {
  const { world } = server;
  const began = Date.now() - 86_400_000;
  const newest = world.flows.splice(0);
  for (let second = 0; second < 1_800; second += 1) world.flows.push({ ...newest[second % newest.length]!, seq: second + 1, time: began + second * 1_000 });
  world.flows.push(...newest.map((flow, index) => ({ ...flow, seq: 2_000 + index })));
  world.flows[0] = { ...world.flows[0]!, port: 4_711 };
  server.moods.lively = false;
  await page.goto(`${origin}/flows?from=${began}&to=${began + 10_000}`);
  await expect(page.locator("tr[data-index='9']")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("10 recorded");
  await page.goto(`${origin}/flows?q=port:4711`);
  await expect(page.locator("tr[data-seq='1']")).toBeVisible();
});

test("each page says what did not arrive, and asks again", async ({ page, server, origin }) => {
  for (const [path, failing, words] of [
    ["/map", "/map", "The map did not arrive."],
    ["/workloads", "/workloads", "The workloads did not arrive."],
    ["/changes", "/changes", "The changes did not arrive."],
    ["/workloads/data/db", "/workloads/", "data/db is not shown."],
    [`/policies/${DB}`, "/policies/", "data/db-from-orders is not shown."],
  ] as const) {
    server.moods.failing = failing;
    await page.goto(`${origin}${path}`);
    await expect(page.getByRole("alert")).toContainText(`${words} It cannot be read`);
    server.moods.failing = null;
    await page.getByRole("button", { name: "Try again" }).click();
    await expect(page.getByRole("alert")).toHaveCount(0);
  }
});

test("nothing is polled: a minute of ticks makes the page ask nothing", async ({ page, server, origin }) => {
  server.moods.lively = false;
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  for (const path of ["/", "/map", "/policies", "/workloads/data/db"]) {
    await page.goto(`${origin}${path}`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
    let opened = -1;
    await expect.poll(() => {
      const still = opened === asked.length;
      opened = asked.length;
      return still;
    }, { intervals: [250] }).toBe(true);
    for (let second = 0; second < 60; second += 1) server.beat();
    await page.evaluate(() => new Promise((done) => setTimeout(done, 200)));
    expect(asked.slice(opened), `on ${path}`).toEqual([]);
  }
});

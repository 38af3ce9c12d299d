// The states of the page: first start, loading, partial, lost, refused, expired; each with its
// picture in both schemes.
import { expect, test } from "./page";
import { picture } from "./picture";

const DB = "CiliumNetworkPolicy/data/db-from-orders";

test("a first start says what it waits for and how to make traffic", async ({ page, server, origin }) => {
  server.world.began = Date.now() + 3_600_000;
  server.world.flows = [];
  server.moods.lively = false;
  await page.goto(origin);
  await expect(page.getByRole("heading", { name: "Waiting for a packet" })).toBeVisible();
  await expect(page.getByText("podwall up --demo")).toBeVisible();
  await expect(page.getByText("It sees 7 workloads.")).toBeVisible();
  await picture(page, "first-start");
  await page.getByRole("link", { name: "Flows", exact: true }).click();
  await expect(page.getByText("No flow yet")).toBeVisible();
});

const EMPTY = [
  ["flows", "/flows?q=port:1", "Nothing that is recorded matches"],
  ["map", "/map", "Nothing is here yet"],
  ["policies", "/policies", "No policy yet"],
  ["workloads", "/workloads", "No workload is seen yet"],
  ["changes", "/changes", "Nothing was changed yet"],
] as const;

for (const [name, path, words] of EMPTY) {
  test(`${name} without anything say why and what to do`, async ({ page, server, origin }) => {
    Object.assign(server.world, { policies: [], changes: [], bare: true });
    server.moods.lively = false;
    await page.goto(`${origin}${path}`);
    await expect(page.getByRole("main").getByText(words)).toBeVisible();
    await picture(page, `empty-${name}`);
  });
}

test("a time of which nothing is known is grey in the chart and named, not zero", async ({ page, server, origin }) => {
  server.world.hole = { from: Date.now() - 30 * 60_000, to: Date.now() - 20 * 60_000 };
  server.moods.lively = false;
  await page.goto(`${origin}/?window=1h`);
  await expect(page.getByText("nothing is known of this time; it is not counted as zero")).toBeVisible();
  await picture(page, "gap");
});

test("an answer that does not come is said on its page, and the rest stays", async ({ page, server, origin }) => {
  server.moods.failing = "/policies/";
  await page.goto(`${origin}/policies/${DB}`);
  await expect(page.getByRole("alert")).toContainText("data/db-from-orders is not shown. It cannot be read");
  await picture(page, "failed");
});

test("a policy whose file cannot be written shows the line to add", async ({ page, origin }) => {
  await page.goto(`${origin}/policies/CiliumNetworkPolicy/data/report-egress?window=1h`);
  await expect(page.getByRole("heading", { name: "The line to add" })).toBeVisible();
  await expect(page.getByRole("radio", { name: "Enforce" })).toBeDisabled();
  await picture(page, "read-only");
});

test("loading shows the shape of the page, but not before it is felt", async ({ page, server, origin }) => {
  server.moods.slow = 2_500;
  await page.goto(origin);
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await picture(page, "loading");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("would be dropped");
});

test("statistics that do not come are named, and the rest is there", async ({ page, server, origin }) => {
  server.moods.statsFail = true;
  await page.goto(origin);
  await expect(page.getByRole("alert")).toContainText("The statistics did not arrive. The statistics cannot be read");
  server.moods.statsFail = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("would be dropped");
});

test("a gone agent, lost records and refused policies are said, sums are lower bounds", async ({ page, server, origin }) => {
  server.world.agent = "gone";
  server.world.eventsLost = 2_310;
  server.world.problems = [
    { code: "agent_gone", subject: "laptop", message: "the agent does not run; the kernel goes on enforcing revision 41; it is started again in 4 s" },
    { code: "policy_refused", subject: "CiliumNetworkPolicy/payments/partners", message: "line 13: unknown field: `toPort`, hint: did you mean `toPorts`?" },
  ];
  await page.goto(`${origin}/?window=1h`);
  await expect(page.getByRole("alert").first()).toContainText("The agent does not run");
  await expect(page.getByRole("region", { name: "Figures" })).toContainText("≥");
  await expect(page.getByText("In trouble")).toBeVisible();
  await picture(page, "partial");
  await page.getByRole("link", { name: "Flows", exact: true }).click();
  await expect(page.getByText("2,310 flow records were lost")).toBeVisible();
});

test("a lost connection keeps the last data with its age and comes back by itself", async ({ page, server, origin }) => {
  await page.goto(`${origin}/?window=1h`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("would be dropped");
  server.moods.away = true;
  server.cut();
  await expect(page.getByText(/No connection for \d+ s\./)).toBeVisible();
  await expect(page.getByText(/Shown as of \d\d:\d\d:\d\d/)).toBeVisible();
  await expect(page.getByRole("button", { name: /Not connected/ })).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("would be dropped");
  await picture(page, "lost");
  server.moods.away = false;
  await expect(page.getByText(/No connection for/)).toBeHidden({ timeout: 20_000 });
  await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
});

test("silence counts as lost as well", async ({ page, server, origin }) => {
  await page.clock.install();
  await page.goto(origin);
  await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
  server.moods.lively = false;
  server.moods.away = true;
  await page.clock.fastForward(13_000);
  await expect(page.getByText(/No connection for/)).toBeVisible();
});

test("a session that is not known is told how to get one", async ({ page, server, origin }) => {
  server.moods.stranger = true;
  await page.goto(origin);
  await expect(page.getByRole("heading", { name: "This page does not know you yet" })).toBeVisible();
  await expect(page.getByText("podwall status")).toBeVisible();
  await picture(page, "stranger");
});

test("a switch that is refused says so under itself, with the command", async ({ page, server, origin }) => {
  server.moods.switchFails = "the file cannot be written: `db-from-orders.yaml`, hint: change it where it comes from";
  await page.goto(`${origin}/policies?enforce=${DB}`);
  await page.getByRole("button", { name: /^Enforce in data/ }).click();
  await expect(page.getByRole("alert")).toContainText("Not enforced. The file cannot be written");
  await expect(page.getByText(`podwall mode ${DB} enforce`)).toBeVisible();
  await expect(page.getByRole("radio", { name: "Detect" }).first()).toBeChecked();
  await picture(page, "switch-refused");
});

test("enforcing asks first, and everything detects again after one question", async ({ page, origin }) => {
  await page.goto(`${origin}/policies`);
  await page.getByRole("radiogroup", { name: "Mode of data/db-from-orders" }).getByText("Enforce").click();
  await expect(page.getByRole("region", { name: "Enforce data/db-from-orders" })).toContainText("1,416 connections seen in the last 15 minutes would be dropped");
  await page.getByRole("button", { name: "Enforce in data: 1,416 would be dropped" }).click();
  await expect(page.getByText("1 enforces in data,")).toBeVisible();
  await expect(page.getByRole("radiogroup", { name: "Mode of data/db-from-orders" }).getByRole("radio", { name: "Enforce" })).toBeChecked();
  await page.goto(`${origin}/`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("1 pair was dropped, 3 more would be dropped");
  await page.getByRole("button", { name: "Detect everything" }).click();
  const dialog = page.getByRole("dialog", { name: "Stop enforcing everywhere?" });
  await expect(dialog).toContainText("1 policy in data stops dropping");
  await expect(dialog.getByRole("button", { name: "Keep enforcing" })).toBeFocused();
  await expect(dialog).toContainText("on 2 ports, dropped 1,416 times in the last hour");
  await picture(page, "detect-everything");
  await dialog.getByRole("button", { name: /^Detect everything/ }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("button", { name: "Detect everything" })).toBeDisabled();
});

test("a policy that leans on another is enforced together with it, in one step", async ({ page, server, origin }) => {
  await page.goto(`${origin}/policies?enforce=NetworkPolicy/shop/default-deny-ingress`);
  const preview = page.getByRole("region", { name: "Enforce shop/default-deny-ingress" });
  await expect(preview).toContainText("41.2 k connections seen");
  await expect(preview).toContainText("Needs shop/allow-web as well");
  await preview.getByRole("checkbox", { name: "Enforce shop/allow-web together with it" }).check();
  await expect(preview).toContainText("3 connections seen");
  const revision = server.world.revision;
  await preview.getByRole("button", { name: "Enforce both: 3 would be dropped" }).click();
  await expect(page.getByText("2 enforce in shop")).toBeVisible();
  expect(server.world.revision).toBe(revision + 1);
});

test("a window that becomes narrow takes the chart with it", async ({ page, origin }) => {
  await page.goto(origin);
  await expect(page.locator("main canvas")).toBeVisible();
  await page.setViewportSize({ width: 1024, height: 768 });
  const right = async (name: string) => {
    const box = await page.getByRole("region", { name }).boundingBox();
    return (box?.x ?? 0) + (box?.width ?? 0);
  };
  await expect.poll(() => right("Needs you")).toBeLessThanOrEqual(1024);
  await expect.poll(async () => (await right("Chart")) <= ((await page.getByRole("region", { name: "Needs you" }).boundingBox())?.x ?? 0)).toBe(true);
});

// Two browsers at one policy: who is second loses nothing silently, and decides anew on what holds.
import type { Page } from "@playwright/test";
import { expect, test } from "./page";
import { picture } from "./picture";

test("two browsers switch the same policy at once: one wins, the other is told by whom and sees it", async ({ page, server, origin, browser }) => {
  const other = await (await browser.newContext()).newPage();
  const groupOf = (where: Page) => where.getByRole("radiogroup", { name: "Mode of data/db-from-orders" });
  for (const where of [page, other]) {
    await where.goto(`${origin}/policies`);
    await expect(groupOf(where).getByRole("radio", { name: "Detect" })).toBeChecked();
  }
  // Both have chosen before either was heard.
  const letGo = await heldBack(page);
  const letOtherGo = await heldBack(other);
  await groupOf(page).getByRole("radio", { name: "Off" }).click();
  await other.goto(`${origin}/policies?enforce=CiliumNetworkPolicy/data/db-from-orders`);
  await other.getByRole("button", { name: /^Enforce in data/ }).click();
  await letOtherGo();
  await expect(groupOf(other).getByRole("radio", { name: "Enforce" })).toBeChecked();
  await letGo();
  const told = page.getByRole("alert");
  await expect(told).toContainText("Not switched off. Somebody else on the page set data/db-from-orders to enforce meanwhile, revision 42.");
  await expect(groupOf(page).getByRole("radio", { name: "Enforce" })).toBeChecked();
  await picture(page, "overtaken");
  expect(server.world.revision, "the second changed nothing").toBe(42);
  // Told, they choose again, and it is theirs.
  await groupOf(page).getByRole("radio", { name: "Off" }).click();
  await expect(groupOf(other).getByRole("radio", { name: "Off" })).toBeChecked();
  await expect(told).toHaveCount(0);
  await other.context().close();
});

test("a change of something else is in nobody's way", async ({ page, server, origin }) => {
  await page.goto(`${origin}/policies`);
  const group = page.getByRole("radiogroup", { name: "Mode of data/db-from-orders" });
  await expect(group.getByRole("radio", { name: "Detect" })).toBeChecked();
  const letGo = await heldBack(page);
  await group.getByRole("radio", { name: "Off" }).click();
  server.world.revision += 1;
  await letGo();
  await expect(group.getByRole("radio", { name: "Off" })).toBeChecked();
  await expect(page.getByRole("alert")).toHaveCount(0);
});

/** Keeps the first switch of a page on its way until the answer is called; later ones pass. */
async function heldBack(page: Page): Promise<() => Promise<void>> {
  let letGo = () => {};
  const gate = new Promise<void>((done) => { letGo = done; });
  const asked = page.waitForRequest((request) => request.method() === "PUT");
  await page.route("**/api/v1/**/mode", async (route) => {
    await gate;
    await route.continue();
  });
  return async () => {
    await asked;
    letGo();
  };
}

// What every story starts from: a fixture server of its own, a page that may speak only to it, and
// a check that it broke neither that nor its content policy.
import { test as base, expect } from "@playwright/test";
import { FixtureServer } from "../fixture/server";

interface Given {
  server: FixtureServer;
  origin: string;
}

export const test = base.extend<Given>({
  server: async ({}, use) => {
    const server = new FixtureServer();
    await use(server);
    await server.stop();
  },
  origin: async ({ server }, use) => use(await server.start()),
  page: async ({ page, origin }, use) => {
    const strays: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(origin)) strays.push(request.url());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error" && /Content Security Policy|Refused to/i.test(text)) complaints.push(text);
    });
    await use(page);
    expect(strays, "no request leaves the origin").toEqual([]);
    expect(complaints, "no error and no breach of the content policy").toEqual([]);
  },
});

export { expect };

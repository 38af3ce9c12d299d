// Whatever the cluster calls its things is text: names, labels, DNS names, policies and their words,
// on every page. Nothing of it becomes an element, runs, or leaves the origin.
import { expect, test } from "./page";

/** What has broken other pages: markup, handlers, addresses, templates, directions, controls. */
const CORPUS = [
  "<img src=x onerror=alert(1)>",
  "<script>alert(1)</script>",
  "\"><svg/onload=alert(1)>",
  "javascript:alert(1)",
  "{{constructor.constructor('alert(1)')()}}",
  "</title></style></textarea><iframe srcdoc='<script>alert(1)</script>'>",
  "\u202egnp.exe\u202c\u0000\u2028",
  "&lt;b&gt; &#x3c;b&#x3e;",
];

test("names of every kind stay text on every page", async ({ page, server, origin }) => {
  const alerts: string[] = [];
  page.on("dialog", (dialog) => { alerts.push(dialog.message()); void dialog.dismiss(); });
  const { world } = server;
  const evil = CORPUS.join(" ");
  const id = `CiliumNetworkPolicy/data/${encodeURIComponent("<b>x</b>").replaceAll("%", "")}`;
  const first = world.policies[0]!;
  Object.assign(first, { id, name: evil, file: `/tmp/${evil}.yaml`, yaml: `# ${evil}\n`, workloads: [`data/${evil}`], sentences: [{ rule: `${id}#ingress[0]`, text: evil }] });
  first.diagnostics = [{ code: evil, severity: "warning", message: evil, hint: evil, line: 1, column: 1 }];
  const flow = world.flows.at(-1)!;
  Object.assign(flow, { verdict: "would_drop", reason_text: evil, policy: id, rule: undefined, tcp_flags: evil });
  flow.source = { ip: "10.0.0.9", identity: 9, workload: `shop/${evil}`, labels: CORPUS.map((one) => `k8s:app=${one}`) };
  flow.destination = { ip: "203.0.113.9", identity: 2, names: CORPUS };
  flow.nearest = [{ rule: `${id}#ingress[0]`, why: evil, peer: false, protocol: true, port: true }];
  world.problems = [{ code: "odd", message: evil, subject: evil }];
  world.changes[0] = { ...world.changes[0]!, who: evil, subject: id, what: "text", to: evil };
  world.crowd = [{ name: `shop/${evil}`, addresses: [], labels: CORPUS, ingress: "open", egress: "open", policies: [evil], not_enforced: evil, node: evil }];
  const counts = { forwarded: 1, would_drop: 1, dropped: 0 };
  world.crowdEdges = [{ source: `shop/${evil}`, destination: "shop/web", egress: counts, ingress: counts, ports: [{ port: evil, egress: counts, ingress: counts }], policies: [evil], first: 0, last: 1 }];
  const paths = ["/", `/flows?open=${flow.seq}`, "/map", `/map?around=${encodeURIComponent(`shop/${evil}`)}`, `/policies?open=${id}`, `/policies/${id}`, "/workloads", "/changes"];
  for (const path of paths) {
    await page.goto(`${origin}${path}`);
    await expect(page.locator("body")).toContainText("onerror=alert(1)");
    expect(await page.locator("main img, main script, main iframe, main a[href^='javascript']").count(), path).toBe(0);
  }
  expect(alerts).toEqual([]);
});

import { describe, expect, it } from "vitest";
import type { Flow } from "../wire/rest";
import { commandsFor } from "./command";
import { format, matcherOf, parse } from "./filter";
import { suggestionsFor } from "./suggest";

const FLOW: Flow = {
  seq: 1, time: 0, kind: "judged", verdict: "would_drop", reason: "default_deny", reason_text: "no rule allows it",
  workload: "data/db", direction: "ingress", protocol: "TCP", port: 5432, source_port: 40_000, count: 1,
  source: { workload: "shop/intruder", ip: "10.0.0.66", identity: 266, labels: ["k8s:app=intruder"] },
  destination: { workload: "data/db", ip: "10.0.0.9", identity: 264, names: ["db.data.svc"] },
  service: { name: "data/store", ip: "10.96.0.1", port: 80 },
  policy: "CiliumNetworkPolicy/data/db-from-orders",
};

const matches = (text: string) => matcherOf(parse(text))(FLOW);

describe("the filter", () => {
  it("reads what it writes", () => {
    const text = "verdict:would-drop -from:kube-system/* port:5432 word";
    expect(format(parse(text))).toBe(text);
    expect(parse("http://x")).toEqual([{ key: null, value: "http://x", not: false }]);
  });

  it.each([
    "", "verdict:would-drop", "verdict:dropped,would-drop", "verdict:AUDIT", "from:shop/*", "from:intruder", "from:10.0.0.66",
    "to:data/db", "to:data/store", "to:10.96.0.1", "with:shop/intruder", "with:data/*", "port:5432", "port:5000-6000", "port:1,5432",
    "protocol:tcp", "direction:in", "policy:db-from-orders", "policy:data/db-from-orders", "reason:default_deny",
    "intruder", "verdict:dropped verdict:would-drop", "-from:shop/web", "db.data", "5432",
  ])("takes %s", (text) => expect(matches(text)).toBe(true));

  it.each([
    "verdict:dropped", "from:shop/web", "to:shop/*", "port:543", "port:6000-7000", "protocol:udp", "direction:out", "policy:db",
    "-verdict:would-drop", "-port:5432", "from:shop/* port:80", "nobody", "intruder nobody", "to:data/d.", "reason:deny_rule",
  ])("leaves out by %s", (text) => expect(matches(text)).toBe(false));
});

describe("suggestions", () => {
  it("offer keys, then values that exist with their count", () => {
    expect(suggestionsFor("", []).map(({ text }) => text)).toContain("verdict:");
    expect(suggestionsFor("po", []).map(({ text }) => text)).toEqual(["port:", "policy:"]);
    expect(suggestionsFor("-from:shop", [FLOW, FLOW])).toEqual([{ text: "-from:shop/intruder", hint: "2" }]);
    expect(suggestionsFor("verdict:x", [FLOW])).toEqual([]);
  });
});

describe("commands", () => {
  it("ask the same of both tools", () => {
    const { podwall, hubble } = commandsFor(FLOW, "1h");
    expect(podwall).toBe("podwall observe --from-pod shop/intruder --to-pod data/db --port 5432 --verdict AUDIT --since 1h");
    expect(hubble).toBe(podwall.replace("podwall", "hubble"));
  });

  it("quote what a shell would read", () => {
    const evil: Flow = { ...FLOW, source: { ...FLOW.source, workload: "shop/$(id)'" } };
    expect(commandsFor(evil, "1h").podwall).toContain("--from-pod 'shop/$(id)'\\'''");
  });
});

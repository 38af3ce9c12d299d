import { describe, expect, it } from "vitest";
import { sentence, told } from "./sentence";
import { titleOf } from "./title";
import { engineSentence } from "./engine";
import { policyOf, portTerm, portWords, ruleWords } from "./verdict";
import type { Pair, Policy, Status } from "../wire/rest";

describe("sentences", () => {
  it("begin with a capital unless a name begins them", () => {
    expect(sentence("no rule allows it")).toBe("No rule allows it.");
    expect(sentence("block-cloud-metadata denies it")).toBe("block-cloud-metadata denies it.");
    expect(sentence("shop/web is gone")).toBe("shop/web is gone.");
    expect(sentence("why?")).toBe("Why?");
  });

  it("tell a hint as a second one", () => {
    expect(told("port in use: `127.0.0.1:1`, hint: give another")).toBe("Port in use: “127.0.0.1:1”. Give another.");
    expect(told("the disk is full")).toBe("The disk is full.");
  });

  it("name rules and ports as people do", () => {
    const rule = "CiliumNetworkPolicy/data/db#ingress[0]";
    expect(policyOf(rule)).toBe("CiliumNetworkPolicy/data/db");
    expect(ruleWords(rule)).toBe("ingress 1");
    expect(ruleWords("K/a/b#specs[1].egressDeny[2]")).toBe("specs 2.egressDeny 3");
    expect(portWords("5432/TCP")).toBe("5432");
    expect(portWords("53/UDP")).toBe("53 udp");
    expect(portWords("ICMPv4")).toBe("icmpv4");
    expect(portTerm("ICMPv4")).toBe("protocol:icmpv4");
  });
});

const pair = (verdict: Pair["verdict"], destination = "c/d", port = "1/TCP"): Pair => ({
  source: "a/b", destination, port, verdict, count: 1, first: 0, last: 1,
});

describe("the title", () => {
  it("answers with pairs", () => {
    const calm = titleOf([], "the last hour", null, 0);
    expect([calm.dropped, calm.would]).toEqual(["nothing was dropped", "nothing more would be dropped"]);
    const busy = titleOf([pair("dropped"), pair("would_drop"), pair("would_drop", "e/f")], "the last hour", 3, 0);
    expect([busy.dropped, busy.would, busy.holds?.what]).toEqual(["1 pair was dropped", "2 more would be dropped", "Revision 3"]);
    expect(titleOf([], "the last hour", 3, 2).holds).toEqual({ before: ", and ", what: "2 revisions", after: "were made." });
    const sweep = [pair("would_drop"), pair("would_drop", "c/d", "2/TCP")];
    expect(titleOf(sweep, "x", 1, 0).would).toBe("1 pair would be dropped");
    const full = Array.from({ length: 500 }, (_, port) => pair("would_drop", "c/d", `${port}/TCP`));
    expect(titleOf(full, "x", 1, 0).would).toBe("at least 1 pair would be dropped");
  });
});

const status = (change: Partial<Status>): Status => ({
  version: "1", ready: true, mode: "detect", revision: 41, problems: [], time: 0,
  nodes: [{ name: "n", agent: "running", revision: 41, generation: 1, events_lost: 0 }],
  policies: { off: 0, detect: 8, enforce: 3, refused: 0 },
  coverage: { workloads: 6, ingress: { enforced: 1, detected: 4, open: 1 }, egress: { enforced: 0, detected: 0, open: 6 } },
  ...change,
});
const enforcing = (namespace: string): Policy => ({ namespace, mode: "enforce" }) as Policy;

describe("the engine", () => {
  it("is counted by policy, with the namespace where there is one", () => {
    const { modes, state } = engineSentence(status({}), [enforcing("payments"), enforcing("payments")]);
    expect(modes).toBe("8 policies detect, 3 enforce in payments.");
    expect(state).toBe("All 6 workloads are on revision 41.");
    expect(engineSentence(status({}), [enforcing("a"), enforcing("b")]).modes).toBe("8 policies detect, 3 enforce.");
  });

  it("says when it is late, starting, gone or without policies", () => {
    const node = status({}).nodes[0]!;
    expect(engineSentence(status({ nodes: [{ ...node, agent: "gone" }] }), null).state).toContain("goes on with revision 41");
    expect(engineSentence(status({ nodes: [{ ...node, agent: "starting" }] }), null).state).toBe("The engine is starting.");
    expect(engineSentence(status({ revision: 42 }), null).state).toBe("Revision 42 is on its way.");
    expect(engineSentence(status({ ready: false }), null).state).toBe("Not everything is in force yet.");
    expect(engineSentence(status({ policies: { off: 0, detect: 0, enforce: 0, refused: 0 } }), null).modes).toBe("There is no policy yet.");
    expect(engineSentence(status({ policies: { off: 0, detect: 1, enforce: 1, refused: 1 } }), null).modes).toBe("1 policy detects, 1 enforces, 1 is refused.");
  });
});

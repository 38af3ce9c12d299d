import { describe, expect, it } from "vitest";
import { lineOfRule, linesOfRule, ownDocument } from "./lines";

const TEXT = `spec:
  ingress:
    - fromEndpoints:
        - matchLabels:
            app: orders

      toPorts: []
    - fromEndpoints: []
  egress:
  - toCIDR: [10.0.0.0/8]
  # the end
`.split("\n");

describe("the lines of a rule", () => {
  it("end where the next item or a shallower line begins", () => {
    expect(linesOfRule(TEXT, 3)).toEqual({ first: 3, last: 7 });
    expect(linesOfRule(TEXT, 8)).toEqual({ first: 8, last: 8 });
    expect(linesOfRule(TEXT, 10)).toEqual({ first: 10, last: 10 });
  });

  it("of a mapping are its own", () => {
    expect(linesOfRule(TEXT, 2)).toEqual({ first: 2, last: 8 });
  });
});

describe("one of several documents in a file", () => {
  const file = "# first\nkind: A\nmetadata:\n  name: one\n---\n# second\nkind: A\nmetadata:\n  name: \"two\"\n  namespace: shop\n";

  it("is found by what it calls itself, with its place in the file", () => {
    expect(ownDocument(file, { kind: "A", name: "one" })).toEqual({ first: 1, lines: ["# first", "kind: A", "metadata:", "  name: one"] });
    expect(ownDocument(file, { kind: "A", name: "two", namespace: "shop" }).first).toBe(6);
    expect(ownDocument(file, { kind: "A", name: "gone" }).lines).toHaveLength(10);
  });
});

describe("the first line of a rule", () => {
  it("is that of its item in the list", () => {
    expect(lineOfRule(TEXT, "P/a/b#ingress[0]")).toBe(3);
    expect(lineOfRule(TEXT, "P/a/b#ingress[1]")).toBe(8);
    expect(lineOfRule(TEXT, "P/a/b#egress[0]")).toBe(10);
    expect(lineOfRule(TEXT, "P/a/b#egress[1]")).toBeNull();
    expect(lineOfRule(TEXT, "P/a/b#ingress")).toBeNull();
    expect(lineOfRule(["ingress: [{}]"], "P/a/b#ingress[0]")).toBeNull();
  });
});

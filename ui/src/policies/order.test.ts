import { describe, expect, it } from "vitest";
import type { Policy } from "../wire/rest";
import { heading, shownOf } from "./order";

function policy(name: string, more: Partial<Policy>): Policy {
  return {
    id: `CiliumNetworkPolicy/shop/${name}`, kind: "CiliumNetworkPolicy", namespace: "shop", name, mode: "detect", mode_from: "cluster",
    file: `${name}.yaml`, writable: true, sentences: [], workloads: [], diagnostics: [], yaml: "",
    packets: { forwarded: 0, would_drop: 0, dropped: 0 }, ...more,
  };
}

const LIST = [
  policy("a", { mode: "enforce", last_hit: 5, packets: { forwarded: 9, would_drop: 0, dropped: 1 } }),
  policy("b", { packets: { forwarded: 0, would_drop: 7, dropped: 0 } }),
  policy("c", { mode: "off", namespace: undefined, kind: "CiliumClusterwideNetworkPolicy" }),
  policy("d", { diagnostics: [{ code: "PW1", severity: "error", message: "no", line: 1, column: 1 }] }),
];

const names = (text: string, sort: Parameters<typeof shownOf>[2] = "name") => shownOf(LIST, text, sort).map(({ name }) => name).join("");

describe("the policy list", () => {
  it("sorts by what matters, equal ones by name", () => {
    expect(names("", "would_drop")).toBe("bacd");
    expect(names("", "mode")).toBe("abdc");
    expect(names("", "last_hit")).toBe("abcd");
  });

  it("is narrowed by words", () => {
    expect(names("mode:detect")).toBe("bd");
    expect(names("-mode:detect")).toBe("ac");
    expect(names("namespace:all")).toBe("c");
    expect(names("kind:ccnp")).toBe("c");
    expect(names("has:would-drop")).toBe("b");
    expect(names("has:findings")).toBe("d");
    expect(names("shop a.yaml")).toBe("a");
  });

  it("is counted in its heading", () => {
    expect(heading(LIST)).toBe("4: 1 detect, 1 enforce, 1 off, 1 refused");
    expect(heading([])).toBe("0");
  });
});

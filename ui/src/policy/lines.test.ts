import { describe, expect, it } from "vitest";
import { linesOfRule } from "./lines";

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

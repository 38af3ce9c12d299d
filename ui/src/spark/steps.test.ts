import { describe, expect, it } from "vitest";
import { area, line, thinned } from "./steps";

const ROOM = { width: 100, height: 13, top: 10 };

describe("steps", () => {
  it("go from value to value", () => {
    expect(line([0, 10], ROOM)).toBe("M0 12.0H50.0V2.0H100.0");
    expect(area([0, 10], ROOM)).toBe("M0 12.0H50.0V2.0H100.0V13H0Z");
    expect(area([], ROOM)).toBe("");
  });

  it("are as many as there is room for, and keep their mean", () => {
    expect(thinned([1, 3, 5, 7], 2)).toEqual([2, 6]);
    expect(thinned([1, 3], 48)).toEqual([1, 3]);
  });
});

import { describe, expect, it } from "vitest";
import { bytes, counted, exact, figure, percent, rate, short } from "./number";

describe("numbers", () => {
  it("keep every digit below ten thousand and three above", () => {
    expect(short(0)).toBe("0");
    expect(short(9_999)).toBe("9,999");
    expect(short(10_000)).toBe("10.0 k");
    expect(short(81_712)).toBe("81.7 k");
    expect(short(12_610_000)).toBe("12.6 M");
    expect(short(999_950)).toBe("1.00 M");
    expect(figure(1_204_000_000)).toEqual({ value: "1.20", unit: "G" });
  });

  it("never call a share zero that is not", () => {
    expect(percent(0, 1_000)).toBe("0");
    expect(percent(1, 1_000_000_000)).toBe("under 0.001");
    expect(percent(5_947, 12_610_000)).toBe("0.047");
    expect(percent(999_999, 1_000_000)).toBe("over 99.9");
    expect(percent(1, 0)).toBe("0");
    expect(percent(50, 100)).toBe("50");
  });

  it("show rates as slow as they are", () => {
    expect(rate(0)).toBe("0");
    expect(rate(0.01)).toBe("under 0.1");
    expect(rate(52.34)).toBe("52.3");
    expect(rate(3_502)).toBe("3,502");
    expect(rate(35_020.4)).toBe("35.0 k");
  });

  it("count things by their name", () => {
    expect(counted(1, "pair")).toBe("1 pair");
    expect(counted(4, "pair")).toBe("4 pairs");
    expect(counted(2, "policy", "policies")).toBe("2 policies");
    expect(exact(1_234_567)).toBe("1,234,567");
    expect(bytes(9_100_000)).toBe("9.10 MB");
  });
});

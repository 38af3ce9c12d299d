import { describe, expect, it } from "vitest";
import { duration, instantOf, localMinute, onDay, utc, when } from "./time";

const MINUTE = 60_000;

describe("a field for a time", () => {
  it("gives back the minute that it was given", () => {
    const minute = Math.floor(Date.now() / 60_000) * 60_000;
    expect(instantOf(localMinute(minute))).toBe(minute);
    expect(instantOf("")).toBeNull();
    expect(instantOf("yesterday")).toBeNull();
  });
});

describe("time", () => {
  it("is said in words", () => {
    expect(duration(3_000)).toBe("3 s");
    expect(duration(2 * MINUTE)).toBe("2 min");
    expect(duration(26 * 60 * MINUTE)).toBe("1 day");
    expect(duration(-5)).toBe("0 s");
  });

  it("is near, today, yesterday or a date", () => {
    const now = new Date(2026, 10, 24, 10, 42).getTime();
    expect(when(now - 500, now)).toBe("now");
    expect(when(now - 12_000, now)).toBe("12 s ago");
    expect(when(new Date(2026, 10, 24, 9, 44).getTime(), now)).toBe("09:44");
    expect(when(new Date(2026, 10, 23, 22, 14).getTime(), now)).toBe("yesterday 22:14");
    expect(onDay(new Date(2026, 10, 3, 6, 0).getTime(), now)).toBe("3 Nov 06:00");
  });

  it("has its UTC for the hover", () => {
    expect(utc(0)).toBe("1970-01-01 00:00:00.000 UTC");
  });
});

// Instants and durations as people say them. The browser's zone; UTC stands in the hover.

const DAY_MS = 86_400_000;

/** `10:42:17` */
export function clock(time: number): string {
  const date = new Date(time);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

const two = (number: number): string => (number < 10 ? `0${number}` : String(number));

/** `10:42` */
export function clockMinute(time: number): string {
  return clock(time).slice(0, 5);
}

/** `10:42:17.210` */
export function clockMillis(time: number): string {
  return `${clock(time)}.${String(Math.floor(time % 1000)).padStart(3, "0")}`;
}

/** The instant whole, in UTC, for hover and copy. */
export function utc(time: number): string {
  return `${new Date(time).toISOString().replace("T", " ").replace("Z", "")} UTC`;
}

/** `3 s`, `2 min`, `4 h`, `6 days` */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.round(seconds / 3_600)} h`;
  const days = Math.round(seconds / 86_400);
  return days === 1 ? "1 day" : `${days} days`;
}

/** `now`, `12 s ago`, `09:44`, `yesterday 22:14`, `3 Nov 06:00` */
export function when(time: number, now: number): string {
  const age = now - time;
  if (age < 2_000) return "now";
  if (age < 90_000) return `${duration(age)} ago`;
  return onDay(time, now);
}

/** `09:44`, `yesterday 22:14`, `3 Nov 06:00` */
export function onDay(time: number, now: number): string {
  const days = Math.floor(dayOf(now) - dayOf(time));
  if (days <= 0) return clockMinute(time);
  if (days === 1) return `yesterday ${clockMinute(time)}`;
  const day = new Date(time).toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  return `${day} ${clockMinute(time)}`;
}

/** `2026-11-24T10:42`, as fields for a time take it, in the browser's zone. */
export function localMinute(time: number): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The instant of such a field, or nothing where it is not filled in. */
export function instantOf(field: string): number | null {
  const time = new Date(field).getTime();
  return field === "" || Number.isNaN(time) ? null : time;
}

/** `12 s ago`, `3 h ago`, `5 days ago` */
export function ago(time: number, now: number): string {
  return now - time < 2_000 ? "now" : `${duration(now - time)} ago`;
}

function dayOf(time: number): number {
  return Math.floor((time - new Date(time).getTimezoneOffset() * 60_000) / DAY_MS);
}

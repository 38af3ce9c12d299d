// The stream `/api/v1/stream`: connects, notices silence, and connects again by itself, waiting a
// little longer each time. It passes events on and keeps none of them.
import type { Change, Flow, Stats, Status } from "../wire/rest";
import { Cell } from "./cell";

/** How the page stands with the server. */
export type Connection =
  | { phase: "connecting" }
  | { phase: "open" }
  | { phase: "lost"; since: number; retryAt: number }
  | { phase: "refused" };

export interface Listeners {
  status(status: Status): void;
  flows(flows: Flow[]): void;
  tick(stats: Stats): void;
  changes(changes: Change[]): void;
  /** This page was too slow, and missed some of what was told. */
  gap(): void;
  /** After each successful connect, so that what was missed can be asked for. */
  opened(): void;
}

/** Silence longer than this counts as a lost connection: ticks come every second or two. */
export const SILENCE_MS = 12_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;

export const connection = new Cell<Connection>({ phase: "connecting" });
/** When the server was last heard, in milliseconds since the epoch. */
export const heard = new Cell<number | null>(null);

let source: EventSource | null = null;
let retry: ReturnType<typeof setTimeout> | null = null;
let silence: ReturnType<typeof setTimeout> | null = null;
let attempts = 0;
let listeners: Listeners | null = null;

/** Starts the stream; called once. */
export function startStream(to: Listeners): void {
  listeners = to;
  connect();
}

/** Connects at once instead of waiting for the next try. */
export function connectNow(): void {
  attempts = 0;
  connect();
}

function connect(): void {
  close();
  const next = new EventSource("/api/v1/stream");
  source = next;
  next.onopen = () => opened(next);
  next.onerror = () => lost(next);
  on<Status>(next, "status", (status) => listeners?.status(status));
  on<Flow[]>(next, "flow", (flows) => listeners?.flows(flows));
  on<Stats>(next, "tick", (stats) => listeners?.tick(stats));
  on<Change[]>(next, "change", (changes) => listeners?.changes(changes));
  on<number>(next, "gap", () => listeners?.gap());
  expectWord(next);
}

function on<Body>(from: EventSource, name: string, take: (body: Body) => void): void {
  from.addEventListener(name, (event) => {
    if (from !== source) return;
    heard.write(Date.now());
    expectWord(from);
    take(JSON.parse((event as MessageEvent<string>).data) as Body);
  });
}

function opened(from: EventSource): void {
  if (from !== source) return;
  attempts = 0;
  connection.write({ phase: "open" });
  listeners?.opened();
}

function expectWord(from: EventSource): void {
  if (silence) clearTimeout(silence);
  silence = setTimeout(() => lost(from), SILENCE_MS);
}

function lost(from: EventSource): void {
  if (from !== source) return;
  close();
  const wait = Math.min(FIRST_RETRY_MS * 2 ** attempts, LAST_RETRY_MS);
  attempts += 1;
  const before = connection.read();
  const since = before.phase === "lost" ? before.since : (heard.read() ?? Date.now());
  connection.write({ phase: "lost", since, retryAt: Date.now() + wait });
  retry = setTimeout(connect, wait);
  void notice();
}

/** A stream tells no status code: a plain question finds out whether the session is refused. */
async function notice(): Promise<void> {
  try {
    const answer = await fetch("/api/v1/status", { credentials: "same-origin" });
    if (answer.status !== 401) return;
  } catch {
    return;
  }
  close();
  connection.write({ phase: "refused" });
}

function close(): void {
  source?.close();
  source = null;
  if (retry) clearTimeout(retry);
  if (silence) clearTimeout(silence);
  retry = null;
  silence = null;
}

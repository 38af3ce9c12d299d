// What the page knows of the world, fed by the stream and completed by questions. One place, so
// that every view shows the same instant.
import type { Change, Flow, Flows, Policy, Stats, Status } from "../wire/rest";
import { ApiProblem, readFlows, readPolicies, readStatus } from "../wire/client";
import { FlowBook } from "./book";
import { Cell } from "./cell";
import { counted } from "./hits";
import { clockLead } from "./span";
import { startStream } from "./stream";

/** Something that was asked for: nothing yet, the answer, or why there is none. */
export type Asked<Value> =
  | { phase: "waiting" }
  | { phase: "here"; value: Value; at: number }
  | { phase: "failed"; message: string; last: Value | null };

/** A set of policies that took effect while this page was open. */
export interface RevisionSeen {
  revision: number;
  time: number;
}

const FLOWS_AT_ONCE = 500;
/** After a longer absence older pages are read when somebody scrolls to them. */
const PAGES_CAUGHT_UP = 10;
const REVISIONS_KEPT = 50;
const CHANGES_KEPT = 500;

export const status = new Cell<Status | null>(null);
export const policies = new Cell<Asked<Policy[]>>({ phase: "waiting" });
export const revisions = new Cell<readonly RevisionSeen[]>([]);
export const book = new FlowBook();
/** Grows with every change of the book. */
export const bookChange = new Cell(0);
export const bookState = new Cell<Asked<{ lost: number; next: number | null }>>({ phase: "waiting" });

/** Grows when the stream was away or had a gap: what is shown may miss something. */
export const caughtUp = new Cell(0);
export const changes = new Cell<readonly Change[]>([]);

const tickers = new Set<(tick: Stats) => void>();
const arrivals = new Set<(flows: readonly Flow[]) => void>();

/** Calls `take` with each tick; the answer ends that. */
export function onTick(take: (tick: Stats) => void): () => void {
  tickers.add(take);
  return () => tickers.delete(take);
}

/** Calls `take` with records that were not known before; the answer ends that. */
export function onFlows(take: (flows: readonly Flow[]) => void): () => void {
  arrivals.add(take);
  return () => arrivals.delete(take);
}

/** Begins to listen; called once. */
export function startStore(): void {
  let begun = false;
  const comeBack = () => {
    caughtUp.write(caughtUp.read() + 1);
    void catchUp();
  };
  startStream({
    status: takeStatus,
    flows: takeFlows,
    tick: takeTick,
    changes: takeChanges,
    gap: comeBack,
    opened: () => (begun ? comeBack() : void (begun = true)),
  });
  void catchUp();
}

/** Asks for everything that the stream may have missed. */
export async function catchUp(): Promise<void> {
  await Promise.allSettled([refreshStatus(), refreshPolicies(), refreshFlows()]);
}

async function refreshStatus(): Promise<void> {
  takeStatus(await readStatus());
}

export async function refreshPolicies(): Promise<void> {
  try {
    const answer = await readPolicies();
    policies.write({ phase: "here", value: answer.policies, at: Date.now() });
  } catch (problem) {
    policies.write({ phase: "failed", message: wordsOf(problem), last: lastOf(policies.read()) });
  }
}

export async function refreshFlows(): Promise<void> {
  try {
    const known = book.newest;
    const page = await readFlows(FLOWS_AT_ONCE);
    const missed = await readMissed(page, known);
    const before = lastOf(bookState.read());
    const next = before && missed !== "too many" ? before.next : (page.next ?? null);
    takeFlows(missed === "too many" ? page.flows : [...page.flows, ...missed]);
    bookState.write({ phase: "here", value: { lost: page.lost, next }, at: Date.now() });
  } catch (problem) {
    bookState.write({ phase: "failed", message: wordsOf(problem), last: lastOf(bookState.read()) });
  }
}

/** What lies between the newest record that was known and the oldest of `page`. */
async function readMissed(page: Flows, known: number): Promise<Flow[] | "too many"> {
  const missed: Flow[] = [];
  let { next } = page;
  for (let read = 0; known > 0 && next !== undefined && next > known; read += 1) {
    if (read === PAGES_CAUGHT_UP) return "too many";
    const older = await readFlows(FLOWS_AT_ONCE, next);
    missed.push(...older.flows.filter(({ seq }) => seq > known));
    next = older.next;
  }
  return missed;
}

/** Asks for the records before the oldest that is here. Answers whether there may be more. */
export async function readOlder(): Promise<boolean> {
  const known = lastOf(bookState.read());
  if (!known || known.next === null) return false;
  const page = await readFlows(FLOWS_AT_ONCE, known.next);
  const next = page.next ?? null;
  book.add(page.flows);
  bookState.write({ phase: "here", value: { lost: known.lost, next }, at: Date.now() });
  bookChange.write(bookChange.read() + 1);
  return next !== null;
}

/** What is known, however old. */
export function lastOf<Value>(asked: Asked<Value>): Value | null {
  if (asked.phase === "here") return asked.value;
  return asked.phase === "failed" ? asked.last : null;
}

export function wordsOf(problem: unknown): string {
  if (problem instanceof ApiProblem) return problem.message;
  return "The answer could not be read.";
}

function takeStatus(next: Status): void {
  const before = status.read();
  clockLead.write(next.time - Date.now());
  status.write(next);
  if (before && next.revision !== before.revision) {
    const seen = { revision: next.revision, time: next.time };
    revisions.write([...revisions.read(), seen].slice(-REVISIONS_KEPT));
    void refreshPolicies();
  }
}

function takeFlows(flows: readonly Flow[]): void {
  const fresh = book.add(flows);
  if (fresh.length === 0) return;
  bookChange.write(bookChange.read() + 1);
  for (const take of [...arrivals]) take(fresh);
}

function takeTick(tick: Stats): void {
  for (const take of [...tickers]) take(tick);
  const known = policies.read();
  if (known.phase === "here") policies.write({ ...known, value: counted(known.value, tick) });
}

function takeChanges(told: readonly Change[]): void {
  changes.write([...told, ...changes.read()].slice(0, CHANGES_KEPT));
}

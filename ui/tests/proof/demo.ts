// A running `podwall up --demo`: one that is there already (PODWALL_PAGE and PODWALL_STATE), or one
// of our own with a fresh state directory, taken down again at the end.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Status } from "../../src/wire/rest";

const BINARY = process.env.PODWALL ?? new URL("../../../target/debug/podwall", import.meta.url).pathname;
const UP_WITHIN_MS = 90_000;
const DOWN_WITHIN_MS = 30_000;

export class Demo {
  readonly state: string;
  page = "";
  #process: ChildProcess | null = null;

  private constructor(state: string) {
    this.state = state;
  }

  /** The demo that is named, or one of our own; ready when everything is in force. */
  static async start(): Promise<Demo> {
    const { PODWALL_PAGE: page, PODWALL_STATE: state } = process.env;
    const demo = new Demo(state ?? mkdtempSync(join(tmpdir(), "podwall-proof-")));
    if (state === undefined) demo.#spawn();
    await until("everything is in force", UP_WITHIN_MS, () => demo.#isReady());
    demo.page = page ?? demo.status().page ?? "";
    if (demo.page === "") throw new Error("`podwall status` names no page");
    return demo;
  }

  #spawn(): void {
    const log = openSync(join(this.state, "up.log"), "w");
    const words = ["up", "--demo", "--listen", "127.0.0.1:0", "--state", this.state];
    this.#process = spawn(BINARY, words, { stdio: ["ignore", log, log] });
  }

  #isReady(): boolean {
    if (this.#process && this.#process.exitCode !== null) {
      throw new Error(`podwall up ended:\n${readFileSync(join(this.state, "up.log"), "utf8")}`);
    }
    try {
      return this.status().ready;
    } catch {
      return false;
    }
  }

  /** `podwall WORDS...`, against this demo. */
  command(...words: string[]): string {
    return execFileSync(BINARY, [...words, "--state", this.state], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  status(): Status {
    return JSON.parse(this.command("status", "-o", "json")) as Status;
  }

  /** Ends our own demo, and removes its state. */
  async stop(): Promise<void> {
    const running = this.#process;
    if (!running) return;
    running.kill("SIGINT");
    await until("podwall up has ended", DOWN_WITHIN_MS, () => running.exitCode !== null || running.signalCode !== null);
    rmSync(this.state, { recursive: true, force: true });
  }
}

/** Waits for a condition, with a bound, and says which one did not come. */
export async function until(what: string, withinMs: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await new Promise((done) => setTimeout(done, 200));
  }
}

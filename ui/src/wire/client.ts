// Asks `/api/v1` and changes it. Every answer is either the body or an `ApiProblem` that a person
// can read. Nothing here keeps anything.
import type {
  ApiError, AskPreview, Changed, Explanation, Flows, Mode, Policies, Preview, SetModes, Stats, Status,
} from "./rest";

/** An answer that was not the one asked for, in words for a person. */
export class ApiProblem extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, error: ApiError) {
    super(error.message);
    this.status = status;
    this.code = error.code;
  }
}

/** How long an answer may take before the page says that none came. */
const PATIENCE_MS = 10_000;

/** A span of time with the width of its samples, all in milliseconds. */
export interface Asked {
  since: number;
  until: number;
  step: number;
}

export const readStatus = () => ask<Status>("/status");
export const readPolicies = () => ask<Policies>("/policies");

/** Statistics of a span; an open end is now. */
export function readStats(asked: Asked): Promise<Stats> {
  return ask<Stats>(`/stats?since=${asked.since}&until=${asked.until}&step=${asked.step}`);
}

/** Flow records, newest first, older than `before` where it is given. */
export function readFlows(limit: number, before?: number): Promise<Flows> {
  const older = before === undefined ? "" : `&before=${before}`;
  return ask<Flows>(`/flows?limit=${limit}${older}`);
}

/** What would become of a connection as the policies stand now. */
export function explain(from: string, to: string, port: string): Promise<Explanation> {
  return ask<Explanation>(`/explain?${new URLSearchParams({ from, to, port })}`);
}

/** Sets the mode of one policy. Its id has slashes, which stay part of the path. */
export function setPolicyMode(id: string, mode: Mode): Promise<Changed> {
  const path = id.split("/").map(encodeURIComponent).join("/");
  return change<Changed>("PUT", `/policies/${path}/mode`, { mode });
}

/** Sets the modes of several policies in one revision. */
export function setModes(policies: Record<string, Mode>): Promise<Changed> {
  return change<Changed>("PUT", "/modes", { policies } satisfies SetModes);
}

/** What these modes would have done to recorded flows. Changes nothing. */
export const readPreview = (asked: AskPreview) => change<Preview>("POST", "/preview", asked);

/** Detect everything: no policy drops any more, all go on recording. */
export const detectEverything = () => change<Changed>("POST", "/detect", {});

function ask<Body>(path: string): Promise<Body> {
  return send<Body>(path, { method: "GET" });
}

function change<Body>(method: string, path: string, body: object): Promise<Body> {
  return send<Body>(path, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function send<Body>(path: string, request: RequestInit): Promise<Body> {
  const answer = await reach(path, request);
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text) as Body;
  throw new ApiProblem(answer.status, errorOf(answer.status, text));
}

async function reach(path: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(`/api/v1${path}`, {
      ...request,
      credentials: "same-origin",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new ApiProblem(0, { code: "unreachable", message: "Podwall did not answer." });
  }
}

function errorOf(status: number, text: string): ApiError {
  try {
    const body = JSON.parse(text) as Partial<ApiError>;
    if (typeof body.message === "string" && typeof body.code === "string") {
      return { code: body.code, message: body.message };
    }
  } catch {
    // Not ours: a proxy or an older server. The status says what there is to say.
  }
  return { code: "unexpected", message: `The server answered ${status} without saying why.` };
}

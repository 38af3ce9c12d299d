// Sends what `api.ts` asks. Every answer is either the body or an `ApiProblem` that a person can
// read. Nothing here keeps anything.
import type { ApiError } from "./rest";

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

/** A part of a path. */
export const segment = (text: string) => encodeURIComponent(text);

/** Parts of a path; the slashes between them stay. */
export const segments = (text: string) => text.split("/").map(encodeURIComponent).join("/");

/** A query string; what is undefined is left out. */
export function asked(query: Record<string, string | number | boolean | undefined>): string {
  const words = new URLSearchParams();
  for (const [word, value] of Object.entries(query)) {
    if (value !== undefined) words.append(word, String(value));
  }
  const text = words.toString();
  return text === "" ? "" : `?${text}`;
}

/** Asks or changes; with a revision the change is refused where another one holds. */
export async function call<Body>(method: string, path: string, body?: object, revision?: number): Promise<Body> {
  const headers: Record<string, string> = {};
  if (method !== "GET") headers["content-type"] = "application/json";
  if (revision !== undefined) headers["if-match"] = `"${revision}"`;
  const content = method === "GET" ? {} : { body: JSON.stringify(body ?? {}) };
  const answer = await reach(path, { method, headers, ...content });
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

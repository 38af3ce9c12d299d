// Where the page is: its path and what is chosen on it (window, filter, open drawer, sort) stand
// in the browser's address, so that a link shows a colleague the same and Back works.
import { Cell, useCell } from "./cell";

export interface Address {
  path: string;
  params: URLSearchParams;
}

/** What follows from page to page; the rest belongs to one page. */
const SHARED = ["scope", "window", "from", "to", "paused"];

export const address = new Cell<Address>(current());

window.addEventListener("popstate", () => address.write(current()));

/** The address, read anew after each change. */
export const useAddress = (): Address => useCell(address);

/** The address of `path` with `own` choices and those that all pages share. */
export function href(path: string, own: Record<string, string> = {}): string {
  const params = new URLSearchParams();
  for (const name of SHARED) {
    const value = address.read().params.get(name);
    if (value !== null) params.set(name, value);
  }
  for (const [name, value] of Object.entries(own)) params.set(name, value);
  const query = params.toString();
  return query ? `${path}?${query}` : path;
}

/** The page of one policy, and of one workload (`namespace/name`). */
export const hrefOfPolicy = (id: string): string => href(`/policies/${id.split("/").map(encodeURIComponent).join("/")}`);
export const hrefOfWorkload = (name: string): string => href(`/workloads/${name.split("/").map(encodeURIComponent).join("/")}`);

/** What follows a page's own path: the id of what it shows. */
export function restOf(path: string, page: string): string {
  try {
    return path.slice(page.length + 1).split("/").map(decodeURIComponent).join("/");
  } catch {
    return "";
  }
}

/** Opens an address of ours as a new step that Back undoes. */
export function visit(to: string): void {
  history.pushState(null, "", to);
  address.write(current());
  window.scrollTo(0, 0);
}

/** Changes choices on this page; `null` takes one away. A step for Back, or none. */
export function choose(changes: Record<string, string | null>, step: "push" | "replace"): void {
  const { path, params } = address.read();
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") next.delete(name);
    else next.set(name, value);
  }
  const query = next.toString();
  const to = query ? `${path}?${query}` : path;
  if (step === "push") history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  address.write(current());
}

/** Takes the token out of sight once the server has made a session of it. */
export function hideToken(): void {
  if (address.read().params.has("token")) choose({ token: null }, "replace");
}

function current(): Address {
  return { path: location.pathname, params: new URLSearchParams(location.search) };
}

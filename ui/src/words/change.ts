// A change in words: what became of what.
import type { Change, ChangedBy } from "../wire/rest";
import { nameOf } from "./verdict";

const WAYS: Record<ChangedBy, string> = { page: "the page", command: "a command", file: "a file" };

export const wayWords = (by: ChangedBy): string => WAYS[by];

/** `Mode from detect to enforce`, `Text changed: ...` */
export function changeWords({ what, from, to }: Change): string {
  switch (what) {
    case "mode":
      return `Mode ${fromTo(from, to)}`;
    case "namespace_mode":
      return `Mode of the namespace ${fromTo(from, to)}`;
    case "cluster_mode":
      return `Mode of everything ${fromTo(from, to)}`;
    case "added":
      return to ? `Added, in ${to}` : "Added";
    case "text":
      return to ? `Text, now ${to}` : "Text";
    case "removed":
      return from ? `Taken away, was in ${from}` : "Taken away";
  }
}

function fromTo(from: string | undefined, to: string | undefined): string {
  if (from && to) return `from ${from} to ${to}`;
  return to ? `set to ${to}` : `no longer set, was ${from ?? "not known"}`;
}

/** What it is of: a policy by its name, a namespace, everything. */
export function subjectWords({ what, subject }: Change): string {
  switch (what) {
    case "namespace_mode":
      return `namespace ${subject}`;
    case "cluster_mode":
      return "everything";
    case "mode":
    case "added":
    case "text":
    case "removed":
      return nameOf(subject);
  }
}

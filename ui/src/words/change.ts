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

/** What a revision was about, as a chart marks it: `enforce web`, `add 3 policies`. */
export function markWords(changes: readonly Change[]): string {
  const [first] = changes;
  if (!first) return "";
  const acts = new Set(changes.map(actOf));
  const act = acts.size === 1 ? actOf(first) : "change";
  return `${act} ${changes.length === 1 ? shortSubject(first) : `${changes.length} ${sameKind(changes)}`}`;
}

function actOf({ what, to }: Change): string {
  switch (what) {
    case "mode":
    case "namespace_mode":
    case "cluster_mode":
      return to === "off" ? "switch off" : (to ?? "unset");
    case "added":
      return "add";
    case "text":
      return "edit";
    case "removed":
      return "remove";
  }
}

function shortSubject(change: Change): string {
  return subjectWords(change).split("/").at(-1) ?? "";
}

function sameKind(changes: readonly Change[]): string {
  const policies = changes.every(({ what }) => what !== "namespace_mode" && what !== "cluster_mode");
  return policies ? "policies" : "settings";
}

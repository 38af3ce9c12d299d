// The state of the engine as two sentences: what policies do, and whether it is in force.
import type { Policy, Status } from "../wire/rest";
import { counted } from "./number";

export interface EngineSentence {
  modes: string;
  state: string;
}

export function engineSentence(status: Status, policies: readonly Policy[] | null): EngineSentence {
  return { modes: modesSentence(status, policies), state: stateSentence(status) };
}

function modesSentence({ policies: counts }: Status, policies: readonly Policy[] | null): string {
  const { detect, enforce, off, refused } = counts;
  if (detect + enforce + off + refused === 0) return "There is no policy yet.";
  const parts: string[] = [];
  if (detect > 0) parts.push(detect === 1 ? "1 policy detects" : `${detect} policies detect`);
  if (enforce > 0) parts.push(`${enforced(enforce, parts.length > 0)}${whereEnforced(policies)}`);
  if (parts.length === 0) parts.push("All policies are off");
  if (refused > 0) parts.push(refused === 1 ? "1 is refused" : `${refused} are refused`);
  return `${parts.join(", ")}.`;
}

function enforced(count: number, follows: boolean): string {
  const noun = follows ? "" : count === 1 ? " policy" : " policies";
  return `${count}${noun} ${count === 1 ? "enforces" : "enforce"}`;
}

/** ` in payments`, where all that enforce stand in one namespace. */
function whereEnforced(policies: readonly Policy[] | null): string {
  const spaces = new Set((policies ?? []).filter(({ mode }) => mode === "enforce").map((policy) => policy.namespace));
  const [only] = spaces;
  return spaces.size === 1 && only ? ` in ${only}` : "";
}

function stateSentence(status: Status): string {
  const gone = status.nodes.find(({ agent }) => agent === "gone");
  if (gone) {
    return `The agent on ${gone.name} is gone; its kernel goes on with revision ${gone.revision}.`;
  }
  if (status.nodes.some(({ agent }) => agent === "starting")) return "The engine is starting.";
  const late = status.nodes.filter(({ revision }) => revision !== status.revision);
  if (late.length > 0) return `Revision ${status.revision} is on its way.`;
  if (!status.ready) return "Not everything is in force yet.";
  const all = counted(status.coverage.workloads, "workload");
  const whole = status.coverage.workloads === 1 ? "The workload is" : `All ${all} are`;
  if (status.coverage.workloads === 0) return "No workload is seen yet.";
  return `${whole} on revision ${status.revision}.`;
}

// What the page asks, in its own words, by the generated calls of `api.ts`.
import * as api from "./api";
import type {
  AskDraft, AskPreview, Changed, Changes, Draft, Explanation, Flows, Map, MapGroup, Mode, NewPairs, PolicyDetail, PolicyTests, Preview, Saved, SavePolicies, Stats,
  WorkloadDetail, Workloads,
} from "./rest";

export { ApiProblem } from "./transport";

/** A span of time with the width of its samples, all in milliseconds. */
export interface Asked {
  since: number;
  until: number;
  step: number;
}

/** The most changes that a chart can mark. */
const CHANGES_AT_ONCE = 1_000;

export const readStatus = () => api.getStatus();
export const readPolicies = () => api.listPolicies();

/** Statistics of a span, of all namespaces or one. */
export const readStats = (asked: Asked, namespace: string | null): Promise<Stats> => api.getStats({ ...asked, ...(namespace ? { namespace } : {}) });

/** What was judged at some workloads in a span. */
export const readStatsAt = (workloads: readonly string[], asked: Asked): Promise<Stats> => api.getStats({ ...asked, workload: workloads.join(",") });

/** What was judged alike at one workload, in one direction: where a policy is named, by its rules. */
export interface Decided extends Asked {
  workload: string;
  direction: string;
  verdict: string;
  policy?: string;
}

export const readDecided = (asked: Decided): Promise<Stats> => api.getStats({ ...asked });

/** Flow records, newest first, older than `before` where it is given. */
export const readFlows = (limit: number, before?: number): Promise<Flows> => api.listFlows({ limit, before });

/** Who talks to whom for the first time. */
export const readNewPairs = (since: number, until: number): Promise<NewPairs> => api.listNewPairs({ since, until });

/** Who talked to whom. */
export const readMap = (since: number, until: number, group: MapGroup): Promise<Map> => api.getMap({ since, until, group });

/** One policy with its rules, and what each decided from `since` to `until`. */
export const readPolicy = (id: string, since: number, until: number): Promise<PolicyDetail> => api.getPolicy(id, { since, until });

/** The tests of the policy folder that have a policy, run on what is in force. */
export const readTests = (policy: string): Promise<PolicyTests> => api.listTests({ policy });

/** All workloads, with what went in and out of each. */
export const readWorkloads = (since: number, until: number): Promise<Workloads> => api.listWorkloads({ since, until });

/** One workload, `namespace/name`: what holds it, its peers, its ports, its packets over time. */
export function readWorkload(name: string, asked: Asked): Promise<WorkloadDetail> {
  const cut = name.indexOf("/");
  return api.getWorkload(name.slice(0, cut), name.slice(cut + 1), { ...asked });
}

/** The log of changes, newest first, older than `before` where it is given. */
export const readChanges = (limit: number, before?: number): Promise<Changes> => api.listChanges({ limit, before });

/** The newest changes of a time. */
export const readChangesOf = (since: number, until: number, subject?: string): Promise<Changes> =>
  api.listChanges({ since, until, limit: CHANGES_AT_ONCE, ...(subject ? { subject } : {}) });

/** The narrowest sensible policy that would allow a flow, with its effect. Changes nothing. */
export const readDraft = (asked: AskDraft): Promise<Draft> => api.draftPolicy(asked);

/** Saves policies into a file of their own, in detection. */
export const savePolicies = (asked: SavePolicies): Promise<Saved> => api.savePolicies(asked);

/** What is looked for in the flow records of a time. */
export interface FlowQuestion {
  since: number;
  until: number;
  verdict?: string;
  from?: string;
  to?: string;
  namespace?: string;
}

/** Flow records of a time, newest first, older than `before` where it is given. */
export const readFlowsOf = (question: FlowQuestion, before?: number): Promise<Flows> => api.listFlows({ ...question, before, limit: 500 });

/** What would become of a connection as the policies stand now. */
export const explain = (from: string, to: string, port: string): Promise<Explanation> => api.explain({ from, to, port });

/** Sets the mode of one policy; refused where another than the given revision holds. */
export const setPolicyMode = (id: string, mode: Mode, revision?: number): Promise<Changed> => api.setPolicyMode(id, { mode }, revision);

/** Sets the modes of several policies in one revision; refused where another than the given revision holds. */
export const setModes = (policies: Record<string, Mode>, revision?: number): Promise<Changed> => api.setModes({ policies }, revision);

/** What these modes would have done to recorded flows. Changes nothing. */
export const readPreview = (asked: AskPreview): Promise<Preview> => api.previewModes(asked);

/** Detect everything: no policy drops any more, all go on recording. */
export const detectEverything = (): Promise<Changed> => api.detectEverything();

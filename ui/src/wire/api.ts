// Generated from docs/openapi.json by `cargo xtask client`. Do not edit.
import { asked, call, segment, segments } from "./transport";
import type {
  AskDraft,
  AskPreview,
  Changed,
  Changes,
  Draft,
  Explanation,
  Flows,
  Map,
  MapGroup,
  NewPairs,
  Policies,
  PolicyDetail,
  PolicyTests,
  Preview,
  SavePolicies,
  Saved,
  SetMode,
  SetModes,
  Stats,
  Status,
  WorkloadDetail,
  Workloads,
} from "./rest";

/** Who changed what, when, from what to what; newest first. */
export const listChanges = (query: { subject?: string; since?: number; until?: number; before?: number; limit?: number } = {}) =>
  call<Changes>("GET", `/changes${asked(query)}`);

/** Detect everything: whatever enforces is set to detect, wherever it says so. */
export const detectEverything = (revision?: number) =>
  call<Changed>("POST", `/detect`, undefined, revision);

/** The narrowest sensible policies that allow a recorded flow, with their effect on others. */
export const draftPolicy = (body: AskDraft) =>
  call<Draft>("POST", `/drafts`, body);

/** What would become of a connection as the policies stand. A service is judged by its backends; where they differ, the first that is refused is told. */
export const explain = (query: { from: string; to: string; port: string }) =>
  call<Explanation>("GET", `/explain${asked(query)}`);

/** Flow records, newest first. Lists are written `a,b`. */
export const listFlows = (query: { verdict?: string; from?: string; to?: string; namespace?: string; port?: string; protocol?: string; policy?: string; direction?: string; since?: number; until?: number; before?: number; after?: number; format?: string; limit?: number } = {}) =>
  call<Flows>("GET", `/flows${asked(query)}`);

/** Who talks to whom: workloads or namespaces, with ports, verdicts and deciding policies. */
export const getMap = (query: { since?: number; until?: number; group?: MapGroup; namespace?: string } = {}) =>
  call<Map>("GET", `/map${asked(query)}`);

/** Sets the cluster-wide default mode. */
export const setClusterMode = (body: SetMode, revision?: number) =>
  call<Changed>("PUT", `/mode`, body, revision);

/** Sets the modes of several policies in one revision, or of none of them. */
export const setModes = (body: SetModes, revision?: number) =>
  call<Changed>("PUT", `/modes`, body, revision);

/** Sets the mode of policies whose subject is in a namespace, where they say none themselves. */
export const setNamespaceMode = (namespace: string, body: SetMode, revision?: number) =>
  call<Changed>("PUT", `/namespaces/${segment(namespace)}/mode`, body, revision);

/** This description. */
export const getDescription = () =>
  call<unknown>("GET", `/openapi.json`);

/** Who talks to whom since a time, and never did before as far as is known. */
export const listNewPairs = (query: { since?: number; until?: number } = {}) =>
  call<NewPairs>("GET", `/pairs/new${asked(query)}`);

/** All policies, by id. With `If-None-Match` an unchanged list is answered by 304. */
export const listPolicies = (query: { brief?: boolean; after?: string; limit?: number } = {}) =>
  call<Policies>("GET", `/policies${asked(query)}`);

/** Saves new policies into a file of their own, in detection. Nothing is ever overwritten. */
export const savePolicies = (body: SavePolicies) =>
  call<Saved>("POST", `/policies`, body);

/** One policy, with its rules and what each decided in a time. Its id is `Kind/namespace/name`, or `Kind/name` for cluster-wide kinds. */
export const getPolicy = (id: string, query: { since?: number; until?: number } = {}) =>
  call<PolicyDetail>("GET", `/policies/${segments(id)}${asked(query)}`);

/** Sets one policy's own mode; `null` takes its annotation away. */
export const setPolicyMode = (id: string, body: SetMode, revision?: number) =>
  call<Changed>("PUT", `/policies/${segments(id)}/mode`, body, revision);

/** What these modes would have done to the flows of a time. The policies that are not named stay as they are; nothing is changed. */
export const previewModes = (body: AskPreview) =>
  call<Preview>("POST", `/preview`, body);

/** Packets and bytes over time, with sums by namespace and the pairs that are stopped most. A scope narrows all but the pairs. */
export const getStats = (query: { since?: number; until?: number; step?: number; by?: string; namespace?: string; workload?: string; direction?: string; verdict?: string; format?: string; policy?: string } = {}) =>
  call<Stats>("GET", `/stats${asked(query)}`);

/** What is going on, in one look. */
export const getStatus = () =>
  call<Status>("GET", `/status`);

/** The tests of the policy folder (`kind: PolicyTest`), run on the policies in force. A test may name files of this folder; nothing else is read. */
export const listTests = (query: { policy?: string } = {}) =>
  call<PolicyTests>("GET", `/tests${asked(query)}`);

/** All workloads, by name, how each is held, and what passed in a time. */
export const listWorkloads = (query: { since?: number; until?: number } = {}) =>
  call<Workloads>("GET", `/workloads${asked(query)}`);

/** One workload: the policies about it, whom it talks to, its ports, and its packets over time. */
export const getWorkload = (namespace: string, name: string, query: { since?: number; until?: number; step?: number } = {}) =>
  call<WorkloadDetail>("GET", `/workloads/${segment(namespace)}/${segment(name)}${asked(query)}`);

// Generated from docs/openapi.json by `cargo xtask client`. Do not edit.
// Times are milliseconds since the epoch. An absent field is unknown, never zero.

/** Whether a node's agent runs. */
export type AgentState = "running" | "starting" | "gone";

/** Every error of the API. */
export interface ApiError {
  /** A stable word, e.g. `not_found`, `bad_filter`, `not_writable`, `stale`, `exists`. */
  code: string;
  /** What went wrong and what to do, for the caller. */
  message: string;
}

/** `POST /api/v1/drafts`: the narrowest sensible rules that allow a recorded flow. */
export interface AskDraft {
  /** The flow's number. */
  flow: number;
  kind?: DraftKind;
  /** Judge recorded flows from this time on, milliseconds since the epoch; else of the last day. */
  since?: number;
}

/** `POST /api/v1/preview`: what these modes would have done to recorded flows. */
export interface AskPreview {
  /** The modes to try, by the policy's id; the others stay as they are. */
  policies: Record<string, Mode>;
  /** Flows from this time on, in milliseconds since the epoch. */
  since: number;
  /** Flows up to this time. */
  until: number;
}

/** One change. Also sent on the stream as `change`. */
export interface Change {
  /** By which way. */
  by: ChangedBy;
  /** What it was; absent where there was nothing. */
  from?: string;
  /** The revision that carries it. */
  revision: number;
  /** A number that only grows. */
  seq: number;
  /** The policy's id, the namespace, or `cluster`. */
  subject: string;
  /** When, milliseconds since the epoch. */
  time: number;
  /** What it is; absent where there is nothing any more. */
  to?: string;
  /** What kind of change. */
  what: ChangeKind;
  /** Who: the user of a command, `page`, or `file` where somebody edited one. */
  who: string;
}

/** What was changed. */
export type ChangeKind = "mode" | "namespace_mode" | "cluster_mode" | "added" | "text" | "removed";

/** `POST /api/v1/detect`: what **Detect everything** did. */
export interface Changed {
  /** The policies whose mode changed. */
  policies: string[];
  /** The revision that carries the change. */
  revision: number;
}

/** The way a change came. */
export type ChangedBy = "page" | "command" | "file";

/** `GET /api/v1/changes`, newest first. */
export interface Changes {
  /** The changes. */
  changes: Change[];
  /** Give it back as `before` for the next, older page. */
  next?: number;
}

/** How workloads are held, by direction. */
export interface Coverage {
  /** Out of them. */
  egress: Held;
  /** Into them. */
  ingress: Held;
  /** All workloads. */
  workloads: number;
}

/** What was stopped, or would have been, since no rule allows it. */
export interface DenyStats {
  /** Bytes. */
  bytes: VerdictCounts;
  /** When it last decided, milliseconds since the epoch. */
  last_hit?: number;
  /** Packets in the asked time. */
  packets: VerdictCounts;
}

/** One finding about a document. */
export interface Diagnostic {
  /** A stable code, e.g. `PW0101`. */
  code: string;
  /** Column, from 1. */
  column: number;
  /** What to do about it. */
  hint?: string;
  /** Line, from 1. */
  line: number;
  /** What is wrong. */
  message: string;
  /** `error` or `warning`. */
  severity: string;
}

/** In or out. */
export type Direction = "ingress" | "egress";

/** A draft with its effect. */
export interface Draft {
  /** What the checks say of the text. */
  diagnostics: Diagnostic[];
  /** The effect on recorded flows if all of detection were enforced: `released` pass with it and not without, `stopped` the other way round. */
  effect: Preview;
  /** The name of the file it would be saved to. */
  file: string;
  /** What is worth knowing, in sentences: what else it allows, what it cannot narrow. */
  notes: string[];
  /** The policies in it: one for each direction that has to allow the flow. */
  policies: DraftPolicy[];
  /** Whether it can be saved: the policy folder can be written. */
  writable: boolean;
  /** The documents, in detection, as `POST /api/v1/policies` takes them. */
  yaml: string;
}

/** A kind that drafts are written in. */
export type DraftKind = "NetworkPolicy" | "CiliumNetworkPolicy";

/** One policy of a draft. */
export interface DraftPolicy {
  /** In or out of it. */
  direction: Direction;
  /** Its id. */
  id: string;
  /** The workloads that it selects. */
  selects: string[];
  /** What it says. */
  sentences: Sentence[];
  /** The workload that it is for. */
  workload: string;
}

/** One direction of an explanation. */
export interface ExplainedDirection {
  /** In or out of it. */
  direction: Direction;
  /** For a default deny, the nearest rules. */
  nearest: Nearest[];
  /** The rule that decides. */
  rule?: string;
  /** The chain of reasons, in sentences. */
  sentences: string[];
  /** What becomes of it there. */
  verdict: Verdict;
  /** The workload that judges. */
  workload: string;
}

/** `GET /api/v1/explain?from=&to=&port=`. */
export interface Explanation {
  /** What to change so that it would be otherwise. */
  change?: string;
  /** Egress of the client and ingress of the server, where each is a workload of ours. */
  directions: ExplainedDirection[];
  /** One sentence. */
  summary: string;
  /** The verdict of both directions together. */
  verdict: Verdict;
}

/** One flow record. Also sent on the stream as `flow`, in arrays. */
export interface Flow {
  /** How many events it stands for. */
  count: number;
  /** The server, behind a service the real backend. */
  destination: Peer;
  /** In or out of it. */
  direction: Direction;
  /** `new`, `judged`, `changed` or `closed`. */
  kind: FlowKind;
  /** For a default deny: the nearest rules, and why each did not match. */
  nearest?: Nearest[];
  /** The policy that decided, `Kind/namespace/name`. */
  policy?: string;
  /** The server's port or the ICMP type. */
  port: number;
  /** `TCP`, `UDP`, `ICMPv4` and so on. */
  protocol: string;
  /** The stable word of the reason, e.g. `default_deny`; absent where nothing stops it. */
  reason?: string;
  /** The reason in words. */
  reason_text?: string;
  /** The rule that decided, as test files write it. */
  rule?: string;
  /** A number that only grows. */
  seq: number;
  service?: ServiceHop;
  /** The client. */
  source: Peer;
  /** The client's port. */
  source_port: number;
  /** TCP flags in words, e.g. `SYN`. */
  tcp_flags?: string;
  /** Milliseconds since the epoch. */
  time: number;
  /** The verdict. */
  verdict: Verdict;
  /** The workload that judged, `namespace/name`. */
  workload: string;
}

/** Why a flow is told. */
export type FlowKind = "new" | "judged" | "changed" | "closed";

/** `GET /api/v1/flows`: newest first. */
export interface Flows {
  /** The records. */
  flows: Flow[];
  /** Events that were lost in the asked time, so that nobody takes silence for peace. */
  lost: number;
  /** Give it back as `before` for the next, older page. */
  next?: number;
  /** Flows that passed are told one by one from this time on, in milliseconds since the epoch; of older ones the map has the sums. Absent where all are here. */
  passed_from?: number;
}

/** A time in which nobody read the counters. */
export interface Gap {
  /** Their bytes. */
  bytes: VerdictCounts;
  /** Its end. */
  end: number;
  /** Packets that passed in it, nobody knows when. */
  packets: VerdictCounts;
  /** Its start, milliseconds since the epoch. */
  start: number;
}

/** One group of `by=` in the asked time. */
export interface GroupStats {
  /** Bytes. */
  bytes: VerdictCounts;
  /** What it is: a workload, a namespace, `ingress` or `egress`, a policy's id, or a rule. */
  name: string;
  /** Packets. */
  packets: VerdictCounts;
  /** Bytes over time. */
  sample_bytes: VerdictCounts[];
  /** Packets over time, in the samples' steps. */
  samples: VerdictCounts[];
}

/** How many workloads are held in one direction. */
export interface Held {
  /** Only by policies in detection. */
  detected: number;
  /** By an enforcing policy. */
  enforced: number;
  /** By nothing. */
  open: number;
}

/** A policy that is about a workload. */
export interface HeldBy {
  /** The directions in which it has rules for it. */
  directions: Direction[];
  /** The directions in which it makes it default-deny. */
  isolates: Direction[];
  /** Its mode for this workload. */
  mode: Mode;
  /** Its id. */
  policy: string;
}

/** How one direction of a workload is held. */
export type Hold = "enforced" | "detected" | "open";

/** A policy that a change leans on. */
export interface Lean {
  /** How many of the events it would let pass. */
  count: number;
  /** Its id. */
  policy: string;
}

/** `GET /api/v1/map?since=&until=&group=`. */
export interface Map {
  /** Who talked to whom, those that are stopped first. */
  edges: MapEdge[];
  /** How it is grouped. */
  group: MapGroup;
  /** How many edges more there are than are told. */
  left_out: number;
  /** Flow events that were lost in the time. */
  lost: number;
  /** The ends, in the order of their ids. Workloads that talked to nobody are there too. */
  nodes: MapNode[];
  /** The start of the time, milliseconds since the epoch. */
  since: number;
  /** Events between ends that were too many to be told apart. */
  unnamed?: number;
  /** Its end. */
  until: number;
}

/** Client to server. */
export interface MapEdge {
  /** The server's id. */
  destination: string;
  /** Events as the client's side judged them; all zero where it is no workload of ours. */
  egress: VerdictCounts;
  /** The first event, milliseconds since the epoch. */
  first: number;
  /** Events as the server's side judged them. */
  ingress: VerdictCounts;
  /** The last. */
  last: number;
  /** The policies that decided, in the order of their ids. */
  policies: string[];
  /** By the server's port, those that are stopped first. */
  ports: MapPort[];
  /** The client's id. */
  source: string;
}

/** What one node of the map stands for. */
export type MapGroup = "namespace" | "workload";

/** What an end of the map is. */
export type MapKind = "namespace" | "workload" | "outside";

/** One end. */
export interface MapNode {
  egress?: Hold;
  /** `namespace/name`, `namespace/`, a name or an address: what edges call it. */
  id: string;
  ingress?: Hold;
  /** What it is. */
  kind: MapKind;
  /** Its name without the namespace. */
  name: string;
  /** Its namespace. */
  namespace?: string;
  /** How many workloads it stands for; 0 for what is no workload. */
  workloads: number;
}

/** One port of an edge. */
export interface MapPort {
  /** Events as the client's side judged them. */
  egress: VerdictCounts;
  /** Events as the server's side judged them. */
  ingress: VerdictCounts;
  /** Port and protocol, e.g. `5432/TCP`. */
  port: string;
}

/** What a policy does. */
export type Mode = "off" | "detect" | "enforce";

/** How many policies are in each mode, as it takes effect. */
export interface ModeCounts {
  /** Only watched. */
  detect: number;
  /** Enforced. */
  enforce: number;
  /** Kept without effect. */
  off: number;
  /** Documents that were refused. */
  refused: number;
}

/** Where a policy's mode comes from. */
export type ModeFrom = "policy" | "namespace" | "cluster";

/** One namespace in the asked time. */
export interface NamespaceStats {
  /** Bytes judged there. */
  bytes?: VerdictCounts;
  /** Its name. */
  namespace: string;
  /** Packets judged at its workloads. */
  packets: VerdictCounts;
  /** Packets over time, in the samples' steps. */
  samples: VerdictCounts[];
}

/** A rule that did not match, and why. */
export interface Nearest {
  /** Whether the peer matched. */
  peer: boolean;
  /** Whether the port matched. */
  port: boolean;
  /** Whether the protocol matched. */
  protocol: boolean;
  /** The rule. */
  rule: string;
  /** Which part did not match, in words. */
  why: string;
}

/** `GET /api/v1/pairs/new?since=&until=`: who talks to whom since a time, and never did before. */
export interface NewPairs {
  /** From when on anything is known. Where that is not before `since`, nobody knows what is new, and no pair is told. */
  known_from?: number;
  /** How many more there are than are told. */
  left_out: number;
  /** Those that are stopped first, then those that were seen most. */
  pairs: Pair[];
  /** The start of the asked time, milliseconds since the epoch. */
  since: number;
  /** Its end. */
  until: number;
}

/** One node, or this machine. */
export interface NodeStatus {
  /** `running`, `starting` or `gone`. While it is gone, enforcement goes on unchanged. */
  agent: AgentState;
  /** Events that the kernel could not hand over, since the start. */
  events_lost: number;
  /** The generation of its tables. */
  generation: number;
  /** Its name. */
  name: string;
  /** The process id of the agent, while it runs. */
  pid?: number;
  /** The revision that its kernel has in force. */
  revision: number;
}

/** Who is, or would be, kept from whom. */
export interface Pair {
  /** How many times. */
  count: number;
  /** The server. */
  destination: string;
  /** First seen, milliseconds since the epoch. */
  first: number;
  /** Last seen. */
  last: number;
  /** The rule, or the policy that isolates. */
  policy?: string;
  /** Port and protocol, e.g. `5432/TCP`. */
  port: string;
  /** The client: `namespace/name`, a name or an address. */
  source: string;
  /** Dropped or would drop. */
  verdict: Verdict;
}

/** One end of a flow. */
export interface Peer {
  /** The number of its identity on the node. */
  identity: number;
  /** The address. */
  ip: string;
  /** Labels, `source:key=value`. */
  labels?: string[];
  /** Names of the address: DNS, node, entity. */
  names?: string[];
  /** `namespace/name`, if it is a workload. */
  workload?: string;
}

/** Somebody that a workload talked to, as it judged it. */
export interface PeerStats {
  /** How many events. */
  count: number;
  /** The first, milliseconds since the epoch. */
  first: number;
  /** The last. */
  last: number;
  /** `namespace/name`, a name or an address. */
  peer: string;
  /** The policy that decided, or that isolates. */
  policy?: string;
  /** The server's port and the protocol, e.g. `5432/TCP`. */
  port: string;
  /** What became of it. */
  verdict: Verdict;
  /** The peer's workload, if it is one. */
  workload?: string;
}

/** `GET /api/v1/policies`. */
export interface Policies {
  /** Give it back as `after` for the next page, if there is one. */
  next?: string;
  /** In the order of their ids. */
  policies: Policy[];
  /** The revision that they are of. */
  revision?: number;
  /** How many there are on all pages. */
  total?: number;
}

/** One policy, as the list shows it. */
export interface Policy {
  /** Bytes since the start. */
  bytes?: VerdictCounts;
  changed?: Change;
  /** Why it is refused, or what is worth knowing. */
  diagnostics: Diagnostic[];
  /** The file it stands in, from the policy folder. */
  file: string;
  /** `Kind/namespace/name`, or `Kind/name` for cluster-wide kinds. */
  id: string;
  /** Its kind. */
  kind: string;
  /** When one of its rules last decided, in milliseconds since the epoch. */
  last_hit?: number;
  /** The mode that takes effect. */
  mode: Mode;
  /** Where that mode comes from: `policy`, `namespace` or `cluster`. */
  mode_from: ModeFrom;
  /** Its name. */
  name: string;
  /** Its namespace. */
  namespace?: string;
  /** Packets since the start, by what its rules decided. */
  packets: VerdictCounts;
  /** What it says, one plain sentence a rule. */
  sentences: Sentence[];
  shadowed?: Shadow;
  /** `accepted`, or `refused` with `diagnostics` that say why. */
  state?: PolicyState;
  /** The workloads it is about. */
  workloads: string[];
  /** Whether that file can be written, so that the switch works. */
  writable: boolean;
  /** Its text; empty in a list that is asked for with `brief=true`, as are the sentences. */
  yaml: string;
}

/** `GET /api/v1/policies/{id}`: one policy with all that is known of it. */
export interface PolicyDetail extends Policy {
  /** Its changes, newest first. */
  changes: Change[];
  /** What no rule allowed in the asked time, where this policy isolates. */
  default_deny?: DenyStats;
  /** Its rules, in the order of their ids, with what each decided in the asked time. */
  rules: RuleStats[];
  /** The start of the asked time, milliseconds since the epoch. */
  since: number;
  /** Its end. */
  until: number;
}

/** Whether a policy is in force. */
export type PolicyState = "accepted" | "refused";

/** `GET /api/v1/tests?policy=`: the tests of the policy folder, run on the policies in force. */
export interface PolicyTests {
  /** How many did not come out as expected, of those that are left out too. */
  failed: number;
  /** How many more there are than are told. */
  left_out: number;
  /** Those that did not come out as expected first, then by file and line. */
  tests: Tested[];
  /** Test files that cannot be run, each with why. */
  unusable: string[];
}

/** One port of a workload, as others asked for it. */
export interface PortStats {
  /** Events by verdict. */
  events: VerdictCounts;
  /** Its name, where the workload gives it one. */
  name?: string;
  /** Port and protocol, e.g. `5432/TCP`. */
  port: string;
}

/** The answer to [`AskPreview`]. */
export interface Preview {
  /** The most frequent of those that would be dropped. */
  examples: PreviewExample[];
  /** How many recorded events were judged again. */
  judged: number;
  /** Policies in detection that would let some of them pass if they were enforced too. */
  leans_on: Lean[];
  /** How many were not, since their workload is gone or they are too many. */
  left_out: number;
  /** How many are dropped today and would pass. */
  released: number;
  /** The most frequent of those that would pass. */
  released_examples?: PreviewExample[];
  /** The revision it was tried against; a newer one makes it stale. */
  revision: number;
  /** How many pass today and would be dropped. */
  stopped: number;
}

/** What would be dropped, between the same two ends. */
export interface PreviewExample {
  /** How many times. */
  count: number;
  /** The server. */
  destination: string;
  /** The newest of them that is known, milliseconds since the epoch. */
  last: number;
  /** The policy in detection that would let it pass. */
  leans_on?: string;
  /** Port and protocol, e.g. `5432/TCP`. */
  port: string;
  /** The rule that would drop it; absent where no rule allows it. */
  rule?: string;
  /** The client: `namespace/name`, a name or an address. */
  source: string;
}

/** Something that is wrong. */
export interface Problem {
  /** A stable word, e.g. `policy_refused`, `not_enforced`, `ledger_full`, `agent_gone`. */
  code: string;
  /** What is wrong and what to do. */
  message: string;
  /** What it is about: a policy, a workload or a file. */
  subject?: string;
}

/** One rule of a policy. */
export interface RuleStats {
  /** Bytes. */
  bytes: VerdictCounts;
  /** In or out of its subject. */
  direction: Direction;
  /** When it last decided, milliseconds since the epoch. */
  last_hit?: number;
  /** Packets it decided in the asked time. */
  packets: VerdictCounts;
  /** The rule, as test files write it. */
  rule: string;
  shadowed?: Shadow;
  /** What it says. */
  text: string;
}

/** One interval. */
export interface Sample {
  /** Bytes in it. */
  bytes: VerdictCounts;
  /** Its end. */
  end: number;
  /** Packets in it. */
  packets: VerdictCounts;
  /** Its start, milliseconds since the epoch. */
  start: number;
}

/** `POST /api/v1/policies`: saves new policies into a file of their own, in detection. */
export interface SavePolicies {
  /** The file's name in the policy folder; else made from the first policy's name. */
  file?: string;
  /** The documents, as YAML. */
  yaml: string;
}

/** What was saved. */
export interface Saved {
  /** The file in the policy folder. */
  file: string;
  /** The policies that stand in it. */
  policies: string[];
  /** The revision that carries them. */
  revision: number;
}

/** One rule in words. */
export interface Sentence {
  /** The rule, as test files write it. */
  rule: string;
  /** What it says. */
  text: string;
}

/** The service between client and backend. */
export interface ServiceHop {
  /** Its address. */
  ip: string;
  /** `namespace/name`, where it is known. */
  name?: string;
  /** Its port. */
  port: number;
}

/** `PUT /api/v1/policies/{id}/mode` and `PUT /api/v1/mode`. */
export interface SetMode {
  mode?: Mode;
}

/** `PUT /api/v1/modes`: several policies at once, in one revision, so that no packet meets half of it. */
export interface SetModes {
  /** The mode to set, by the policy's id. */
  policies: Record<string, Mode>;
}

/** Why a policy or a rule adds nothing. */
export interface Shadow {
  /** The rules that stand in for it, at most a few. */
  by?: string[];
  /** In words. */
  why: string;
}

/** `GET /api/v1/stats?since=&until=&step=`. Also sent on the stream as `tick`, one sample each. */
export interface Stats {
  /** Times in which nobody read the counters; what passed in them is in the sums alone. */
  gaps?: Gap[];
  /** With `by=`: the same numbers for each workload, namespace, direction, policy or rule, those with the most stopped packets first. */
  groups?: GroupStats[];
  /** How many groups more there are than are told. */
  groups_left_out?: number;
  /** Flow events that were lost in the asked time; packets are never. */
  lost?: number;
  /** By namespace of the workload that judged. */
  namespaces: NamespaceStats[];
  /** The pairs that would be dropped or are dropped most. */
  pairs: Pair[];
  /** Samples in order; a gap in time is a gap in what is known. */
  samples: Sample[];
  /** The width of the samples, in milliseconds: the asked one, or the finest that is still kept. */
  step?: number;
  /** The sums of the asked time. */
  total: Totals;
}

/** `GET /api/v1/status`: what is going on, in one look. Also sent on the stream as `status`. */
export interface Status {
  /** How many workloads there are, and how they are held. */
  coverage: Coverage;
  /** Since when it is, in milliseconds since the epoch; absent where it is not. */
  in_force_since?: number;
  /** The cluster-wide default mode. */
  mode: Mode;
  /** The nodes and what they have in force. */
  nodes: NodeStatus[];
  /** Where the page is, with its token, e.g. `http://127.0.0.1:4280/?token=...`; only over the unix socket. */
  page?: string;
  /** How many policies are in each mode. */
  policies: ModeCounts;
  /** What is wrong, in sentences, most urgent first. */
  problems: Problem[];
  /** Whether everything that was asked for is in force in the kernel. */
  ready: boolean;
  /** The newest policy set that control has accepted. */
  revision: number;
  /** Milliseconds since the epoch when this was true. */
  time: number;
  /** The product's version. */
  version: string;
}

/** One test and what came of it. */
export interface Tested {
  /** The case it stands in. */
  case: string;
  /** The file in the policy folder. */
  file: string;
  /** Its line there. */
  line: number;
  /** What is expected and what came out, where that is something else. */
  message?: string;
  /** What is tried, in words or as it is called. */
  name: string;
  /** Whether what came out was expected. */
  passed: boolean;
  /** The chain of reasons, likewise. */
  reasons?: string[];
}

/** Sums. */
export interface Totals {
  /** Bytes. */
  bytes: VerdictCounts;
  /** Packets. */
  packets: VerdictCounts;
}

/** What became of it. */
export type Verdict = "forwarded" | "would_drop" | "dropped" | "would_allow";

/** Packets by verdict. */
export interface VerdictCounts {
  /** Dropped. */
  dropped: number;
  /** Passed. */
  forwarded: number;
  /** Passed, and would be dropped. */
  would_drop: number;
}

/** One workload. */
export interface Workload {
  /** Its addresses. */
  addresses: string[];
  /** Out of it. */
  egress: Hold;
  /** `enforced`, `detected` or `open`, into it. */
  ingress: Hold;
  /** Packets and bytes into it, in the asked time. */
  into?: Totals;
  /** Its labels. */
  labels: string[];
  /** `namespace/name`. */
  name: string;
  /** The node it is on. */
  node?: string;
  /** Whether its hooks are in place; if not, why. */
  not_enforced?: string;
  /** Packets and bytes out of it, in the asked time. */
  out_of?: Totals;
  /** The policies about it. */
  policies: string[];
  /** The revision that is in force for it. */
  revision?: number;
}

/** `GET /api/v1/workloads/{namespace}/{name}?since=&until=&step=`. */
export interface WorkloadDetail extends Workload {
  /** The policies about it, with what each does to it. */
  held_by: HeldBy[];
  /** How many peers more there were than are told or kept. */
  left_out: number;
  /** Who talked to it, most stopped first, then most often. */
  peers_in: PeerStats[];
  /** Whom it talked to. */
  peers_out: PeerStats[];
  /** Its own ports that were asked for, most often first. */
  ports: PortStats[];
  /** Packets and bytes over time, both directions. */
  samples: Sample[];
  /** The start of the asked time, milliseconds since the epoch. */
  since: number;
  /** The width of the samples, in milliseconds. */
  step: number;
  /** Its end. */
  until: number;
}

/** `GET /api/v1/workloads`. */
export interface Workloads {
  /** In the order of their names. */
  workloads: Workload[];
}

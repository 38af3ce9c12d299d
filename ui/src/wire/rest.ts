// Bodies of `/api/v1`, word for word as the server's `rest.rs` has them.
// Times are milliseconds since the epoch. An absent field is unknown, never zero.

export type Mode = "off" | "detect" | "enforce";
export type ModeFrom = "policy" | "namespace" | "cluster";
export type AgentState = "running" | "starting" | "gone";
export type Verdict = "forwarded" | "would_drop" | "dropped" | "would_allow";
export type Direction = "ingress" | "egress";
export type FlowKind = "new" | "judged" | "changed" | "closed";
export type Hold = "enforced" | "detected" | "open";

export interface VerdictCounts {
  forwarded: number;
  would_drop: number;
  dropped: number;
}

export interface Held {
  enforced: number;
  detected: number;
  open: number;
}

export interface NodeStatus {
  name: string;
  agent: AgentState;
  revision: number;
  generation: number;
  events_lost: number;
  pid?: number;
}

export interface Problem {
  code: string;
  message: string;
  subject?: string;
}

export interface Status {
  version: string;
  page?: string;
  ready: boolean;
  mode: Mode;
  revision: number;
  nodes: NodeStatus[];
  policies: { off: number; detect: number; enforce: number; refused: number };
  coverage: { workloads: number; ingress: Held; egress: Held };
  problems: Problem[];
  time: number;
}

export interface Diagnostic {
  code: string;
  severity: string;
  message: string;
  hint?: string;
  line: number;
  column: number;
}

export interface Sentence {
  rule: string;
  text: string;
}

export interface Policy {
  id: string;
  kind: string;
  namespace?: string;
  name: string;
  mode: Mode;
  mode_from: ModeFrom;
  file: string;
  writable: boolean;
  sentences: Sentence[];
  workloads: string[];
  packets: VerdictCounts;
  last_hit?: number;
  diagnostics: Diagnostic[];
  yaml: string;
}

export interface Policies {
  policies: Policy[];
}

export interface Changed {
  revision: number;
  policies: string[];
}

export interface Peer {
  workload?: string;
  names?: string[];
  ip: string;
  labels?: string[];
  identity: number;
}

export interface ServiceHop {
  name?: string;
  ip: string;
  port: number;
}

export interface Nearest {
  rule: string;
  why: string;
  peer: boolean;
  protocol: boolean;
  port: boolean;
}

export interface Flow {
  seq: number;
  time: number;
  kind: FlowKind;
  verdict: Verdict;
  reason?: string;
  reason_text?: string;
  workload: string;
  direction: Direction;
  source: Peer;
  destination: Peer;
  service?: ServiceHop;
  protocol: string;
  port: number;
  source_port: number;
  tcp_flags?: string;
  policy?: string;
  rule?: string;
  nearest?: Nearest[];
  count: number;
}

export interface Flows {
  flows: Flow[];
  next?: number;
  lost: number;
}

export interface Sample {
  start: number;
  end: number;
  packets: VerdictCounts;
  bytes: VerdictCounts;
}

export interface NamespaceStats {
  namespace: string;
  packets: VerdictCounts;
  samples: VerdictCounts[];
}

export interface Pair {
  source: string;
  destination: string;
  port: string;
  verdict: Verdict;
  count: number;
  first: number;
  last: number;
  policy?: string;
}

export interface Stats {
  samples: Sample[];
  total: { packets: VerdictCounts; bytes: VerdictCounts };
  namespaces: NamespaceStats[];
  pairs: Pair[];
}

export interface ExplainedDirection {
  workload: string;
  direction: Direction;
  verdict: Verdict;
  rule?: string;
  sentences: string[];
  nearest: Nearest[];
}

export interface Explanation {
  verdict: Verdict;
  summary: string;
  directions: ExplainedDirection[];
  change?: string | null;
}

export interface SetModes {
  policies: Record<string, Mode>;
}

export interface AskPreview {
  policies: Record<string, Mode>;
  since: number;
  until: number;
}

export interface Preview {
  revision: number;
  judged: number;
  left_out: number;
  stopped: number;
  released: number;
  examples: PreviewExample[];
  leans_on: Lean[];
}

export interface PreviewExample {
  source: string;
  destination: string;
  port: string;
  count: number;
  last: number;
  rule?: string;
  leans_on?: string;
}

export interface Lean {
  policy: string;
  count: number;
}

export interface ApiError {
  code: string;
  message: string;
}

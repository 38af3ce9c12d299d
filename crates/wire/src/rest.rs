//! Bodies of `/api/v1`, as the page, the command and other clients meet them.
//!
//! Times are milliseconds since the epoch, counts are whole numbers, words are those of the
//! glossary. A field that is absent is unknown, never zero.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /api/v1/status`: what is going on, in one look. Also sent on the stream as `status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// The product's version.
    pub version: String,
    /// Where the page is, with its token, e.g. `http://127.0.0.1:4280/?token=...`; only over the unix socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Whether everything that was asked for is in force in the kernel.
    pub ready: bool,
    /// Since when it is, in milliseconds since the epoch; absent where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force_since: Option<u64>,
    /// The cluster-wide default mode.
    pub mode: Mode,
    /// The newest policy set that control has accepted.
    pub revision: u64,
    /// The nodes and what they have in force.
    pub nodes: Vec<NodeStatus>,
    /// How many policies are in each mode.
    pub policies: ModeCounts,
    /// How many workloads there are, and how they are held.
    pub coverage: Coverage,
    /// What is wrong, in sentences, most urgent first.
    pub problems: Vec<Problem>,
    /// Milliseconds since the epoch when this was true.
    pub time: u64,
}

/// One node, or this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// `running`, `starting` or `gone`. While it is gone, enforcement goes on unchanged.
    pub agent: AgentState,
    /// The revision that its kernel has in force.
    pub revision: u64,
    /// The generation of its tables.
    pub generation: u32,
    /// Events that the kernel could not hand over, since the start.
    pub events_lost: u64,
    /// The process id of the agent, while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
}

/// Whether a node's agent runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// It runs and answers.
    Running,
    /// It was started and has not answered yet.
    Starting,
    /// It is not there; the kernel keeps enforcing what it has.
    Gone,
}

/// How many policies are in each mode, as it takes effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModeCounts {
    /// Kept without effect.
    pub off: u32,
    /// Only watched.
    pub detect: u32,
    /// Enforced.
    pub enforce: u32,
    /// Documents that were refused.
    pub refused: u32,
}

/// How workloads are held, by direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Coverage {
    /// All workloads.
    pub workloads: u32,
    /// Into them.
    pub ingress: Held,
    /// Out of them.
    pub egress: Held,
}

/// How many workloads are held in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Held {
    /// By an enforcing policy.
    pub enforced: u32,
    /// Only by policies in detection.
    pub detected: u32,
    /// By nothing.
    pub open: u32,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A stable word, e.g. `policy_refused`, `not_enforced`, `ledger_full`, `agent_gone`.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
    /// What it is about: a policy, a workload or a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// What a policy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Kept without effect.
    Off,
    /// What it would drop is recorded.
    Detect,
    /// What it forbids is dropped.
    Enforce,
}

/// `GET /api/v1/policies`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Policies {
    /// In the order of their ids.
    pub policies: Vec<Policy>,
}

/// One policy, as the list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// `Kind/namespace/name`, or `Kind/name` for cluster-wide kinds.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The mode that takes effect.
    pub mode: Mode,
    /// Where that mode comes from: `policy`, `namespace` or `cluster`.
    pub mode_from: ModeFrom,
    /// The file it stands in, from the policy folder.
    pub file: String,
    /// Whether that file can be written, so that the switch works.
    pub writable: bool,
    /// What it says, one plain sentence a rule.
    pub sentences: Vec<Sentence>,
    /// The workloads it is about.
    pub workloads: Vec<String>,
    /// Packets since the start, by what its rules decided.
    pub packets: VerdictCounts,
    /// When one of its rules last decided, in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_hit: Option<u64>,
    /// Why it is refused, or what is worth knowing.
    pub diagnostics: Vec<Diagnostic>,
    /// Its text.
    pub yaml: String,
}

/// One rule in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sentence {
    /// The rule, as test files write it.
    pub rule: String,
    /// What it says.
    pub text: String,
}

/// Where a policy's mode comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModeFrom {
    /// Its own annotation.
    Policy,
    /// The namespace of its subject.
    Namespace,
    /// The cluster-wide default.
    Cluster,
}

/// Packets by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerdictCounts {
    /// Passed.
    pub forwarded: u64,
    /// Passed, and would be dropped.
    pub would_drop: u64,
    /// Dropped.
    pub dropped: u64,
}

/// One finding about a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnostic {
    /// A stable code, e.g. `PW0101`.
    pub code: String,
    /// `error` or `warning`.
    pub severity: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// `PUT /api/v1/policies/{id}/mode` and `PUT /api/v1/mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SetMode {
    /// The mode to set. For a policy, `null` takes its own annotation away.
    pub mode: Option<Mode>,
}

/// `PUT /api/v1/modes`: several policies at once, in one revision, so that no packet meets half of
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SetModes {
    /// The mode to set, by the policy's id.
    pub policies: BTreeMap<String, Mode>,
}

/// `POST /api/v1/preview`: what these modes would have done to recorded flows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AskPreview {
    /// The modes to try, by the policy's id; the others stay as they are.
    pub policies: BTreeMap<String, Mode>,
    /// Flows from this time on, in milliseconds since the epoch.
    pub since: u64,
    /// Flows up to this time.
    pub until: u64,
}

/// The answer to [`AskPreview`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// The revision it was tried against; a newer one makes it stale.
    pub revision: u64,
    /// How many recorded events were judged again.
    pub judged: u64,
    /// How many were not, since their workload is gone or they are too many.
    pub left_out: u64,
    /// How many pass today and would be dropped.
    pub stopped: u64,
    /// How many are dropped today and would pass.
    pub released: u64,
    /// The most frequent of those that would be dropped.
    pub examples: Vec<PreviewExample>,
    /// Policies in detection that would let some of them pass if they were enforced too.
    pub leans_on: Vec<Lean>,
}

/// What would be dropped, between the same two ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewExample {
    /// The client: `namespace/name`, a name or an address.
    pub source: String,
    /// The server.
    pub destination: String,
    /// Port and protocol, e.g. `5432/TCP`.
    pub port: String,
    /// How many times.
    pub count: u64,
    /// The newest of them that is known, milliseconds since the epoch.
    pub last: u64,
    /// The rule that would drop it; absent where no rule allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The policy in detection that would let it pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leans_on: Option<String>,
}

/// A policy that a change leans on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lean {
    /// Its id.
    pub policy: String,
    /// How many of the events it would let pass.
    pub count: u64,
}

/// `POST /api/v1/detect`: what **Detect everything** did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    /// The revision that carries the change.
    pub revision: u64,
    /// The policies whose mode changed.
    pub policies: Vec<String>,
}

/// `GET /api/v1/flows`: newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Flows {
    /// The records.
    pub flows: Vec<Flow>,
    /// Give it back as `before` for the next, older page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// Events that were lost in the asked time, so that nobody takes silence for peace.
    pub lost: u64,
}

/// One flow record. Also sent on the stream as `flow`, in arrays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Flow {
    /// A number that only grows.
    pub seq: u64,
    /// Milliseconds since the epoch.
    pub time: u64,
    /// `new`, `judged`, `changed` or `closed`.
    pub kind: FlowKind,
    /// The verdict.
    pub verdict: Verdict,
    /// The stable word of the reason, e.g. `default_deny`; absent where nothing stops it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_text: Option<String>,
    /// The workload that judged, `namespace/name`.
    pub workload: String,
    /// In or out of it.
    pub direction: Direction,
    /// The client.
    pub source: Peer,
    /// The server, behind a service the real backend.
    pub destination: Peer,
    /// The service that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceHop>,
    /// `TCP`, `UDP`, `ICMPv4` and so on.
    pub protocol: String,
    /// The server's port or the ICMP type.
    pub port: u16,
    /// The client's port.
    pub source_port: u16,
    /// TCP flags in words, e.g. `SYN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp_flags: Option<String>,
    /// The policy that decided, `Kind/namespace/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The rule that decided, as test files write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// For a default deny: the nearest rules, and why each did not match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<Nearest>,
    /// How many events it stands for.
    pub count: u64,
}

/// Why a flow is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    /// The first packet passed.
    New,
    /// A packet was stopped, or would have been.
    Judged,
    /// A live connection was judged again.
    Changed,
    /// It ended.
    Closed,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Passed.
    Forwarded,
    /// Passed, and would be dropped if all of detection were enforced.
    WouldDrop,
    /// Dropped.
    Dropped,
    /// Dropped, and would pass if all of detection were enforced.
    WouldAllow,
}

/// In or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the workload.
    Ingress,
    /// Out of the workload.
    Egress,
}

/// One end of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Peer {
    /// `namespace/name`, if it is a workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// Names of the address: DNS, node, entity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The address.
    pub ip: String,
    /// Labels, `source:key=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The number of its identity on the node.
    pub identity: u32,
}

/// The service between client and backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceHop {
    /// `namespace/name`, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address.
    pub ip: String,
    /// Its port.
    pub port: u16,
}

/// A rule that did not match, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Nearest {
    /// The rule.
    pub rule: String,
    /// Which part did not match, in words.
    pub why: String,
    /// Whether the peer matched.
    pub peer: bool,
    /// Whether the protocol matched.
    pub protocol: bool,
    /// Whether the port matched.
    pub port: bool,
}

/// `GET /api/v1/stats?since=&until=&step=`. Also sent on the stream as `tick`, one sample each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// Samples in order; a gap in time is a gap in what is known.
    pub samples: Vec<Sample>,
    /// The sums of the asked time.
    pub total: Totals,
    /// By namespace of the workload that judged.
    pub namespaces: Vec<NamespaceStats>,
    /// The pairs that would be dropped or are dropped most.
    pub pairs: Vec<Pair>,
}

/// One interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sample {
    /// Its start, milliseconds since the epoch.
    pub start: u64,
    /// Its end.
    pub end: u64,
    /// Packets in it.
    pub packets: VerdictCounts,
    /// Bytes in it.
    pub bytes: VerdictCounts,
}

/// Sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Totals {
    /// Packets.
    pub packets: VerdictCounts,
    /// Bytes.
    pub bytes: VerdictCounts,
}

/// One namespace in the asked time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NamespaceStats {
    /// Its name.
    pub namespace: String,
    /// Packets judged at its workloads.
    pub packets: VerdictCounts,
    /// The same over time, in the samples' steps.
    pub samples: Vec<VerdictCounts>,
}

/// Who is, or would be, kept from whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pair {
    /// The client: `namespace/name`, a name or an address.
    pub source: String,
    /// The server.
    pub destination: String,
    /// Port and protocol, e.g. `5432/TCP`.
    pub port: String,
    /// Dropped or would drop.
    pub verdict: Verdict,
    /// How many times.
    pub count: u64,
    /// First seen, milliseconds since the epoch.
    pub first: u64,
    /// Last seen.
    pub last: u64,
    /// The rule, or the policy that isolates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// `GET /api/v1/workloads`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Workloads {
    /// In the order of their names.
    pub workloads: Vec<Workload>,
}

/// One workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Workload {
    /// `namespace/name`.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Its labels.
    pub labels: Vec<String>,
    /// `enforced`, `detected` or `open`, into it.
    pub ingress: Hold,
    /// Out of it.
    pub egress: Hold,
    /// Whether its hooks are in place; if not, why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_enforced: Option<String>,
    /// The policies about it.
    pub policies: Vec<String>,
}

/// How one direction of a workload is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// An enforcing policy isolates it.
    Enforced,
    /// Only policies in detection do.
    Detected,
    /// Nothing does.
    Open,
}

/// `GET /api/v1/explain?from=&to=&port=`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The verdict of both directions together.
    pub verdict: Verdict,
    /// One sentence.
    pub summary: String,
    /// Egress of the client and ingress of the server, where each is a workload of ours.
    pub directions: Vec<ExplainedDirection>,
    /// What to change so that it would be otherwise.
    pub change: Option<String>,
}

/// One direction of an explanation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExplainedDirection {
    /// The workload that judges.
    pub workload: String,
    /// In or out of it.
    pub direction: Direction,
    /// What becomes of it there.
    pub verdict: Verdict,
    /// The rule that decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The chain of reasons, in sentences.
    pub sentences: Vec<String>,
    /// For a default deny, the nearest rules.
    pub nearest: Vec<Nearest>,
}

/// Every error of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiError {
    /// A stable word, e.g. `not_found`, `bad_filter`, `not_writable`.
    pub code: String,
    /// What went wrong and what to do, for the caller.
    pub message: String,
}

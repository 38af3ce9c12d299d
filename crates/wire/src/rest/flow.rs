//! Flow records.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /api/v1/flows`: newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Flows {
    /// The records.
    pub flows: Vec<Flow>,
    /// Give it back as `before` for the next, older page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// Flows that passed are told one by one from this time on, in milliseconds since the epoch; of
    /// older ones the map has the sums. Absent where all are here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_from: Option<u64>,
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

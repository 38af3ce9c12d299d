//! Workloads, how each is held, and whom it talks to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Direction, Mode, Sample, Totals, Verdict, VerdictCounts};

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
    /// The node it is on.
    #[serde(default)]
    pub node: String,
    /// The revision that is in force for it.
    #[serde(default)]
    pub revision: u64,
    /// Packets and bytes into it, in the asked time.
    #[serde(default)]
    pub into: Totals,
    /// Packets and bytes out of it, in the asked time.
    #[serde(default)]
    pub out_of: Totals,
}

/// `GET /api/v1/workloads/{namespace}/{name}?since=&until=&step=`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorkloadDetail {
    /// As the list has it.
    #[serde(flatten)]
    pub workload: Workload,
    /// The policies about it, with what each does to it.
    pub held_by: Vec<HeldBy>,
    /// Who talked to it, most stopped first, then most often.
    pub peers_in: Vec<PeerStats>,
    /// Whom it talked to.
    pub peers_out: Vec<PeerStats>,
    /// Its own ports that were asked for, most often first.
    pub ports: Vec<PortStats>,
    /// Packets and bytes over time, both directions.
    pub samples: Vec<Sample>,
    /// How many peers more there were than are told or kept.
    pub left_out: u64,
    /// The start of the asked time, milliseconds since the epoch.
    pub since: u64,
    /// Its end.
    pub until: u64,
    /// The width of the samples, in milliseconds.
    pub step: u64,
}

/// A policy that is about a workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldBy {
    /// Its id.
    pub policy: String,
    /// Its mode for this workload.
    pub mode: Mode,
    /// The directions in which it has rules for it.
    pub directions: Vec<Direction>,
    /// The directions in which it makes it default-deny.
    pub isolates: Vec<Direction>,
}

/// Somebody that a workload talked to, as it judged it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeerStats {
    /// `namespace/name`, a name or an address.
    pub peer: String,
    /// The peer's workload, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// The server's port and the protocol, e.g. `5432/TCP`.
    pub port: String,
    /// What became of it.
    pub verdict: Verdict,
    /// How many events.
    pub count: u64,
    /// The first, milliseconds since the epoch.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// The policy that decided, or that isolates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// One port of a workload, as others asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PortStats {
    /// Port and protocol, e.g. `5432/TCP`.
    pub port: String,
    /// Its name, where the workload gives it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Events by verdict.
    pub events: VerdictCounts,
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

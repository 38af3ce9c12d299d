//! Packets and bytes over time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Verdict;

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

/// `GET /api/v1/stats?since=&until=&step=`. Also sent on the stream as `tick`, one sample each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// The width of the samples, in milliseconds: the asked one, or the finest that is still kept.
    #[serde(default)]
    pub step: u64,
    /// Samples in order; a gap in time is a gap in what is known.
    pub samples: Vec<Sample>,
    /// The sums of the asked time.
    pub total: Totals,
    /// By namespace of the workload that judged.
    pub namespaces: Vec<NamespaceStats>,
    /// The pairs that would be dropped or are dropped most.
    pub pairs: Vec<Pair>,
    /// With `by=`: the same numbers for each workload, namespace, direction, policy or rule, those
    /// with the most stopped packets first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupStats>,
    /// How many groups more there are than are told.
    #[serde(default)]
    pub groups_left_out: u64,
    /// Times in which nobody read the counters; what passed in them is in the sums alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Flow events that were lost in the asked time; packets are never.
    #[serde(default)]
    pub lost: u64,
}

/// One group of `by=` in the asked time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupStats {
    /// What it is: a workload, a namespace, `ingress` or `egress`, a policy's id, or a rule.
    pub name: String,
    /// Packets.
    pub packets: VerdictCounts,
    /// Bytes.
    pub bytes: VerdictCounts,
    /// Packets over time, in the samples' steps.
    pub samples: Vec<VerdictCounts>,
    /// Bytes over time.
    pub sample_bytes: Vec<VerdictCounts>,
}

/// A time in which nobody read the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gap {
    /// Its start, milliseconds since the epoch.
    pub start: u64,
    /// Its end.
    pub end: u64,
    /// Packets that passed in it, nobody knows when.
    pub packets: VerdictCounts,
    /// Their bytes.
    pub bytes: VerdictCounts,
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
    /// Bytes judged there.
    #[serde(default)]
    pub bytes: VerdictCounts,
    /// Packets over time, in the samples' steps.
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

/// `GET /api/v1/pairs/new?since=&until=`: who talks to whom since a time, and never did before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewPairs {
    /// Those that are stopped first, then those that were seen most.
    pub pairs: Vec<Pair>,
    /// How many more there are than are told.
    pub left_out: u64,
    /// From when on anything is known. Where that is not before `since`, nobody knows what is new,
    /// and no pair is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_from: Option<u64>,
    /// The start of the asked time, milliseconds since the epoch.
    pub since: u64,
    /// Its end.
    pub until: u64,
}

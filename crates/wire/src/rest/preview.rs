//! What modes would have done to recorded flows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Mode;

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
    /// The most frequent of those that would pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released_examples: Vec<PreviewExample>,
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

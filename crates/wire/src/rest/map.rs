//! The map: who talks to whom.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Hold, VerdictCounts};

/// `GET /api/v1/map?since=&until=&group=`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Map {
    /// How it is grouped.
    pub group: MapGroup,
    /// The start of the time, milliseconds since the epoch.
    pub since: u64,
    /// Its end.
    pub until: u64,
    /// The ends, in the order of their ids. Workloads that talked to nobody are there too.
    pub nodes: Vec<MapNode>,
    /// Who talked to whom, those that are stopped first.
    pub edges: Vec<MapEdge>,
    /// How many edges more there are than are told.
    pub left_out: u64,
    /// Events between ends that were too many to be told apart.
    #[serde(default)]
    pub unnamed: u64,
    /// Flow events that were lost in the time.
    pub lost: u64,
}

/// What one node of the map stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MapGroup {
    /// All workloads of a namespace.
    Namespace,
    /// One workload.
    #[default]
    Workload,
}

/// One end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MapNode {
    /// `namespace/name`, `namespace/`, a name or an address: what edges call it.
    pub id: String,
    /// What it is.
    pub kind: MapKind,
    /// Its namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name without the namespace.
    pub name: String,
    /// How many workloads it stands for; 0 for what is no workload.
    pub workloads: u32,
    /// How it is held inward: of a namespace, the weakest of its workloads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Hold>,
    /// How it is held outward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<Hold>,
}

/// What an end of the map is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MapKind {
    /// A namespace with its workloads.
    Namespace,
    /// A workload.
    Workload,
    /// A name or an address that is no workload.
    Outside,
}

/// Client to server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MapEdge {
    /// The client's id.
    pub source: String,
    /// The server's id.
    pub destination: String,
    /// Events as the client's side judged them; all zero where it is no workload of ours.
    pub egress: VerdictCounts,
    /// Events as the server's side judged them.
    pub ingress: VerdictCounts,
    /// By the server's port, those that are stopped first.
    pub ports: Vec<MapPort>,
    /// The policies that decided, in the order of their ids.
    pub policies: Vec<String>,
    /// The first event, milliseconds since the epoch.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// One port of an edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MapPort {
    /// Port and protocol, e.g. `5432/TCP`.
    pub port: String,
    /// Events as the client's side judged them.
    pub egress: VerdictCounts,
    /// Events as the server's side judged them.
    pub ingress: VerdictCounts,
}

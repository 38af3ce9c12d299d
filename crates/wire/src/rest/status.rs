//! The state of everything, in one look.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Mode;

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

//! From a flow to a policy that would allow it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Diagnostic, Direction, Preview, Sentence};

/// `POST /api/v1/drafts`: the narrowest sensible rules that allow a recorded flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AskDraft {
    /// The flow's number.
    pub flow: u64,
    /// The kind to write, where it can say it; else the plainest kind that can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<DraftKind>,
    /// Judge recorded flows from this time on, milliseconds since the epoch; else of the last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
}

/// A kind that drafts are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum DraftKind {
    /// Kubernetes' own.
    NetworkPolicy,
    /// Cilium's.
    CiliumNetworkPolicy,
}

/// A draft with its effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Draft {
    /// The documents, in detection, as `POST /api/v1/policies` takes them.
    pub yaml: String,
    /// The policies in it: one for each direction that has to allow the flow.
    pub policies: Vec<DraftPolicy>,
    /// The name of the file it would be saved to.
    pub file: String,
    /// Whether it can be saved: the policy folder can be written.
    pub writable: bool,
    /// What is worth knowing, in sentences: what else it allows, what it cannot narrow.
    pub notes: Vec<String>,
    /// What the checks say of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// The effect on recorded flows if all of detection were enforced: `released` pass with it and
    /// not without, `stopped` the other way round.
    pub effect: Preview,
}

/// One policy of a draft.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DraftPolicy {
    /// Its id.
    pub id: String,
    /// The workload that it is for.
    pub workload: String,
    /// In or out of it.
    pub direction: Direction,
    /// What it says.
    pub sentences: Vec<Sentence>,
    /// The workloads that it selects.
    pub selects: Vec<String>,
}

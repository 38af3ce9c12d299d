//! Why a connection is judged as it is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Direction, Nearest, Verdict};

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

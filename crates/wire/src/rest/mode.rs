//! Modes, and setting them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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

/// `POST /api/v1/detect`: what **Detect everything** did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    /// The revision that carries the change.
    pub revision: u64,
    /// The policies whose mode changed.
    pub policies: Vec<String>,
}

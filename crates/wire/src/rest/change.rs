//! The log of changes: who changed what, when, from what to what.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /api/v1/changes`, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Changes {
    /// The changes.
    pub changes: Vec<Change>,
    /// Give it back as `before` for the next, older page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// One change. Also sent on the stream as `change`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// A number that only grows.
    pub seq: u64,
    /// When, milliseconds since the epoch.
    pub time: u64,
    /// Who: the user of a command, `page`, or `file` where somebody edited one.
    pub who: String,
    /// By which way.
    pub by: ChangedBy,
    /// What kind of change.
    pub what: ChangeKind,
    /// The policy's id, the namespace, or `cluster`.
    pub subject: String,
    /// What it was; absent where there was nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it is; absent where there is nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The revision that carries it.
    pub revision: u64,
}

/// The way a change came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangedBy {
    /// The web page, or whoever else has its token.
    Page,
    /// A command on this machine.
    Command,
    /// A file that somebody wrote.
    File,
}

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A policy's mode.
    Mode,
    /// The mode of a namespace.
    NamespaceMode,
    /// The default mode of the cluster.
    ClusterMode,
    /// A policy was added: `to` is its file.
    Added,
    /// The text of a policy: `from` and `to` are its rules in short.
    Text,
    /// A policy was taken away: `from` is its file.
    Removed,
}

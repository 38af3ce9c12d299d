//! Bodies of `/api/v1`, as the page, the command and other clients meet them: one file a noun.
//!
//! Times are milliseconds since the epoch, counts are whole numbers, words are those of the
//! glossary. A field that is absent is unknown, never zero.

mod change;
mod draft;
mod error;
mod explain;
mod flow;
mod map;
mod mode;
mod policy;
mod preview;
mod stats;
mod status;
mod workload;

pub use change::{Change, ChangeKind, ChangedBy, Changes};
pub use draft::{AskDraft, Draft, DraftKind, DraftPolicy};
pub use error::ApiError;
pub use explain::{ExplainedDirection, Explanation};
pub use flow::{Direction, Flow, FlowKind, Flows, Nearest, Peer, ServiceHop, Verdict};
pub use map::{Map, MapEdge, MapGroup, MapKind, MapNode, MapPort};
pub use mode::{Changed, Mode, ModeFrom, SetMode, SetModes};
pub use policy::{
    DenyStats, Diagnostic, Policies, Policy, PolicyDetail, PolicyState, PolicyTests, RuleStats,
    SavePolicies, Saved, Sentence, Shadow, Tested,
};
pub use preview::{AskPreview, Lean, Preview, PreviewExample};
pub use stats::{
    Gap, GroupStats, NamespaceStats, NewPairs, Pair, Sample, Stats, Totals, VerdictCounts,
};
pub use status::{AgentState, Coverage, Held, ModeCounts, NodeStatus, Problem, Status};
pub use workload::{HeldBy, Hold, PeerStats, PortStats, Workload, WorkloadDetail, Workloads};

//! Whether a policy acts: its own annotation, else its subject's namespace, else the whole cluster.
//!
//! For a cluster-wide policy the subject's namespace decides, so that one policy may enforce in one
//! namespace and only detect in another: membership in the two sets is a matter of policy and
//! namespace together.

use podwall_model::Mode;

/// What says a policy's mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModeFrom {
    /// Its own annotation.
    Policy,
    /// The namespace of its subject.
    Namespace,
    /// The cluster-wide default.
    Cluster,
}

/// The mode of a policy that says this of itself for subjects in one namespace, and what says so.
pub fn effective(policy: Option<Mode>, namespace: Option<Mode>, cluster: Mode) -> (Mode, ModeFrom) {
    match (policy, namespace) {
        (Some(mode), _) => (mode, ModeFrom::Policy),
        (None, Some(mode)) => (mode, ModeFrom::Namespace),
        (None, None) => (cluster, ModeFrom::Cluster),
    }
}

/// Which of the two sets of policies is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicySet {
    /// E: what enforces. It decides over packets.
    Enforced,
    /// E+D: what enforces and what is in detection. Where it says otherwise, that is recorded.
    Both,
}

impl PolicySet {
    /// Whether a policy in this mode belongs to the set.
    pub fn holds(self, mode: Mode) -> bool {
        match (self, mode) {
            (_, Mode::Enforce) | (PolicySet::Both, Mode::Detect) => true,
            (PolicySet::Enforced, Mode::Detect) | (_, Mode::Off) => false,
        }
    }
}

//! What is asked of counters over time, and what is answered: typed, whatever stores them.

use podwall_model::{Direction, Reason, Verdict};

use crate::stats::{Sample, Sums};
use crate::track::Track;

/// The most groups that one answer tells.
pub const GROUP_LIMIT: usize = 100;

/// A question about packets and bytes over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// From when on, in milliseconds since the epoch.
    pub since: u64,
    /// Up to when.
    pub until: u64,
    /// How long each sample is to be, in milliseconds.
    pub step: u64,
    /// What is counted; an empty scope is everything.
    pub scope: Scope,
    /// Told apart by what; nothing, where only the whole is asked for.
    pub by: Option<By>,
    /// Whether groups are told over time too, or only their sums.
    pub series: Series,
}

/// Whether groups come with their samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Series {
    /// Sums and samples.
    #[default]
    Told,
    /// Sums alone, of all groups without a limit.
    SumsAlone,
}

/// What is counted. Each empty part asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The judging workload is in any of these namespaces.
    pub namespaces: Vec<String>,
    /// It is any of these, `namespace/name`.
    pub workloads: Vec<String>,
    /// In or out of it.
    pub direction: Option<Direction>,
    /// Any of these verdicts.
    pub verdicts: Vec<Verdict>,
    /// A rule of any of these policies decided.
    pub policies: Vec<String>,
    /// For this reason.
    pub reason: Option<Reason>,
}

/// What groups are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The namespace of the judging workload.
    Namespace,
    /// The judging workload.
    Workload,
    /// In or out of it.
    Direction,
    /// The policy whose rule decided; packets that no rule decided are left out.
    Policy,
    /// The rule that decided, as test files write it.
    Rule,
    /// The judging workload and the direction: `namespace/name ingress`.
    Side,
}

/// The answer to a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The step that samples have: the asked one, or the finest that is kept.
    pub step: u64,
    /// By that step; a step in which nothing was read is absent.
    pub samples: Vec<Sample>,
    /// The sums, with what passed in gaps.
    pub total: Sums,
    /// The groups, those with most stopped packets first.
    pub groups: Vec<Group>,
    /// How many groups there were beyond the limit.
    pub groups_left_out: usize,
    /// Times in which nobody read, with what passed in them.
    pub gaps: Vec<Sample>,
}

/// One group of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// What it is.
    pub name: String,
    /// Its sums.
    pub total: Sums,
    /// Its part of each sample.
    pub samples: Vec<Sums>,
}

impl Scope {
    /// Whether these packets are meant.
    pub(crate) fn holds(&self, track: &Track) -> bool {
        let any = |list: &[String], text: &str| list.is_empty() || list.iter().any(|t| t == text);
        any(&self.namespaces, track.namespace())
            && any(&self.workloads, &track.workload)
            && any(&self.policies, &track.policy)
            && self.direction.is_none_or(|direction| direction == track.direction)
            && self.reason.is_none_or(|reason| reason == track.reason)
            && (self.verdicts.is_empty() || self.verdicts.contains(&track.verdict))
    }
}

impl By {
    /// The group of these packets; none where they belong to no group.
    pub(crate) fn of(self, track: &Track) -> Option<String> {
        let name = match self {
            By::Namespace => track.namespace().to_owned(),
            By::Workload => track.workload.clone(),
            By::Direction => track.direction.to_string(),
            By::Policy => track.policy.clone(),
            By::Rule => track.rule.clone(),
            By::Side => format!("{} {}", track.workload, track.direction),
        };
        Some(name).filter(|name| !name.is_empty())
    }
}

//! Tracks: what is counted over time, apart from the node and from the content of rules.

use std::collections::HashMap;

use podwall_model::{Direction, Reason, Verdict};

use crate::counter::Key;

/// One thing that is counted. A part that a table does not tell apart is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Track {
    /// `namespace/name` of the workload that judged; `namespace/` for all of a namespace.
    pub(crate) workload: String,
    pub(crate) direction: Direction,
    pub(crate) verdict: Verdict,
    pub(crate) reason: Reason,
    /// The policy whose rule decided.
    pub(crate) policy: String,
    /// That rule.
    pub(crate) rule: String,
}

impl Track {
    pub(crate) fn of(key: &Key) -> Track {
        let rule = key.rule.as_ref();
        Track {
            workload: key.workload.clone(),
            direction: key.direction,
            verdict: key.verdict,
            reason: key.reason,
            policy: rule.map_or_else(String::new, |rule| rule.policy.clone()),
            rule: rule.map_or_else(String::new, |rule| rule.rule.clone()),
        }
    }

    /// No track at all: says only that somebody read.
    pub(crate) fn nothing() -> Track {
        Track {
            workload: String::new(),
            direction: Direction::Ingress,
            verdict: Verdict::Forwarded,
            reason: Reason::None,
            policy: String::new(),
            rule: String::new(),
        }
    }

    /// As namespaces tell it apart.
    pub(crate) fn of_namespace(&self) -> Track {
        let workload = format!("{}/", self.namespace());
        let (direction, verdict) = (self.direction, self.verdict);
        Track { workload, direction, verdict, ..Track::nothing() }
    }

    /// As sums of workloads tell it apart.
    pub(crate) fn of_workload(&self) -> Track {
        let (direction, verdict) = (self.direction, self.verdict);
        Track { workload: self.workload.clone(), direction, verdict, ..Track::nothing() }
    }

    /// As what no rule allowed is told apart.
    pub(crate) fn of_reason(&self) -> Track {
        Track { reason: self.reason, ..self.of_workload() }
    }

    /// As sums of policies tell it apart.
    pub(crate) fn of_policy(&self) -> Track {
        let (direction, verdict) = (self.direction, self.verdict);
        Track { policy: self.policy.clone(), direction, verdict, ..Track::nothing() }
    }

    /// As a policy tells it apart.
    pub(crate) fn of_rule(&self) -> Track {
        Track { rule: self.rule.clone(), ..self.of_policy() }
    }

    pub(crate) fn namespace(&self) -> &str {
        self.workload.split('/').next().unwrap_or_default()
    }
}

/// Tracks by number, so that buckets hold numbers.
#[derive(Default)]
pub(crate) struct Tracks {
    tracks: Vec<Track>,
    numbers: HashMap<Track, u32>,
}

impl Tracks {
    pub(crate) fn number(&mut self, track: Track) -> u32 {
        if let Some(known) = self.numbers.get(&track) {
            return *known;
        }
        let number = u32::try_from(self.tracks.len()).expect("fewer tracks than fit in memory");
        self.tracks.push(track.clone());
        self.numbers.insert(track, number);
        number
    }

    pub(crate) fn get(&self, number: u32) -> &Track {
        &self.tracks[number as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.tracks.len()
    }
}

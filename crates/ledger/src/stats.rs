//! Samples, sums and pairs of a time.

use std::collections::BTreeMap;

use podwall_model::Verdict;

use crate::counter::Key;
use crate::edge::Pair;

/// Packets and bytes by verdict; what would pass if all were enforced is dropped today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Passed.
    pub forwarded: Added,
    /// Passed, and would be dropped.
    pub would_drop: Added,
    /// Dropped.
    pub dropped: Added,
}

/// Packets with their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What was added between two moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its start, in milliseconds since the epoch.
    pub start: u64,
    /// Its end.
    pub end: u64,
    /// What was added.
    pub sums: Sums,
}

/// The answer for a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The step, in milliseconds.
    pub step: u64,
    /// By the asked step; a step in which nothing was read is absent.
    pub samples: Vec<Sample>,
    /// The sums, with what was read over longer times than a step.
    pub total: Sums,
    /// By namespace of the workload that judged, with its part of each sample.
    pub namespaces: BTreeMap<String, (Sums, Vec<Sums>)>,
    /// The pairs that are stopped most.
    pub pairs: Vec<Pair>,
    /// Times in which nobody read, with what passed in them.
    pub gaps: Vec<Sample>,
}

impl Added {
    pub(crate) fn plus(&mut self, more: Added) {
        self.packets += more.packets;
        self.bytes += more.bytes;
    }
}

impl Sums {
    fn of(&mut self, verdict: Verdict) -> &mut Added {
        match verdict {
            Verdict::Forwarded => &mut self.forwarded,
            Verdict::WouldDrop => &mut self.would_drop,
            Verdict::Dropped | Verdict::WouldAllow => &mut self.dropped,
        }
    }

    pub(crate) fn add(&mut self, verdict: Verdict, more: Added) {
        self.of(verdict).plus(more);
    }
}

/// What one reading added.
pub(crate) struct Step {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) added: BTreeMap<Key, Added>,
}

impl Step {
    pub(crate) fn sample(&self) -> Sample {
        let mut sums = Sums::default();
        for (key, more) in &self.added {
            sums.add(key.verdict, *more);
        }
        Sample { start: self.start, end: self.end, sums }
    }
}

impl Sums {
    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: &Sums) -> Sums {
        self.add(Verdict::Forwarded, other.forwarded);
        self.add(Verdict::WouldDrop, other.would_drop);
        self.add(Verdict::Dropped, other.dropped);
        self
    }
}

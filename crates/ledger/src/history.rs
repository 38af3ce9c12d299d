//! Counters over time, as they come in: one bucket for ten seconds, each with the interval that was
//! really read. What passed while nobody read is a gap, with its own sums.

use std::collections::{BTreeMap, HashMap};

use crate::gathering::{Gathering, Place};
use crate::stats::{Added, Step, Sums};
use crate::track::{Track, Tracks};

/// How long a bucket is, in milliseconds.
pub(crate) const BUCKET_MS: u64 = 10_000;
/// A reading is due each second; one that took longer than this left a gap.
pub(crate) const LONG_MS: u64 = 10_000;

/// The newest buckets, in memory.
#[derive(Default)]
pub(crate) struct History {
    tracks: Tracks,
    buckets: BTreeMap<u64, Bucket>,
    gaps: Vec<Gap>,
}

#[derive(Default)]
struct Bucket {
    added: HashMap<u32, Added>,
}

struct Gap {
    start: u64,
    end: u64,
    added: Vec<(u32, Added)>,
}

impl History {
    /// Takes what one reading added.
    pub(crate) fn take(&mut self, step: &Step) {
        let numbered = |tracks: &mut Tracks| -> Vec<(u32, Added)> {
            let added = step.added.iter();
            added.map(|(key, added)| (tracks.number(Track::of(key)), *added)).collect()
        };
        let added = numbered(&mut self.tracks);
        if step.end - step.start > LONG_MS {
            if !added.is_empty() {
                self.gaps.push(Gap { start: step.start, end: step.end, added });
            }
            return;
        }
        let bucket = self.buckets.entry(step.end.saturating_sub(1) / BUCKET_MS).or_default();
        for (track, more) in added {
            bucket.added.entry(track).or_default().plus(more);
        }
    }

    /// Adds what is asked for of a time to an answer.
    pub(crate) fn gather(&self, gathering: &mut Gathering<'_>, since: u64, until: u64) {
        let mut places: Vec<Option<Option<Place>>> = vec![None; self.tracks.len()];
        let mut place = |gathering: &mut Gathering<'_>, track: u32| {
            *places[track as usize].get_or_insert_with(|| gathering.place(self.tracks.get(track)))
        };
        for (at, bucket) in &self.buckets {
            let end = (at + 1) * BUCKET_MS;
            if end <= since || at * BUCKET_MS >= until {
                continue;
            }
            gathering.cover(end);
            for (track, added) in &bucket.added {
                if let Some(place) = place(gathering, *track) {
                    gathering.add(place, end, *added);
                }
            }
        }
        for gap in &self.gaps {
            if gap.end <= since || gap.end > until {
                continue;
            }
            let mut sums = Sums::default();
            for (track, added) in &gap.added {
                if let Some(place) = place(gathering, *track) {
                    gathering.add_unplaced(place, &mut sums, *added);
                }
            }
            gathering.gap(gap.start, gap.end, sums);
        }
    }
}

//! Gathering an answer: tracks and their packets come in, in any order and from any store.

use std::collections::HashMap;

use podwall_model::Verdict;

use crate::question::{Answer, GROUP_LIMIT, Group, Question, Series};
use crate::stats::{Added, Sample, Sums};
use crate::track::Track;

/// An answer in the making.
pub(crate) struct Gathering<'a> {
    question: &'a Question,
    step: u64,
    total: Sums,
    steps: Lane,
    /// How far the newest step is covered.
    covered: u64,
    groups: Vec<Gathered>,
    numbers: HashMap<String, usize>,
    gaps: Vec<Sample>,
}

struct Gathered {
    name: String,
    total: Sums,
    steps: Lane,
}

/// Sums by the start of their step, in order. What comes in is nearly in order too.
#[derive(Default)]
struct Lane {
    steps: Vec<(u64, Sums)>,
    /// Where the last one was found.
    place: usize,
}

impl Lane {
    fn at(&mut self, at: u64) -> &mut Sums {
        let is = |place: usize, steps: &[(u64, Sums)]| steps.get(place).is_some_and(|s| s.0 == at);
        if !is(self.place, &self.steps) {
            self.place += 1;
        }
        if !is(self.place, &self.steps) {
            self.place = match self.steps.binary_search_by_key(&at, |(at, _)| *at) {
                Ok(place) => place,
                Err(place) => {
                    self.steps.insert(place, (at, Sums::default()));
                    place
                }
            };
        }
        &mut self.steps[self.place].1
    }

    fn get(&self, at: u64) -> Option<Sums> {
        let place = self.steps.binary_search_by_key(&at, |(at, _)| *at).ok()?;
        Some(self.steps[place].1)
    }
}

/// Where the packets of one track go; found once a track and used for each of its buckets.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    verdict: Verdict,
    group: Option<usize>,
}

impl<'a> Gathering<'a> {
    /// For a question whose samples are to have this step.
    pub(crate) fn new(question: &'a Question, step: u64) -> Gathering<'a> {
        Gathering {
            question,
            step: step.max(1),
            total: Sums::default(),
            steps: Lane::default(),
            covered: 0,
            groups: Vec::new(),
            numbers: HashMap::new(),
            gaps: Vec::new(),
        }
    }

    /// Where a track's packets go; nowhere, where it is not asked for.
    pub(crate) fn place(&mut self, track: &Track) -> Option<Place> {
        if !self.question.scope.holds(track) {
            return None;
        }
        let name = self.question.by.and_then(|by| by.of(track));
        let group = name.map(|name| match self.numbers.get(&name) {
            Some(known) => *known,
            None => {
                let (total, steps) = (Sums::default(), Lane::default());
                self.groups.push(Gathered { name: name.clone(), total, steps });
                self.numbers.insert(name, self.groups.len() - 1);
                self.groups.len() - 1
            }
        });
        Some(Place { verdict: track.verdict, group })
    }

    /// Says that somebody read in this time, whatever was found.
    pub(crate) fn cover(&mut self, end: u64) {
        self.steps.at(self.start_of(end));
        self.covered = self.covered.max(end);
    }

    /// Adds what a track got in a bucket that ends at `end`.
    pub(crate) fn add(&mut self, place: Place, end: u64, added: Added) {
        let at = self.start_of(end);
        self.total.add(place.verdict, added);
        self.steps.at(at).add(place.verdict, added);
        if let Some(group) = place.group.and_then(|group| self.groups.get_mut(group)) {
            group.total.add(place.verdict, added);
            if self.question.series == Series::Told {
                group.steps.at(at).add(place.verdict, added);
            }
        }
    }

    /// Adds what a track got in a gap, nobody knows when.
    pub(crate) fn add_unplaced(&mut self, place: Place, gap: &mut Sums, added: Added) {
        self.total.add(place.verdict, added);
        gap.add(place.verdict, added);
        if let Some(group) = place.group.and_then(|group| self.groups.get_mut(group)) {
            group.total.add(place.verdict, added);
        }
    }

    /// Notes a gap with what passed in it.
    pub(crate) fn gap(&mut self, start: u64, end: u64, sums: Sums) {
        self.gaps.push(Sample { start, end, sums });
    }

    /// The answer. The newest step ends where it was read last, at most at `newest`: a step that
    /// has only begun is no dip.
    pub(crate) fn answer(mut self, newest: u64) -> Answer {
        let steps = std::mem::take(&mut self.steps);
        self.groups.sort_by(|a, b| b.weight().cmp(&a.weight()).then_with(|| a.name.cmp(&b.name)));
        let limit = match self.question.series {
            Series::Told => GROUP_LIMIT,
            Series::SumsAlone => usize::MAX,
        };
        let groups_left_out = self.groups.len().saturating_sub(limit);
        let groups = self.groups.into_iter().take(limit).map(|group| Group {
            samples: match self.question.series {
                Series::Told => steps
                    .steps
                    .iter()
                    .map(|(at, _)| group.steps.get(*at).unwrap_or_default())
                    .collect(),
                Series::SumsAlone => Vec::new(),
            },
            name: group.name,
            total: group.total,
        });
        let groups = groups.collect();
        self.gaps.sort_by_key(|gap| gap.start);
        let step = self.step;
        let read = self.covered.min(newest);
        let end = |start: u64| match read > start {
            true => (start + step).min(read),
            false => start + step,
        };
        let sample =
            |(start, sums): &(u64, Sums)| Sample { start: *start, end: end(*start), sums: *sums };
        Answer {
            step,
            samples: steps.steps.iter().map(sample).collect(),
            total: self.total,
            groups,
            groups_left_out,
            gaps: self.gaps,
        }
    }

    fn start_of(&self, end: u64) -> u64 {
        end.saturating_sub(1) / self.step * self.step
    }
}

impl Gathered {
    /// Stopped packets first, then all of them.
    fn weight(&self) -> (u64, u64) {
        let sums = &self.total;
        (sums.dropped.packets + sums.would_drop.packets, sums.forwarded.packets)
    }
}

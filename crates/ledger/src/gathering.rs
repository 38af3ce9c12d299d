//! Gathering an answer: tracks and their packets come in, in any order and from any store.

use std::collections::{BTreeMap, HashMap};

use podwall_model::Verdict;

use crate::question::{Answer, GROUP_LIMIT, Group, Question, Series};
use crate::stats::{Added, Sample, Sums};
use crate::track::Track;

/// An answer in the making.
pub(crate) struct Gathering<'a> {
    question: &'a Question,
    step: u64,
    total: Sums,
    steps: BTreeMap<u64, Sums>,
    groups: Vec<Gathered>,
    numbers: HashMap<String, usize>,
    gaps: Vec<Sample>,
}

struct Gathered {
    name: String,
    total: Sums,
    steps: BTreeMap<u64, Sums>,
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
            steps: BTreeMap::new(),
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
                let (total, steps) = (Sums::default(), BTreeMap::new());
                self.groups.push(Gathered { name: name.clone(), total, steps });
                self.numbers.insert(name, self.groups.len() - 1);
                self.groups.len() - 1
            }
        });
        Some(Place { verdict: track.verdict, group })
    }

    /// Says that somebody read in this time, whatever was found.
    pub(crate) fn cover(&mut self, end: u64) {
        self.steps.entry(self.at(end)).or_default();
    }

    /// Adds what a track got in a bucket that ends at `end`.
    pub(crate) fn add(&mut self, place: Place, end: u64, added: Added) {
        let at = self.at(end);
        self.total.add(place.verdict, added);
        self.steps.entry(at).or_default().add(place.verdict, added);
        if let Some(group) = place.group.and_then(|group| self.groups.get_mut(group)) {
            group.total.add(place.verdict, added);
            if self.question.series == Series::Told {
                group.steps.entry(at).or_default().add(place.verdict, added);
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

    /// The answer.
    pub(crate) fn answer(mut self) -> Answer {
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
                    .keys()
                    .map(|at| group.steps.get(at).copied().unwrap_or_default())
                    .collect(),
                Series::SumsAlone => Vec::new(),
            },
            name: group.name,
            total: group.total,
        });
        let groups = groups.collect();
        self.gaps.sort_by_key(|gap| gap.start);
        let step = self.step;
        let sample =
            |(start, sums): (&u64, &Sums)| Sample { start: *start, end: start + step, sums: *sums };
        Answer {
            step,
            samples: steps.iter().map(sample).collect(),
            total: self.total,
            groups,
            groups_left_out,
            gaps: self.gaps,
        }
    }

    fn at(&self, end: u64) -> u64 {
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

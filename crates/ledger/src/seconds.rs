//! What each reading of the last hour added, by namespace and verdict: held in memory alone, since
//! the history has the same by ten seconds.

use std::collections::{BTreeMap, HashMap, VecDeque};

use podwall_model::Verdict;

use crate::history::LONG_MS;
use crate::stats::{Added, Sample, Step, Sums, Window};

/// The most readings that are held: two hours of one each second.
const HELD_LIMIT: usize = 7_200;

/// The readings of the last hour.
#[derive(Default)]
pub(crate) struct Seconds {
    namespaces: Vec<String>,
    numbers: HashMap<String, u32>,
    rows: VecDeque<Row>,
    /// Whether there was anything before the oldest.
    older: bool,
}

struct Row {
    start: u64,
    end: u64,
    added: Vec<(u32, Verdict, Added)>,
}

impl Seconds {
    /// Nothing yet; `older` says whether an earlier run has read.
    pub(crate) fn new(older: bool) -> Seconds {
        Seconds { older, ..Seconds::default() }
    }

    /// Takes what one reading added.
    pub(crate) fn take(&mut self, step: &Step) {
        let mut sums: BTreeMap<(u32, u8), (Verdict, Added)> = BTreeMap::new();
        for (key, added) in &step.added {
            let namespace = key.workload.split('/').next().unwrap_or_default();
            let number = self.number(namespace);
            let place = sums.entry((number, key.verdict as u8));
            place.or_insert((key.verdict, Added::default())).1.plus(*added);
        }
        let added = sums.into_iter().map(|((number, _), (verdict, sum))| (number, verdict, sum));
        self.rows.push_back(Row { start: step.start, end: step.end, added: added.collect() });
        if self.rows.len() > HELD_LIMIT {
            self.rows.pop_front();
            self.older = true;
        }
    }

    fn number(&mut self, namespace: &str) -> u32 {
        if let Some(known) = self.numbers.get(namespace) {
            return *known;
        }
        let number = u32::try_from(self.namespaces.len()).expect("there are few namespaces");
        self.namespaces.push(namespace.to_owned());
        self.numbers.insert(namespace.to_owned(), number);
        number
    }

    /// Drops what ended before.
    pub(crate) fn drop_before(&mut self, time: u64) {
        let before = self.rows.len();
        self.rows.retain(|row| row.end >= time);
        self.older |= self.rows.len() < before;
    }

    /// Whether all that was read from this time on is here.
    pub(crate) fn reaches(&self, since: u64) -> bool {
        !self.older || self.rows.front().is_some_and(|row| row.start <= since)
    }

    /// Samples and sums of a time, with the times in which nobody read.
    pub(crate) fn window(&self, since: u64, until: u64, step: u64) -> Window {
        let step = step.max(1);
        let mut window = Window { step, ..Window::default() };
        let within = self.rows.iter().filter(|row| row.end > since && row.end <= until);
        window.samples = laid_out(within.clone().filter(|row| !row.is_gap(step)), step);
        let places: BTreeMap<u64, usize> =
            window.samples.iter().enumerate().map(|(at, sample)| (sample.start, at)).collect();
        let mut found: Vec<Option<(Sums, Vec<Sums>)>> = vec![None; self.namespaces.len()];
        for row in within {
            let place = match row.is_gap(step) {
                true => None,
                false => places.get(&((row.end - 1) / step * step)).copied(),
            };
            let mut sums = Sums::default();
            for (number, verdict, added) in &row.added {
                sums.add(*verdict, *added);
                let own = found[*number as usize].get_or_insert_with(|| {
                    (Sums::default(), vec![Sums::default(); window.samples.len()])
                });
                own.0.add(*verdict, *added);
                if let Some(place) = place {
                    own.1[place].add(*verdict, *added);
                }
            }
            window.total = window.total.plus(&sums);
            match place {
                Some(place) => {
                    let sample = &mut window.samples[place];
                    sample.sums = sample.sums.plus(&sums);
                }
                // When in a long time these packets passed is not known.
                None => window.gaps.push(Sample { start: row.start, end: row.end, sums }),
            }
        }
        let named = self.namespaces.iter().zip(found);
        window.namespaces =
            named.filter_map(|(name, found)| Some((name.clone(), found?))).collect();
        window
    }
}

impl Row {
    fn is_gap(&self, step: u64) -> bool {
        self.end - self.start > step.max(LONG_MS)
    }
}

/// The samples that rows fall into, empty. The newest ends where it was read last: one that has
/// only begun is no dip.
fn laid_out<'a>(rows: impl Iterator<Item = &'a Row>, step: u64) -> Vec<Sample> {
    let mut ends: BTreeMap<u64, u64> = BTreeMap::new();
    for row in rows {
        let end = ends.entry((row.end - 1) / step * step).or_default();
        *end = row.end.max(*end);
    }
    let newest = ends.keys().next_back().copied();
    let sums = Sums::default();
    let sample = |(start, end): (u64, u64)| match Some(start) == newest {
        true => Sample { start, end, sums },
        false => Sample { start, end: start + step, sums },
    };
    ends.into_iter().map(sample).collect()
}

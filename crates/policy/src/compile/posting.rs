//! Posting lists: for each label, who carries it. A selector starts from its rarest requirement.
//!
//! Labels are numbered once, so that all further questions compare numbers.

use std::collections::HashMap;

use podwall_model::{Cidr, Label, Labels, Source};

use super::fault::{Fault, seeded};
use crate::identity::Identity;
use crate::options::Options;
use crate::rule::{Reach, Requirement, Selector, Test};

/// A class, or a peer with the ranges around its address.
#[derive(Clone, Copy)]
pub(super) enum Bearer<'a> {
    /// The labels of a subject.
    Subject(&'a Labels),
    /// A peer.
    Peer(&'a Identity),
}

/// Bearers of labels by position, and where each label occurs.
pub(super) struct Postings<'a> {
    bearers: Vec<Bearer<'a>>,
    /// The numbers of each bearer's labels, in order, one after the other.
    carried: Vec<u32>,
    /// Where the numbers of each bearer begin, and where the last ones end.
    bounds: Vec<usize>,
    labels: Vec<Posting<'a>>,
    /// The numbers of the labels under each key, whatever their source.
    keys: HashMap<&'a str, Vec<u32>>,
    options: Options,
}

/// One label, and the positions of those who carry it.
struct Posting<'a> {
    label: &'a Label,
    positions: Vec<u32>,
}

/// A requirement in numbers.
struct Asked {
    what: What,
    /// Whether it must be so, or must not.
    wanted: bool,
}

enum What {
    /// One of these labels.
    Labels(Vec<u32>),
    /// An address in this range, outside the cluster.
    Range(Cidr),
}

impl<'a> Postings<'a> {
    /// Over these bearers, each known by its position.
    pub(super) fn of(bearers: impl Iterator<Item = Bearer<'a>>, options: Options) -> Postings<'a> {
        let mut postings = Postings {
            bearers: bearers.collect(),
            carried: Vec::new(),
            bounds: vec![0],
            labels: Vec::new(),
            keys: HashMap::new(),
            options,
        };
        let mut numbers: HashMap<&'a Label, u32> = HashMap::new();
        for at in 0..postings.bearers.len() {
            let start = postings.carried.len();
            for label in postings.bearers[at].labels().iter() {
                let number = *numbers.entry(label).or_insert_with(|| postings.add(label));
                let position = u32::try_from(at).expect("fewer than 2^32 bearers");
                postings.labels[number as usize].positions.push(position);
                postings.carried.push(number);
            }
            postings.carried[start..].sort_unstable();
            postings.bounds.push(postings.carried.len());
        }
        postings
    }

    fn add(&mut self, label: &'a Label) -> u32 {
        let number = u32::try_from(self.labels.len()).expect("fewer than 2^32 labels");
        self.labels.push(Posting { label, positions: Vec::new() });
        self.keys.entry(&label.key).or_default().push(number);
        number
    }

    /// The positions whose labels fit a selector, in order.
    pub(super) fn select(&self, selector: &Selector) -> Vec<u32> {
        let asked: Vec<Asked> =
            selector.0.iter().flat_map(|requirement| self.asked(requirement)).collect();
        let listed = |one: &Asked| match (&one.what, one.wanted) {
            (What::Labels(numbers), true) => Some(self.lists(numbers).map(<[u32]>::len).sum()),
            (What::Labels(_) | What::Range(_), _) => None,
        };
        let rarest = asked
            .iter()
            .filter_map(|one| Some((listed(one)?, one)))
            .min_by_key(|(count, _): &(usize, &Asked)| *count);
        let candidates = match rarest {
            Some((_, Asked { what: What::Labels(numbers), .. })) => self.union(numbers),
            Some((_, Asked { what: What::Range(_), .. })) | None => {
                (0..).take(self.bearers.len()).collect()
            }
        };
        let fits = |at: &u32| asked.iter().all(|one| self.is(*at, &one.what) == one.wanted);
        candidates.into_iter().filter(fits).collect()
    }

    /// A requirement in numbers: the labels that meet its words.
    fn asked(&self, requirement: &Requirement) -> Vec<Asked> {
        let mut asked = Vec::new();
        let (values, wanted) = match &requirement.test {
            Test::In(values) if seeded(Fault::OnlyFirstValue) => (Some(&values[..1]), true),
            Test::In(values) => (Some(&values[..]), true),
            Test::NotIn(values) => {
                if seeded(Fault::NotInNeedsKey) {
                    asked.push(Asked { what: self.what(requirement, None), wanted: true });
                }
                (Some(&values[..]), false)
            }
            Test::Exists => (None, true),
            Test::Absent => (None, false),
        };
        asked.push(Asked { what: self.what(requirement, values), wanted });
        asked
    }

    fn what(&self, requirement: &Requirement, values: Option<&[String]>) -> What {
        let fits = |value: &str| values.is_none_or(|values| values.iter().any(|one| one == value));
        if let Some(range) = requirement.range()
            && fits("")
        {
            return What::Range(range);
        }
        let source = match requirement.source {
            None if seeded(Fault::AnySourceIsK8s) => Some(Source::K8s),
            source => source,
        };
        let under_key = self.keys.get(requirement.key.as_str()).into_iter().flatten().copied();
        let meant = under_key.filter(|number| {
            let label = self.labels[*number as usize].label;
            source.is_none_or(|source| source == label.source) && fits(&label.value)
        });
        What::Labels(meant.collect())
    }

    fn lists(&self, numbers: &[u32]) -> impl Iterator<Item = &[u32]> {
        numbers.iter().map(|number| self.labels[*number as usize].positions.as_slice())
    }

    fn union(&self, numbers: &[u32]) -> Vec<u32> {
        let mut positions: Vec<u32> = self.lists(numbers).flatten().copied().collect();
        if numbers.len() > 1 {
            positions.sort_unstable();
            positions.dedup();
        }
        positions
    }

    fn is(&self, position: u32, what: &What) -> bool {
        let at = position as usize;
        match what {
            What::Labels(numbers) => {
                let carried = &self.carried[self.bounds[at]..self.bounds[at + 1]];
                numbers.iter().any(|number| carried.binary_search(number).is_ok())
            }
            What::Range(range) => match self.bearers[at] {
                Bearer::Subject(_) => false,
                Bearer::Peer(peer) => peer.is_in(*range, Reach::World, &self.options),
            },
        }
    }
}

impl<'a> Bearer<'a> {
    fn labels(self) -> &'a Labels {
        match self {
            Bearer::Subject(labels) => labels,
            Bearer::Peer(identity) => &identity.labels,
        }
    }
}

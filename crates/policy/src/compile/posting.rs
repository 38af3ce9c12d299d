//! Posting lists: for each label, who carries it; a selector starts from its rarest requirement.

use std::collections::{BTreeSet, HashMap};

use podwall_model::{Labels, Source};

use super::fault::{Fault, seeded};
use crate::identity::Identity;
use crate::options::Options;
use crate::rule::{Reach, Requirement, Selector, Test};

/// Bearers of labels by position, and where each label occurs.
pub(super) struct Postings<'a> {
    bearers: Vec<Bearer<'a>>,
    keys: HashMap<&'a str, Posting<'a>>,
    options: Options,
}

/// Who carries one key, under whatever source: the positions, and again by value.
#[derive(Default)]
struct Posting<'a> {
    all: Vec<u32>,
    values: HashMap<&'a str, Vec<u32>>,
}

/// A class, or a peer with the ranges around its address.
#[derive(Clone, Copy)]
pub(super) enum Bearer<'a> {
    /// The labels of a subject.
    Subject(&'a Labels),
    /// A peer.
    Peer(&'a Identity),
}

impl<'a> Bearer<'a> {
    fn labels(self) -> &'a Labels {
        match self {
            Bearer::Subject(labels) => labels,
            Bearer::Peer(identity) => &identity.labels,
        }
    }
}

impl<'a> Postings<'a> {
    /// Over these bearers, each known by its position.
    pub(super) fn of(bearers: impl Iterator<Item = Bearer<'a>>, options: Options) -> Postings<'a> {
        let bearers: Vec<Bearer<'a>> = bearers.collect();
        let mut keys: HashMap<&str, Posting<'_>> = HashMap::new();
        for (position, bearer) in (0u32..).zip(&bearers) {
            for label in bearer.labels().iter() {
                let posting = keys.entry(&label.key).or_default();
                posting.all.push(position);
                posting.values.entry(&label.value).or_default().push(position);
            }
        }
        Postings { bearers, keys, options }
    }

    /// The positions whose labels fit a selector, in order.
    pub(super) fn select(&self, selector: &Selector) -> Vec<u32> {
        let first = selector
            .0
            .iter()
            .filter_map(|requirement| Some((self.estimate(requirement)?, requirement)))
            .min_by_key(|(estimate, _)| *estimate);
        let candidates = match first {
            Some((_, requirement)) => self.candidates(requirement),
            None => (0..).take(self.bearers.len()).collect(),
        };
        candidates
            .into_iter()
            .filter(|position| {
                let bearer = self.bearers[*position as usize];
                selector.0.iter().all(|requirement| self.fits(requirement, bearer))
            })
            .collect()
    }

    /// How many may fit a requirement; `None` where it asks for nothing that is listed.
    fn estimate(&self, requirement: &Requirement) -> Option<usize> {
        Some(self.lists(requirement)?.into_iter().map(<[u32]>::len).sum())
    }

    /// Everyone who may fit a requirement, in order.
    fn candidates(&self, requirement: &Requirement) -> Vec<u32> {
        let mut positions = self.lists(requirement).unwrap_or_default().concat();
        positions.sort_unstable();
        positions.dedup();
        positions
    }

    /// The lists that hold everyone who fits; `None` where it asks for nothing that is listed.
    fn lists(&self, requirement: &Requirement) -> Option<Vec<&[u32]>> {
        if requirement.range().is_some() {
            return None;
        }
        let posting = self.keys.get(requirement.key.as_str());
        match &requirement.test {
            Test::In(wanted) => {
                let listed = |value: &String| Some(posting?.values.get(value.as_str())?.as_slice());
                Some(wanted.iter().filter_map(listed).collect())
            }
            Test::Exists => Some(posting.iter().map(|posting| posting.all.as_slice()).collect()),
            Test::NotIn(_) | Test::Absent => None,
        }
    }

    fn fits(&self, requirement: &Requirement, bearer: Bearer<'_>) -> bool {
        let source = match requirement.source {
            None if seeded(Fault::AnySourceIsK8s) => Some(Source::K8s),
            source => source,
        };
        let mut values: BTreeSet<&str> = bearer.labels().values(source, &requirement.key).collect();
        if let (Some(cidr), Bearer::Peer(identity)) = (requirement.range(), bearer)
            && identity.is_in(cidr, Reach::World, &self.options)
        {
            values.insert("");
        }
        let any_of = |wanted: &[String]| wanted.iter().any(|value| values.contains(value.as_str()));
        match &requirement.test {
            Test::In(wanted) if seeded(Fault::OnlyFirstValue) => any_of(&wanted[..1]),
            Test::In(wanted) => any_of(wanted),
            Test::NotIn(_) if values.is_empty() && seeded(Fault::NotInNeedsKey) => false,
            Test::NotIn(unwanted) => !any_of(unwanted),
            Test::Exists => !values.is_empty(),
            Test::Absent => values.is_empty(),
        }
    }
}

//! Words in numbers: keys and values of labels are numbered once, so that all further questions
//! compare numbers; and selectors in these numbers, equal ones under one number.

use std::sync::Arc;

use podwall_model::{Cidr, Label, Source};

use super::fault::{Fault, seeded};
use crate::hash::HashMap;
use crate::rule::{Requirement, Selector, Test};

/// A label in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Carried {
    /// Its key and value.
    pub(super) pair: u32,
    pub(super) key: u32,
    pub(super) source: Source,
}

/// A selector, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SelectorNumber(pub(super) u32);

/// A requirement in numbers. Equal ones are equal word by word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) source: Option<Source>,
    pub(super) what: What,
    /// Whether it must be so, or must not.
    pub(super) wanted: bool,
}

/// What a requirement asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// This key and value.
    Pair(u32),
    /// One of these keys and values.
    OneOf(Box<[u32]>),
    /// This key.
    Key(u32),
    /// An address in this range, outside the cluster.
    Range(Cidr),
}

/// All words and selectors that were met.
#[derive(Debug, Default)]
pub(super) struct Words {
    keys: HashMap<Box<str>, u32>,
    /// By key: the pair of each value.
    values: Vec<HashMap<Box<str>, u32>>,
    pairs: u32,
    known: HashMap<Arc<[Asked]>, SelectorNumber>,
    selectors: Vec<Arc<[Asked]>>,
    asked: Vec<Asked>,
}

impl Words {
    /// A label in numbers.
    pub(super) fn carried(&mut self, label: &Label) -> Carried {
        let key = self.key(&label.key);
        Carried { pair: self.pair(key, &label.value), key, source: label.source }
    }

    fn key(&mut self, key: &str) -> u32 {
        if let Some(number) = self.keys.get(key) {
            return *number;
        }
        let number = u32::try_from(self.values.len()).expect("fewer than 2^32 keys");
        self.keys.insert(key.into(), number);
        self.values.push(HashMap::default());
        number
    }

    fn pair(&mut self, key: u32, value: &str) -> u32 {
        let values = &mut self.values[key as usize];
        if let Some(pair) = values.get(value) {
            return *pair;
        }
        let pair = self.pairs;
        self.pairs += 1;
        values.insert(value.into(), pair);
        pair
    }

    /// The pairs of a key that were met.
    pub(super) fn pairs(&self, key: u32) -> impl Iterator<Item = u32> {
        self.values[key as usize].values().copied()
    }

    /// What a selector asks.
    pub(super) fn asked(&self, selector: SelectorNumber) -> &Arc<[Asked]> {
        &self.selectors[selector.0 as usize]
    }

    /// The number of a selector.
    pub(super) fn selector(&mut self, selector: &Selector) -> SelectorNumber {
        let mut asked = std::mem::take(&mut self.asked);
        asked.clear();
        selector.0.iter().for_each(|requirement| self.translate(requirement, &mut asked));
        let number = match self.known.get(asked.as_slice()) {
            Some(number) => *number,
            None => {
                let count = u32::try_from(self.selectors.len());
                let number = SelectorNumber(count.expect("fewer than 2^32 selectors"));
                let asked: Arc<[Asked]> = asked.as_slice().into();
                self.selectors.push(Arc::clone(&asked));
                self.known.insert(asked, number);
                number
            }
        };
        self.asked = asked;
        number
    }

    fn translate(&mut self, requirement: &Requirement, asked: &mut Vec<Asked>) {
        let (values, wanted) = match &requirement.test {
            Test::In(values) if seeded(Fault::OnlyFirstValue) => (Some(&values[..1]), true),
            Test::In(values) => (Some(&values[..]), true),
            Test::NotIn(values) => (Some(&values[..]), false),
            Test::Exists => (None, true),
            Test::Absent => (None, false),
        };
        let source = match requirement.source {
            None if seeded(Fault::AnySourceIsK8s) => Some(Source::K8s),
            source => source,
        };
        if !wanted && values.is_some() && seeded(Fault::NotInNeedsKey) {
            asked.push(Asked { source, what: self.what(requirement, None), wanted: true });
        }
        asked.push(Asked { source, what: self.what(requirement, values), wanted });
    }

    fn what(&mut self, requirement: &Requirement, values: Option<&[String]>) -> What {
        let fits_empty = values.is_none_or(|values| values.iter().any(String::is_empty));
        if let Some(range) = requirement.range().filter(|_| fits_empty) {
            return What::Range(range);
        }
        let key = self.key(&requirement.key);
        match values {
            None => What::Key(key),
            Some([value]) => What::Pair(self.pair(key, value)),
            Some(values) => What::OneOf(values.iter().map(|value| self.pair(key, value)).collect()),
        }
    }
}

impl Asked {
    /// Whether it is so, where it is wanted, and not, where it is not. `lies` says who is in a
    /// range.
    pub(super) fn fits(&self, carried: &[Carried], lies: impl Fn(Cidr) -> bool) -> bool {
        let is_met = match &self.what {
            What::Range(range) => lies(*range),
            What::Pair(_) | What::OneOf(_) | What::Key(_) => self.is_met(carried),
        };
        is_met == self.wanted
    }

    /// Whether a bearer of these labels has what is asked for, wanted or not.
    fn is_met(&self, carried: &[Carried]) -> bool {
        let of_source = |one: &Carried| self.source.is_none_or(|source| source == one.source);
        match &self.what {
            What::Pair(pair) => carried.iter().any(|one| one.pair == *pair && of_source(one)),
            What::OneOf(pairs) => {
                carried.iter().any(|one| pairs.contains(&one.pair) && of_source(one))
            }
            What::Key(key) => carried.iter().any(|one| one.key == *key && of_source(one)),
            What::Range(_) => false,
        }
    }
}

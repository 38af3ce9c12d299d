//! A crowd: bearers of labels by position, and for each label who carries it. A selector starts
//! from its rarest requirement.

use podwall_model::{Cidr, Label, Labels};

use super::words::{Asked, Carried, What, Words};
use crate::hash::HashMap;

/// So few are asked one by one.
const ALONE: usize = 32;
/// A list that is so many times longer is not walked along.
const FAR_MORE: usize = 16;

/// Bearers of labels.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// By position; nothing where nobody stands.
    bearers: Vec<Option<Box<[Carried]>>>,
    /// By pair: the positions of who carries it, in order.
    postings: Vec<Vec<u32>>,
}

impl Crowd {
    /// Of these, each at its position from 0 on.
    pub(super) fn of<'a>(all: impl Iterator<Item = &'a Labels>, words: &mut Words) -> Crowd {
        let mut crowd = Crowd::default();
        // Labels of one place in memory are equal: each is looked at once.
        let mut known: HashMap<usize, Carried> = HashMap::default();
        for (position, labels) in (0u32..).zip(all) {
            let mut carry =
                |label: &Label| *known.entry(label.place()).or_insert_with(|| words.carried(label));
            let carried: Box<[Carried]> = labels.iter().map(&mut carry).collect();
            crowd.put(position, carried);
        }
        crowd
    }

    /// What the bearer at a position carries.
    pub(super) fn carried(&self, position: u32) -> &[Carried] {
        self.bearers[position as usize].as_deref().unwrap_or_default()
    }

    /// Puts a bearer at a free position.
    pub(super) fn put(&mut self, position: u32, carried: Box<[Carried]>) {
        for one in &carried {
            let at = one.pair as usize;
            if self.postings.len() <= at {
                self.postings.resize_with(at + 1, Vec::new);
            }
            let posting = &mut self.postings[at];
            match posting.last() {
                Some(last) if *last == position => {}
                Some(last) if *last > position => {
                    if let Err(at) = posting.binary_search(&position) {
                        posting.insert(at, position);
                    }
                }
                Some(_) | None => posting.push(position),
            }
        }
        if self.bearers.len() <= position as usize {
            self.bearers.resize_with(position as usize + 1, || None);
        }
        self.bearers[position as usize] = Some(carried);
    }

    /// Takes the bearer at a position away.
    pub(super) fn take(&mut self, position: u32) {
        for one in self.bearers[position as usize].take().unwrap_or_default() {
            let posting = &mut self.postings[one.pair as usize];
            if let Ok(at) = posting.binary_search(&position) {
                posting.remove(at);
            }
        }
    }

    fn posting(&self, pair: u32) -> &[u32] {
        self.postings.get(pair as usize).map_or(&[], Vec::as_slice)
    }

    /// How many carry what is asked for, at most; `None` if that is not known from the labels.
    pub(super) fn count(&self, asked: &Asked, words: &Words) -> Option<usize> {
        match &asked.what {
            _ if !asked.wanted => None,
            What::Pair(pair) => Some(self.posting(*pair).len()),
            What::OneOf(pairs) => Some(pairs.iter().map(|pair| self.posting(*pair).len()).sum()),
            What::Key(key) => Some(words.pairs(*key).map(|pair| self.posting(pair).len()).sum()),
            What::Range(_) => None,
        }
    }

    /// The positions whose labels fit, in order. `lies` says who is in a range.
    pub(super) fn select(
        &self,
        asked: &[Asked],
        words: &Words,
        lies: impl Fn(u32, Cidr) -> bool,
    ) -> Vec<u32> {
        let counted = asked.iter().filter_map(|one| Some((self.count(one, words)?, one)));
        let mut counted: Vec<(usize, &Asked)> = counted.collect();
        counted.sort_by_key(|(count, _)| *count);
        let rarest = counted.first().map(|(_, one)| *one);
        let fits = |at: &u32| {
            let carried = self.carried(*at);
            asked.iter().all(|one| one.fits(carried, |range| lies(*at, range)))
        };
        if let [(few, one), (more, other), ..] = counted.as_slice()
            && let (What::Pair(one), What::Pair(other)) = (&one.what, &other.what)
            && *few > ALONE
            && *more < few * FAR_MORE
        {
            let common = common(self.posting(*one), self.posting(*other));
            return common.filter(fits).collect();
        }
        match rarest.map(|one| &one.what) {
            Some(What::Pair(pair)) => self.posting(*pair).iter().copied().filter(fits).collect(),
            Some(What::OneOf(pairs)) => self.union(pairs.iter().copied(), fits),
            Some(What::Key(key)) => self.union(words.pairs(*key), fits),
            Some(What::Range(_)) | None => {
                let standing = (0u32..).zip(&self.bearers).filter(|(_, bearer)| bearer.is_some());
                standing.map(|(at, _)| at).filter(fits).collect()
            }
        }
    }

    fn union(&self, pairs: impl Iterator<Item = u32>, fits: impl Fn(&u32) -> bool) -> Vec<u32> {
        let mut positions: Vec<u32> =
            pairs.flat_map(|pair| self.posting(pair)).copied().filter(fits).collect();
        positions.sort_unstable();
        positions.dedup();
        positions
    }
}

/// What two lists in order have in common.
fn common<'a>(these: &'a [u32], those: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    let mut rest = those;
    these.iter().copied().filter(move |one| {
        let smaller = rest.iter().take_while(|other| *other < one).count();
        rest = &rest[smaller..];
        rest.first() == Some(one)
    })
}

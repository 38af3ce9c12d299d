//! The watch: from what an identity carries to the peers that mean it, so that one that comes or
//! goes is held against few selectors, not all.

use podwall_model::Cidr;

use super::crowd::Crowd;
use super::members::PeersNumber;
use super::words::{Carried, SelectorNumber, What, Words};
use crate::hash::HashMap;

/// Selectors by the rarest label that they ask for, and the peers that they stand in.
#[derive(Debug, Default)]
pub(super) struct Watch {
    by_pair: HashMap<u32, Vec<SelectorNumber>>,
    /// Those that ask for no label by its value.
    others: Vec<SelectorNumber>,
    users: HashMap<SelectorNumber, Vec<PeersNumber>>,
    by_range: HashMap<Cidr, Vec<PeersNumber>>,
}

impl Watch {
    /// Watches for who fits a selector, on behalf of some peers.
    pub(super) fn selector(
        &mut self,
        selector: SelectorNumber,
        peers: PeersNumber,
        crowd: &Crowd,
        words: &Words,
    ) {
        let users = self.users.entry(selector).or_default();
        users.push(peers);
        if users.len() > 1 {
            return;
        }
        let pairs = |what: &What| match what {
            What::Pair(pair) => Some(vec![*pair]),
            What::OneOf(pairs) => Some(pairs.to_vec()),
            What::Key(_) | What::Range(_) => None,
        };
        let asked = words.asked(selector).iter().filter(|one| one.wanted);
        let listed = asked.filter_map(|one| Some((crowd.count(one, words)?, pairs(&one.what)?)));
        match listed.min_by_key(|(count, _)| *count) {
            Some((_, pairs)) => {
                for pair in pairs {
                    self.by_pair.entry(pair).or_default().push(selector);
                }
            }
            None => self.others.push(selector),
        }
    }

    /// Watches for who is in a range, on behalf of some peers.
    pub(super) fn range(&mut self, range: Cidr, peers: PeersNumber) {
        self.by_range.entry(range).or_default().push(peers);
    }

    /// The selectors that who carries this could fit.
    pub(super) fn candidates(&self, carried: &[Carried]) -> Vec<SelectorNumber> {
        let by_pair = carried.iter().filter_map(|one| self.by_pair.get(&one.pair)).flatten();
        let mut candidates: Vec<SelectorNumber> = by_pair.chain(&self.others).copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }

    /// The peers that a selector stands in.
    pub(super) fn users(&self, selector: SelectorNumber) -> &[PeersNumber] {
        self.users.get(&selector).map_or(&[], Vec::as_slice)
    }

    /// The peers that speak of a range.
    pub(super) fn speak_of(&self, range: Cidr) -> &[PeersNumber] {
        self.by_range.get(&range).map_or(&[], Vec::as_slice)
    }
}

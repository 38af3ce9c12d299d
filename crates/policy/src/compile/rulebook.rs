//! The rulebook: the rules that select somebody, in numbers, and in the order in which they
//! decide. The lowest rank that matches wins.
//!
//! Tiers and priorities come first; of one precedence every deny stands before every allow, and
//! among equals the first id decides (docs/adr/0001).

use std::cmp::Ordering;
use std::ops::Index;
use std::sync::Arc;

use podwall_model::{Direction, Mode, RuleId};

use super::fault::{Fault, seeded};
use super::members::{Peerage, PeersNumber};
use super::span::{self, Span};
use super::words::{SelectorNumber, Words};
use crate::demand::PortDemand;
use crate::rule::{Effect, Ports, Precedence, Rule, Tier};
use crate::table::Decision;

/// A rule's place among those of one half, or one of the two outcomes that no rule stands behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Rank(pub(super) u32);

impl Rank {
    /// Passes without a rule: not isolated, or the node on its way to its own workload.
    pub(super) const OPEN: Rank = Rank(u32::MAX - 1);
    /// Isolated, and no rule allows it.
    pub(super) const DEFAULT_DENY: Rank = Rank(u32::MAX);

    /// Whether no rule stands behind it.
    pub(super) fn is_outcome(self) -> bool {
        self >= Rank::OPEN
    }
}

/// A rule of the book. Numbers are given once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RuleNumber(pub(super) u32);

/// One rule, in numbers.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: Arc<RuleId>,
    /// What its policy says of its mode.
    pub(super) mode: Option<Mode>,
    pub(super) subject: SelectorNumber,
    pub(super) direction: Direction,
    pub(super) effect: Effect,
    pub(super) precedence: Precedence,
    pub(super) isolates: bool,
    pub(super) peers: PeersNumber,
    /// What its ports cover that is the same for every peer.
    pub(super) spans: Box<[Span]>,
    /// Its ports, where some are named.
    pub(super) named: Option<Ports>,
    pub(super) demands: Vec<PortDemand>,
}

impl Entry {
    /// A rule whose subject has this number.
    pub(super) fn of(
        rule: &Rule,
        mode: Option<Mode>,
        subject: SelectorNumber,
        words: &mut Words,
        peerage: &mut Peerage,
    ) -> Entry {
        Entry {
            id: Arc::new(rule.id.clone()),
            mode,
            subject,
            direction: rule.direction,
            effect: rule.effect,
            precedence: rule.precedence,
            isolates: rule.isolates || seeded(Fault::AnyRuleIsolates),
            peers: peerage.number(&rule.peers, words),
            spans: span::fixed(&rule.ports).into(),
            named: span::has_names(&rule.ports).then(|| rule.ports.clone()),
            demands: rule.demands.clone(),
        }
    }

    /// Whether it asks something of requests.
    pub(super) fn demands_any(&self) -> bool {
        !self.demands.is_empty()
    }

    /// The order in which rules decide.
    fn cmp(&self, other: &Entry) -> Ordering {
        let weight = |entry: &Entry| match entry.effect {
            Effect::Deny => if_seeded(Fault::AllowWins, 1, 0),
            Effect::Allow => if_seeded(Fault::AllowWins, 0, 1),
            Effect::Pass => 2,
        };
        let by_id = || match seeded(Fault::LastRuleDecides) {
            true => other.id.cmp(&self.id),
            false => self.id.cmp(&other.id),
        };
        (self.precedence, weight(self)).cmp(&(other.precedence, weight(other))).then_with(by_id)
    }
}

fn if_seeded(fault: Fault, then: u8, otherwise: u8) -> u8 {
    if seeded(fault) { then } else { otherwise }
}

/// All rules that select somebody.
#[derive(Debug, Default)]
pub(super) struct Rulebook {
    /// By number; nothing where a rule has gone.
    entries: Vec<Option<Entry>>,
    /// In the order in which they decide.
    order: Vec<RuleNumber>,
    /// By number: the place in that order.
    places: Vec<u32>,
}

impl Rulebook {
    /// Adds rules, all at once, and says their numbers, which are given one after the other.
    pub(super) fn add(&mut self, entries: Vec<Entry>) -> Vec<RuleNumber> {
        let first = self.entries.len();
        self.entries.extend(entries.into_iter().map(Some));
        let last = u32::try_from(self.entries.len()).expect("fewer than 2^32 rules");
        let numbers: Vec<RuleNumber> =
            (u32::try_from(first).expect("fewer than 2^32 rules")..last).map(RuleNumber).collect();
        let mut order = std::mem::take(&mut self.order);
        if numbers.len() > 16 || order.is_empty() {
            order.extend(&numbers);
            order.sort_by(|a, b| self[*a].cmp(&self[*b]));
        } else {
            for number in &numbers {
                let at = order.partition_point(|one| self[*one].cmp(&self[*number]).is_lt());
                order.insert(at, *number);
            }
        }
        self.order = order;
        self.number_places();
        numbers
    }

    /// Takes rules out.
    pub(super) fn remove(&mut self, numbers: &[RuleNumber]) {
        for number in numbers {
            self.order.remove(self.places[number.0 as usize] as usize);
            self.entries[number.0 as usize] = None;
            self.number_places();
        }
    }

    fn number_places(&mut self) {
        self.places.resize(self.entries.len(), 0);
        for (place, number) in (0u32..).zip(&self.order) {
            self.places[number.0 as usize] = place;
        }
    }

    /// All rules, in the order in which they decide.
    pub(super) fn order(&self) -> &[RuleNumber] {
        &self.order
    }

    /// Where a rule stands in that order.
    pub(super) fn place(&self, number: RuleNumber) -> u32 {
        self.places[number.0 as usize]
    }
}

impl Index<RuleNumber> for Rulebook {
    type Output = Entry;

    fn index(&self, number: RuleNumber) -> &Entry {
        self.entries[number.0 as usize].as_ref().expect("a rule in use is in the book")
    }
}

/// The rules of one half, by rank.
#[derive(Clone, Copy)]
pub(super) struct Ranking<'a> {
    pub(super) book: &'a Rulebook,
    pub(super) rules: &'a [RuleNumber],
}

impl Ranking<'_> {
    /// Every rank with its rule, the strongest first.
    pub(super) fn ranks(&self) -> impl Iterator<Item = (Rank, &Entry)> {
        (0u32..).map(Rank).zip(self.rules).map(|(rank, number)| (rank, &self.book[*number]))
    }

    /// A number that only this rule, or this outcome, has.
    pub(super) fn number(&self, rank: Rank) -> u32 {
        if rank.is_outcome() { rank.0 } else { self.rules[rank.0 as usize].0 }
    }

    /// What a rank says of a packet.
    pub(super) fn decision(&self, rank: Rank) -> Decision {
        match rank {
            Rank::OPEN => Decision::OPEN,
            Rank::DEFAULT_DENY => Decision::DEFAULT_DENY,
            Rank(_) => {
                let action = self[rank].effect.action().expect("no pass is left in a row");
                Decision { action, rule: Some(Arc::clone(&self[rank].id)), sheet: None }
            }
        }
    }

    /// Whether two ranks say the same, which two rules do only if they share an id.
    pub(super) fn say_the_same(&self, one: Rank, other: Rank) -> bool {
        if one.is_outcome() || other.is_outcome() {
            return one == other;
        }
        let (one, other) = (&self[one], &self[other]);
        one.id.content == other.id.content && one.id == other.id && one.effect == other.effect
    }

    /// Whether a rule of this tier stands behind a rank.
    pub(super) fn is_in(&self, rank: Rank, tier: Tier) -> bool {
        !rank.is_outcome() && self[rank].precedence.tier == tier
    }

    /// Whether a pass stands behind a rank.
    pub(super) fn passes(&self, rank: Rank) -> bool {
        !rank.is_outcome() && self[rank].effect == Effect::Pass
    }
}

impl Index<Rank> for Ranking<'_> {
    type Output = Entry;

    fn index(&self, rank: Rank) -> &Entry {
        &self.book[self.rules[rank.0 as usize]]
    }
}

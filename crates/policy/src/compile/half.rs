//! Halves: the rules that select a class in one direction, made into rows for each identity.

use std::collections::BTreeSet;
use std::sync::Arc;

use podwall_model::{Direction, NamedPort};

use super::class::Class;
use super::fault::{Fault, seeded};
use super::group::Groups;
use super::members::Peerage;
use super::row::{KnownRows, Rows};
use super::rulebook::{Rank, Ranking, RuleNumber, Rulebook};
use super::signature::Signatures;
use super::words::Words;
use crate::hash::HashMap;
use crate::options::{Enforcement, Options};
use crate::rule::Tier;
use crate::table::{Half, IdentityNumber, Row};

/// What a half depends on: equal keys are equal halves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct HalfKey {
    pub(super) direction: Direction,
    pub(super) isolated: bool,
    /// In the order in which they decide.
    pub(super) rules: Arc<[RuleNumber]>,
    /// The subject's ports, where some rule speaks of one by name.
    pub(super) ports: BTreeSet<NamedPort>,
}

/// A half, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct HalfNumber(u32);

/// Makes halves, each once.
#[derive(Debug)]
pub(super) struct Halves {
    options: Options,
    known: HashMap<HalfKey, HalfNumber>,
    halves: Vec<Arc<Half>>,
    signatures: Signatures,
    rows: KnownRows,
}

impl HalfKey {
    /// What the half of a class would depend on, by the rules that select it.
    pub(super) fn of(
        book: &Rulebook,
        direction: Direction,
        rules: Vec<RuleNumber>,
        class: &Class,
        options: &Options,
    ) -> HalfKey {
        let mut rules = rules;
        let isolates = rules.iter().any(|rule| book[*rule].isolates);
        let isolated = match options.enforcement {
            Enforcement::Default => isolates && !seeded(Fault::NothingIsolates),
            Enforcement::Always => true,
            Enforcement::Never => false,
        };
        // What a rule isolates is settled by the normal tier: the baseline is not asked.
        if isolates && !seeded(Fault::BaselineOpens) {
            rules.retain(|rule| book[*rule].precedence.tier != Tier::Baseline);
        }
        let by_name = direction == Direction::Ingress || seeded(Fault::PeersNameIsSubjects);
        let names = |rule: &RuleNumber| book[*rule].named.is_some();
        let ports =
            if by_name && rules.iter().any(names) { class.ports.clone() } else { BTreeSet::new() };
        HalfKey { direction, isolated, rules: rules.into(), ports }
    }

    /// What holds where no rule is about the packet.
    pub(super) fn otherwise(&self) -> Rank {
        if self.isolated { Rank::DEFAULT_DENY } else { Rank::OPEN }
    }
}

impl Halves {
    pub(super) fn new(options: Options) -> Halves {
        Halves {
            options,
            known: HashMap::default(),
            halves: Vec::new(),
            signatures: Signatures::default(),
            rows: KnownRows::default(),
        }
    }

    /// The half of a number.
    pub(super) fn half(&self, number: HalfNumber) -> &Arc<Half> {
        &self.halves[number.0 as usize]
    }

    /// The number of the half of a key, which is made if nobody asked for it yet.
    pub(super) fn number(
        &mut self,
        key: HalfKey,
        book: &Rulebook,
        peerage: &mut Peerage,
        words: &Words,
    ) -> HalfNumber {
        if let Some(number) = self.known.get(&key) {
            return *number;
        }
        let count = u32::try_from(self.halves.len()).expect("fewer than 2^32 halves");
        let half = Arc::new(self.made(&key, book, peerage, words));
        self.halves.push(half);
        self.known.insert(key, HalfNumber(count));
        HalfNumber(count)
    }

    fn made(
        &mut self,
        key: &HalfKey,
        book: &Rulebook,
        peerage: &mut Peerage,
        words: &Words,
    ) -> Half {
        let ranking = Ranking { book, rules: &key.rules };
        if key.rules.is_empty() {
            // Without any rule the node has no exemption either (Cilium's `always`).
            let fallback = Arc::new(Row::uniform(ranking.decision(key.otherwise())));
            return Half { isolated: key.isolated, fallback, rows: Default::default() };
        }
        let groups = Groups::of(key, ranking, peerage, words, &self.options);
        let mut rows = Rows::new(ranking, peerage, key.otherwise(), &mut self.rows);
        let fallback = rows.row(&groups, &[]);
        let mut made: Vec<Option<Arc<Row>>> = Vec::new();
        let mut differing: Vec<(IdentityNumber, Arc<Row>)> = Vec::new();
        self.signatures.tell(&groups, peerage.len(), |position, kind, signature| {
            if made.len() <= kind as usize {
                made.resize(kind as usize + 1, None);
            }
            let row = made[kind as usize].get_or_insert_with(|| rows.row(&groups, &signature()));
            if !Arc::ptr_eq(row, &fallback) {
                differing.push((peerage.identity_number(position), Arc::clone(row)));
            }
        });
        Half { isolated: key.isolated, fallback, rows: differing.into_iter().collect() }
    }
}

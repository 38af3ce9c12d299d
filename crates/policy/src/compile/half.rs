//! Halves: the rules that select a class in one direction, made into rows for each identity.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use podwall_model::{Direction, NamedPort};

use super::band::Bands;
use super::class::Class;
use super::fault::{Fault, seeded};
use super::members::{Peerage, PeersNumber};
use super::row::{KnownRows, Rows};
use super::rulebook::{Rank, Ranking, RuleNumber, Rulebook};
use super::signature::Signatures;
use super::words::Words;
use crate::hash::HashMap;
use crate::identity::Identity;
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

/// Rows without use that are not worth a look for others.
const ROWS_AT_LEAST: usize = 4096;

/// A half, and what it takes to keep it while identities come and go.
#[derive(Debug)]
struct State {
    key: HalfKey,
    half: Arc<Half>,
    /// How many classes use it, where that is counted.
    users: usize,
    bands: Bands,
    /// Rows by signature.
    rows: HashMap<Vec<u32>, Arc<Row>>,
}

/// Makes halves, each once.
#[derive(Debug)]
pub(super) struct Halves {
    options: Options,
    known: HashMap<HalfKey, HalfNumber>,
    /// By number; nothing where nobody uses a half any more.
    halves: Vec<Option<State>>,
    /// The halves whose rules speak of some peers.
    by_peers: HashMap<PeersNumber, Vec<HalfNumber>>,
    /// The halves in which the names of peers' ports count.
    by_name: Vec<HalfNumber>,
    signatures: Signatures,
    rows: KnownRows,
    /// How many rows were left when those without use were last forgotten.
    rows_kept: usize,
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
            by_peers: HashMap::default(),
            by_name: Vec::new(),
            signatures: Signatures::default(),
            rows: KnownRows::default(),
            rows_kept: 0,
        }
    }

    fn state(&self, number: HalfNumber) -> &State {
        self.halves[number.0 as usize].as_ref().expect("a half in use is kept")
    }

    /// The half of a number.
    pub(super) fn half(&self, number: HalfNumber) -> &Arc<Half> {
        &self.state(number).half
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
        let number = HalfNumber(u32::try_from(self.halves.len()).expect("fewer than 2^32 halves"));
        let state = self.made(&key, book, peerage, words);
        if peerage.is_watched() {
            self.watch(number, &state.bands);
        }
        self.halves.push(Some(state));
        self.known.insert(key, number);
        number
    }

    fn made(
        &mut self,
        key: &HalfKey,
        book: &Rulebook,
        peerage: &mut Peerage,
        words: &Words,
    ) -> State {
        let ranking = Ranking { book, rules: &key.rules };
        let isolated = key.isolated;
        let state = |half, bands, rows| State {
            key: key.clone(),
            half: Arc::new(half),
            users: 0,
            bands,
            rows,
        };
        if key.rules.is_empty() {
            // Without any rule the node has no exemption either (Cilium's `always`).
            let fallback = Arc::new(Row::uniform(ranking.decision(key.otherwise())));
            let half = Half { isolated, fallback, rows: BTreeMap::new() };
            return state(half, Bands::default(), HashMap::default());
        }
        let mut bands = Bands::of(key, ranking, peerage, words, &self.options);
        let mut rows = Rows::new(ranking, peerage, key.otherwise(), &mut self.rows);
        let fallback = rows.row(&bands, &[]);
        let mut made: Vec<Option<Arc<Row>>> = Vec::new();
        let mut known: HashMap<Vec<u32>, Arc<Row>> = HashMap::default();
        let mut differing: Vec<(IdentityNumber, Arc<Row>)> = Vec::new();
        self.signatures.tell(&bands, peerage.len(), |position, kind, signature| {
            if made.len() <= kind as usize {
                made.resize(kind as usize + 1, None);
            }
            let row = made[kind as usize].get_or_insert_with(|| {
                let signature = signature();
                let row = rows.row(&bands, &signature);
                if peerage.is_watched() {
                    known.insert(signature, Arc::clone(&row));
                }
                row
            });
            if !Arc::ptr_eq(row, &fallback) {
                differing.push((peerage.identity_number(position), Arc::clone(row)));
            }
        });
        if !peerage.is_watched() {
            bands = Bands::default();
        }
        let half = Half { isolated, fallback, rows: differing.into_iter().collect() };
        state(half, bands, known)
    }

    fn watch(&mut self, number: HalfNumber, bands: &Bands) {
        for peers in bands.peers() {
            self.by_peers.entry(peers).or_default().push(number);
        }
        if bands.are_by_name() {
            self.by_name.push(number);
        }
    }

    /// One more class uses a half.
    pub(super) fn hold(&mut self, number: HalfNumber) {
        let state = self.halves[number.0 as usize].as_mut();
        state.expect("a half in use is kept").users += 1;
    }

    /// A class uses a half no more; true if nobody does.
    pub(super) fn release(&mut self, number: HalfNumber) -> bool {
        let kept = &mut self.halves[number.0 as usize];
        let state = kept.as_mut().expect("a half in use is kept");
        state.users -= 1;
        if state.users > 0 {
            return false;
        }
        let Some(State { key, bands, .. }) = kept.take() else { return false };
        self.known.remove(&key);
        for peers in bands.peers() {
            if let Some(halves) = self.by_peers.get_mut(&peers) {
                halves.retain(|one| *one != number);
            }
        }
        self.by_name.retain(|one| *one != number);
        if self.rows.len() > 2 * self.rows_kept + ROWS_AT_LEAST {
            self.rows.retain(|_, row| Arc::strong_count(row) > 1);
            self.rows_kept = self.rows.len();
        }
        true
    }

    /// The halves in which who is meant by these peers has a row of its own.
    pub(super) fn touched(&self, peers: &[PeersNumber], identity: &Identity) -> Vec<HalfNumber> {
        let speaking = peers.iter().filter_map(|peers| self.by_peers.get(peers)).flatten();
        let naming = self.by_name.iter().filter(|_| !identity.ports.is_empty());
        let mut touched: Vec<HalfNumber> = speaking.chain(naming).copied().collect();
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    /// Gives the identity at a position, which these peers mean, its row.
    pub(super) fn come(
        &mut self,
        number: HalfNumber,
        position: u32,
        peers: &[PeersNumber],
        (book, peerage, words): (&Rulebook, &mut Peerage, &Words),
    ) {
        let by_name = self.state(number).bands.are_by_name();
        if by_name && !peerage.identity(position).ports.is_empty() {
            let (key, users) = (self.state(number).key.clone(), self.state(number).users);
            let state = self.made(&key, book, peerage, words);
            self.halves[number.0 as usize] = Some(State { users, ..state });
            return;
        }
        let state = self.halves[number.0 as usize].as_mut().expect("a half in use is kept");
        let signature = state.bands.signature(peers);
        let row = match state.rows.get(&signature) {
            Some(row) => Arc::clone(row),
            None => {
                let ranking = Ranking { book, rules: &state.key.rules };
                let otherwise = state.key.otherwise();
                let mut rows = Rows::new(ranking, peerage, otherwise, &mut self.rows);
                let row = rows.row(&state.bands, &signature);
                state.rows.insert(signature, Arc::clone(&row));
                row
            }
        };
        if !Arc::ptr_eq(&row, &state.half.fallback) {
            let half = Arc::make_mut(&mut state.half);
            half.rows.insert(peerage.identity_number(position), row);
        }
    }

    /// Takes the row of an identity that has gone.
    pub(super) fn go(&mut self, number: HalfNumber, identity: IdentityNumber) {
        let state = self.halves[number.0 as usize].as_mut().expect("a half in use is kept");
        if state.half.rows.contains_key(&identity) {
            Arc::make_mut(&mut state.half).rows.remove(&identity);
        }
    }
}

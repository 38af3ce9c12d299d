//! From rules and a world to tables: what the kernel will look up.
//!
//! Rules are ranked once (denies first, then by id), peers become lists of identities, and each
//! identity's rules are swept over the line of lanes into a row. Whatever is equal is made once:
//! selectors, lists, rows, halves and tables.

mod band;
mod class;
mod crowd;
mod fault;
mod gated;
mod half;
mod members;
mod node;
pub(crate) mod reference;
mod row;
mod rulebook;
mod signature;
mod span;
mod standing;
mod sweep;
mod watch;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use podwall_model::{Direction, Labels, Mode, WorkloadName, World};

pub use self::class::Class;
use self::crowd::Crowd;
use self::fault::{Fault, seeded};
use self::half::{HalfKey, HalfNumber, Halves};
use self::members::Peerage;
use self::rulebook::{Entry, RuleNumber, Rulebook};
use self::standing::rows_between;
pub use self::standing::{NotAlone, Standing};
use self::words::{SelectorNumber, Words};
use crate::hash::HashMap;
use crate::identity::{Identities, Identity, Ranges, Resolved, Roster};
use crate::mode;
use crate::options::{Enforcement, Options};
use crate::rule::{Policy, Selector, Subject};
use crate::table::{IdentityNumber, Table};

/// All tables of one node, and who is who in them.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The classes of local workloads, by a number that is as lasting as an identity's.
    pub classes: BTreeMap<u32, CompiledClass>,
    /// Identities, addresses and ranges.
    pub resolved: Resolved,
    /// What holds for the local node itself, where policies about nodes hold at all.
    pub node: Option<CompiledClass>,
}

/// What holds for the workloads of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledClass {
    /// The workloads, in order.
    pub workloads: Vec<WorkloadName>,
    /// The labels that subjects of policies see.
    pub labels: Labels,
    /// The table of the policies that enforce.
    pub enforce: Arc<Table>,
    /// The table of those and of what is in detection; the same one where nothing is.
    pub both: Arc<Table>,
}

/// Compiles everything for the local workloads of a world.
pub fn resolve_all(
    policies: &[Policy],
    world: &World,
    options: &Options,
    identities: &mut Identities,
) -> Compiled {
    let policies = &*reference::settled(policies, world);
    let ranges = Ranges::of(policies.iter().filter(|policy| policy.mode != Some(Mode::Off)));
    let mut roster = Roster::of(world);
    let resolved = identities.resolve_with(world, &ranges, options, &mut roster);
    let classes = Class::group_with(world, &mut roster);
    let mut compiler = Compiler::new(&resolved.identities, *options);
    let tables = compiler.tables(policies, &classes);
    let numbered = classes.into_iter().zip(tables).map(|(class, (enforce, both))| {
        let number = identities.number(&class.identity());
        let Class { workloads, labels, .. } = class;
        (number.0, CompiledClass { workloads, labels, enforce, both })
    });
    let classes = numbered.collect();
    let node = node::compile(policies, world, options, &resolved);
    Compiled { classes, resolved, node }
}

/// One set of identities, and what was compiled over it so far.
#[derive(Debug)]
pub(crate) struct Compiler {
    options: Options,
    words: Words,
    peerage: Peerage,
    book: Rulebook,
    halves: Halves,
    tables: HashMap<Pair, Arc<Table>>,
    /// The tables that a half is in, where anything may come or go.
    pairs: HashMap<HalfNumber, Vec<Pair>>,
}

/// The halves of a table: ingress and egress.
type Pair = (HalfNumber, HalfNumber);

/// The rules of each class: of what enforces, where that is not all, and of all.
type Sets = Vec<(Option<Selected>, Selected)>;

/// The rules that select one class, in the order in which they decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Selected {
    ingress: Vec<RuleNumber>,
    egress: Vec<RuleNumber>,
}

impl Compiler {
    /// Over these identities.
    pub(crate) fn new(
        identities: &BTreeMap<IdentityNumber, Identity>,
        options: Options,
    ) -> Compiler {
        let mut words = Words::default();
        let mut peerage = Peerage::new(options);
        let all = identities.iter().map(|(number, identity)| (*number, identity));
        peerage.fill(all, &mut words);
        Compiler {
            options,
            words,
            peerage,
            book: Rulebook::default(),
            halves: Halves::new(options),
            tables: HashMap::default(),
            pairs: HashMap::default(),
        }
    }

    /// The two tables of each class: of what enforces, and of that and what is in detection.
    pub(crate) fn tables<'p>(
        &mut self,
        policies: impl IntoIterator<Item = &'p Policy>,
        classes: &[Class],
    ) -> Vec<(Arc<Table>, Arc<Table>)> {
        let (sets, _) = self.select(policies, classes);
        let sets = classes.iter().zip(sets);
        sets.map(|(class, (enforce, both))| {
            let both = self.table(class, both);
            let enforce = enforce.map(|enforce| self.table(class, enforce));
            (enforce.unwrap_or_else(|| Arc::clone(&both)), both)
        })
        .collect()
    }

    /// The rules of each class: of what enforces, where that is not all, and of all. And of each
    /// rule of each policy its number, if it selects somebody.
    fn select<'p>(
        &mut self,
        policies: impl IntoIterator<Item = &'p Policy>,
        classes: &[Class],
    ) -> (Sets, Vec<Option<RuleNumber>>) {
        let mut sets: Sets = vec![Default::default(); classes.len()];
        let mut numbers = Vec::new();
        let labels = classes.iter().map(|class| &class.labels);
        let subjects = Crowd::of(labels, &mut self.words);
        let mut known: HashMap<SelectorNumber, Vec<u32>> = HashMap::default();
        let mut entries = Vec::new();
        // The rules of a policy have one subject, and mostly its neighbours' have the same.
        let mut latest: Option<(&Selector, SelectorNumber)> = None;
        for policy in policies {
            for rule in &policy.rules {
                numbers.push(None);
                let Subject::Endpoints(selector) = &rule.subject else { continue };
                if self.options.enforcement == Enforcement::Never {
                    continue;
                }
                let subject = match latest {
                    Some((same, number)) if same == selector => number,
                    Some(_) | None => self.words.selector(selector),
                };
                latest = Some((selector, subject));
                let (words, peerage) = (&mut self.words, &mut self.peerage);
                let find = || subjects.select(words.asked(subject), words, |_, _| false);
                if !known.entry(subject).or_insert_with(find).is_empty() {
                    let number = u32::try_from(entries.len()).expect("fewer than 2^32 rules");
                    numbers.pop();
                    numbers.push(Some(RuleNumber(number)));
                    entries.push(Entry::of(rule, policy.mode, subject, words, peerage));
                }
            }
        }
        self.book.add(entries);
        for rule in self.book.order() {
            let entry = &self.book[*rule];
            for at in &known[&entry.subject] {
                let class = &classes[*at as usize];
                let (enforce, both) = &mut sets[*at as usize];
                match mode_of(entry, class, &self.options) {
                    Mode::Off => {}
                    Mode::Detect if !seeded(Fault::DetectionEnforces) => {
                        enforce.get_or_insert_with(|| both.clone());
                        both.of(entry.direction).push(*rule);
                    }
                    Mode::Detect | Mode::Enforce => {
                        if let Some(enforce) = enforce {
                            enforce.of(entry.direction).push(*rule);
                        }
                        both.of(entry.direction).push(*rule);
                    }
                }
            }
        }
        (sets, numbers)
    }

    fn table(&mut self, class: &Class, selected: Selected) -> Arc<Table> {
        let Selected { ingress, egress } = selected;
        let mut half = |direction, rules| {
            let key = HalfKey::of(&self.book, direction, rules, class, &self.options);
            self.half(key)
        };
        let pair = (half(Direction::Ingress, ingress), half(Direction::Egress, egress));
        self.table_of(pair)
    }

    fn table_of(&mut self, pair: Pair) -> Arc<Table> {
        let table = self.tables.entry(pair).or_insert_with(|| {
            let half = |number| Arc::clone(self.halves.half(number));
            if self.peerage.is_watched() {
                self.pairs.entry(pair.0).or_default().push(pair);
                self.pairs.entry(pair.1).or_default().push(pair);
            }
            Arc::new(Table { ingress: half(pair.0), egress: half(pair.1) })
        });
        Arc::clone(table)
    }

    /// A half is about to change, or has gone: so do the tables that it is in.
    fn forget_tables(&mut self, half: HalfNumber) {
        for pair in self.pairs.remove(&half).unwrap_or_default() {
            self.tables.remove(&pair);
        }
    }

    /// Halves are used by one more class.
    fn hold(&mut self, pairs: [Pair; 2]) {
        pairs.iter().flat_map(|pair| [pair.0, pair.1]).for_each(|half| self.halves.hold(half));
    }

    /// Halves are used by one class less.
    fn release(&mut self, pairs: Option<[Pair; 2]>) {
        for half in pairs.into_iter().flatten().flat_map(|pair| [pair.0, pair.1]) {
            if self.halves.release(half) {
                self.forget_tables(half);
            }
        }
    }

    /// How many rows of two halves differ.
    fn rows_between(&self, was: HalfNumber, is: HalfNumber) -> u64 {
        if was == is { 0 } else { rows_between(self.halves.half(was), self.halves.half(is)) }
    }

    /// An identity has come: its position, and how many rows there are more.
    fn come(&mut self, number: IdentityNumber, identity: &Identity) -> (u32, u64) {
        let position = self.peerage.put(number, identity, &mut self.words);
        let peers = self.peerage.touch(position, &self.words);
        let halves = self.halves.touched(&peers, identity);
        for half in &halves {
            self.forget_tables(*half);
            let around = (&self.book, &mut self.peerage, &self.words);
            self.halves.come(*half, position, &peers, around);
        }
        (position, u64::try_from(halves.len()).expect("halves fit in memory"))
    }

    /// An identity has gone: how many rows there are less.
    fn go(&mut self, number: IdentityNumber, position: u32) -> u64 {
        let peers = self.peerage.touch(position, &self.words);
        let halves = self.halves.touched(&peers, self.peerage.identity(position));
        for half in &halves {
            self.forget_tables(*half);
            self.halves.go(*half, number);
        }
        self.peerage.take(position);
        u64::try_from(halves.len()).expect("halves fit in memory")
    }

    fn half(&mut self, key: HalfKey) -> HalfNumber {
        self.halves.number(key, &self.book, &mut self.peerage, &self.words)
    }
}

impl Selected {
    fn of(&mut self, direction: Direction) -> &mut Vec<RuleNumber> {
        match direction {
            Direction::Ingress => &mut self.ingress,
            Direction::Egress => &mut self.egress,
        }
    }
}

/// What a policy says of itself, else its subject's namespace, else the cluster.
fn mode_of(entry: &Entry, class: &Class, options: &Options) -> Mode {
    if seeded(Fault::NamespaceModeWins) {
        return class.mode.or(entry.mode).unwrap_or(options.mode);
    }
    mode::effective(entry.mode, class.mode, options.mode).0
}

#[cfg(test)]
mod tests;

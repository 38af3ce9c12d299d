//! What the kernel holds, in memory: read once when state is adopted, noted after each write since.
//!
//! Plans are made against it, and `verify` compares it with the kernel. It is never wanted state.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use podwall_model::{Address, Cidr, Direction, RuleId, WorkloadName};
use podwall_policy::table::IdentityNumber;

use crate::abi;
use crate::name;
use crate::rule_text;
use crate::run_store::{Dropped, RunStore};
use crate::span::Span;
use crate::wanted::{Backend, Frontend};
use crate::write::{HalfHead, RowPlace, Word, Write};

/// The kernel's state.
#[derive(Clone, Debug)]
pub(crate) struct Mirror {
    pub(crate) rules: BTreeMap<u32, Arc<RuleId>>,
    pub(crate) rule_numbers: HashMap<Arc<RuleId>, u32>,
    /// The highest rule number that was ever given, so that none is given twice.
    pub(crate) last_rule: u32,
    pub(crate) identities: BTreeMap<IdentityNumber, String>,
    pub(crate) steps: RunStore<abi::Step>,
    pub(crate) tables: BTreeMap<u32, Arc<TableImage>>,
    /// Tables that no slot has named since a grace period.
    pub(crate) settled: BTreeSet<u32>,
    pub(crate) slots: BTreeMap<u32, Slot>,
    pub(crate) addresses: Arc<BTreeMap<Address, IdentityNumber>>,
    pub(crate) networks: BTreeMap<Cidr, IdentityNumber>,
    pub(crate) backends: RunStore<Backend>,
    pub(crate) services: BTreeMap<Frontend, Span>,
    /// The generation that was given last.
    pub(crate) generation: u32,
    pub(crate) sizes: Sizes,
}

/// Sums that would be long to count anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) rows: u64,
    pub(crate) own_addresses: u64,
    pub(crate) rule_names: u64,
    pub(crate) identity_names: u64,
}

/// A table: where its rows are. The halves are indexed as in the kernel, egress first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct TableImage {
    pub(crate) heads: [HalfHead; 2],
    pub(crate) rows: [BTreeMap<IdentityNumber, Span>; 2],
}

/// One endpoint's place in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) workload: WorkloadName,
    /// The interface that leads to it; 0 before and after.
    pub(crate) interface: u32,
    pub(crate) addresses: BTreeSet<Address>,
    /// All zero before its first switch, and after its endpoint has gone.
    pub(crate) word: Word,
    /// How many connections it may hold.
    pub(crate) limit: u32,
    pub(crate) hooks: Hooks,
}

/// Whether the hooks of a slot are in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hooks {
    /// Both are.
    Attached,
    /// At least one is not.
    Missing,
}

impl Slot {
    /// Whether its endpoint has gone: only connections and counters still name the slot.
    pub(crate) fn has_left(&self) -> bool {
        self.word == Word::default() && self.interface == 0
    }
}

impl TableImage {
    /// Where the row of this identity is.
    pub(crate) fn row(&self, direction: Direction, identity: IdentityNumber) -> Span {
        let half = half(direction);
        self.rows[half].get(&identity).copied().unwrap_or(self.heads[half].fallback)
    }

    /// Whether it says something else of one identity than of the other.
    pub(crate) fn tells(&self, one: IdentityNumber, other: IdentityNumber) -> bool {
        let differs =
            |direction: &Direction| self.row(*direction, one) != self.row(*direction, other);
        Direction::BOTH.iter().any(differs)
    }

    /// Every span that it names, one for each name.
    pub(crate) fn spans(&self) -> impl Iterator<Item = Span> {
        let heads = self.heads.iter().map(|head| head.fallback);
        heads.chain(self.rows.iter().flat_map(|rows| rows.values().copied()))
    }
}

/// The index of a table's half.
pub(crate) fn half(direction: Direction) -> usize {
    usize::from(match direction {
        Direction::Egress => abi::EGRESS,
        Direction::Ingress => abi::INGRESS,
    })
}

impl Mirror {
    /// A kernel that holds nothing of ours.
    pub(crate) fn empty() -> Mirror {
        Mirror {
            rules: BTreeMap::new(),
            rule_numbers: HashMap::new(),
            last_rule: 0,
            identities: BTreeMap::new(),
            steps: RunStore::new(),
            tables: BTreeMap::new(),
            settled: BTreeSet::new(),
            slots: BTreeMap::new(),
            addresses: Arc::default(),
            networks: BTreeMap::new(),
            backends: RunStore::new(),
            services: BTreeMap::new(),
            generation: 0,
            sizes: Sizes::default(),
        }
    }

    /// Takes note of a write that was done.
    pub(crate) fn note(&mut self, write: &Write) {
        match write {
            Write::NameRule { number, rule } => self.name_rule(*number, rule),
            Write::ForgetRule { number } => {
                if let Some(rule) = self.rules.remove(number) {
                    self.sizes.rule_names -= name::parts(&rule_text::write(&rule));
                    self.rule_numbers.remove(&rule);
                }
            }
            Write::NameIdentity { number, text } => {
                self.sizes.identity_names += name::parts(text);
                if let Some(before) = self.identities.insert(*number, text.clone()) {
                    self.sizes.identity_names -= name::parts(&before);
                }
            }
            Write::ForgetIdentity { number } => {
                if let Some(text) = self.identities.remove(number) {
                    self.sizes.identity_names -= name::parts(&text);
                }
            }
            Write::Steps { .. }
            | Write::Head { .. }
            | Write::DropHead { .. }
            | Write::Row { .. }
            | Write::DropRow { .. } => self.note_of_table(write),
            Write::NameSlot { .. }
            | Write::ForgetSlot { .. }
            | Write::Quota { .. }
            | Write::Switch { .. }
            | Write::Device { .. }
            | Write::DropDevice { .. }
            | Write::Own { .. }
            | Write::Disown { .. }
            | Write::Attach { .. }
            | Write::Detach { .. } => self.note_of_slot(write),
            Write::Address { .. }
            | Write::DropAddress { .. }
            | Write::Network { .. }
            | Write::DropNetwork { .. }
            | Write::Backends { .. }
            | Write::Service { .. }
            | Write::DropService { .. } => self.note_of_address(write),
            Write::Grace => self.settle(),
        }
    }

    fn note_of_table(&mut self, write: &Write) {
        match write {
            Write::Steps { span, steps } => {
                assert!(self.steps.hold(*span, steps), "a plan writes steps where nothing is");
            }
            Write::Head { table, halves } => self.replace_head(*table, *halves),
            Write::DropHead { table } => {
                self.replace_head(*table, [HalfHead::default(); 2]);
                self.tables.remove(table);
                self.settled.remove(table);
            }
            Write::Row { place, span } => self.lead(*place, *span),
            Write::DropRow { place } => {
                let Some(table) = self.tables.get_mut(&place.table) else { return };
                let rows = &mut Arc::make_mut(table).rows[half(place.direction)];
                if let Some(before) = rows.remove(&place.peer) {
                    self.sizes.rows -= 1;
                    self.steps.release(before, self.read(place.table));
                }
            }
            other => unreachable!("not about a table: `{other:?}`"),
        }
    }

    fn note_of_slot(&mut self, write: &Write) {
        match write {
            Write::NameSlot { slot, workload } => {
                let fresh = Slot {
                    workload: workload.clone(),
                    interface: 0,
                    addresses: BTreeSet::new(),
                    word: Word::default(),
                    limit: 0,
                    hooks: Hooks::Missing,
                };
                self.slots.insert(*slot, fresh);
            }
            Write::ForgetSlot { slot } => {
                self.slots.remove(slot);
            }
            Write::Quota { slot, limit } => self.slot_mut(*slot).limit = *limit,
            Write::Switch { slot, word } => {
                if *word != Word::default() {
                    self.generation = word.generation;
                }
                self.slot_mut(*slot).word = *word;
                self.settled.remove(&word.enforce);
                self.settled.remove(&word.both);
            }
            Write::Device { interface, slot } => self.give_interface(*interface, *slot),
            Write::DropDevice { slot, .. } => self.slot_mut(*slot).interface = 0,
            Write::Own { address, slot, .. } => {
                for other in self.slots.values_mut() {
                    self.sizes.own_addresses -= u64::from(other.addresses.remove(address));
                }
                let fresh = self.slot_mut(*slot).addresses.insert(*address);
                self.sizes.own_addresses += u64::from(fresh);
            }
            Write::Disown { address, slot } => {
                let gone = self.slot_mut(*slot).addresses.remove(address);
                self.sizes.own_addresses -= u64::from(gone);
            }
            Write::Attach { slot, .. } => self.slot_mut(*slot).hooks = Hooks::Attached,
            Write::Detach { slot, .. } => self.slot_mut(*slot).hooks = Hooks::Missing,
            other => unreachable!("not about a slot: `{other:?}`"),
        }
    }

    fn note_of_address(&mut self, write: &Write) {
        match write {
            Write::Address { address, identity } => {
                Arc::make_mut(&mut self.addresses).insert(*address, *identity);
            }
            Write::DropAddress { address } => {
                Arc::make_mut(&mut self.addresses).remove(address);
            }
            Write::Network { cidr, identity } => {
                self.networks.insert(*cidr, *identity);
            }
            Write::DropNetwork { cidr } => {
                self.networks.remove(cidr);
            }
            Write::Backends { span, backends } => {
                assert!(self.backends.hold(*span, backends), "backends go where nothing is");
            }
            Write::Service { frontend, span } => {
                self.backends.refer(*span);
                if let Some(before) = self.services.insert(*frontend, *span) {
                    self.backends.release(before, Dropped::Live);
                }
            }
            Write::DropService { frontend } => {
                if let Some(before) = self.services.remove(frontend) {
                    self.backends.release(before, Dropped::Live);
                }
            }
            other => unreachable!("not about an address: `{other:?}`"),
        }
    }

    /// An interface leads to one slot; its hooks stay on it, whoever has it.
    fn give_interface(&mut self, interface: u32, slot: u32) {
        let mut hooks = Hooks::Missing;
        for other in self.slots.values_mut().filter(|other| other.interface == interface) {
            other.interface = 0;
            hooks = std::mem::replace(&mut other.hooks, Hooks::Missing);
        }
        let slot = self.slot_mut(slot);
        (slot.interface, slot.hooks) = (interface, hooks);
    }

    fn slot_mut(&mut self, slot: u32) -> &mut Slot {
        self.slots.get_mut(&slot).expect("a plan names a slot before it uses it")
    }

    /// Takes note of a rule's number, as found or as written.
    pub(crate) fn name_rule(&mut self, number: u32, rule: &Arc<RuleId>) {
        self.sizes.rule_names += name::parts(&rule_text::write(rule));
        self.rules.insert(number, Arc::clone(rule));
        self.rule_numbers.insert(Arc::clone(rule), number);
        self.last_rule = self.last_rule.max(number);
    }

    fn replace_head(&mut self, number: u32, halves: [HalfHead; 2]) {
        let read = self.read(number);
        let table = Arc::make_mut(self.tables.entry(number).or_default());
        let before = std::mem::replace(&mut table.heads, halves);
        for head in halves {
            self.steps.refer(head.fallback);
        }
        for head in before {
            self.steps.release(head.fallback, read);
        }
    }

    fn lead(&mut self, place: RowPlace, span: Span) {
        let read = self.read(place.table);
        let table = Arc::make_mut(self.tables.entry(place.table).or_default());
        let before = table.rows[half(place.direction)].insert(place.peer, span);
        self.steps.refer(span);
        match before {
            Some(before) => self.steps.release(before, read),
            None => self.sizes.rows += 1,
        }
    }

    fn read(&self, table: u32) -> Dropped {
        if self.settled.contains(&table) { Dropped::Settled } else { Dropped::Live }
    }

    fn settle(&mut self) {
        self.steps.settle();
        self.backends.settle();
        let named = self.named_tables();
        self.settled = self.tables.keys().copied().filter(|table| !named.contains(table)).collect();
    }

    /// The tables that some slot names.
    pub(crate) fn named_tables(&self) -> BTreeSet<u32> {
        let serving = self.slots.values().filter(|slot| slot.word != Word::default());
        serving.flat_map(|slot| [slot.word.enforce, slot.word.both]).collect()
    }
}

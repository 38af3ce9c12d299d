//! Slots: who has one, which tables it names, and when its connections are judged again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use podwall_policy::table::IdentityNumber;

use crate::mirror::{Hooks, Mirror, Slot};
use crate::settings::Capacity;
use crate::wanted::{ClassTables, Endpoint};
use crate::write::{Word, Write};

use super::assign::Assignment;
use super::draft::Draft;

/// The endpoints of both sides, each with its slot.
pub(super) struct Endpoints<'a> {
    /// Wanted endpoints with their slots and tables.
    serving: Vec<Place<'a>>,
    /// Slots whose endpoint has gone.
    leaving: Vec<u32>,
}

/// One wanted endpoint.
struct Place<'a> {
    endpoint: &'a Endpoint,
    slot: u32,
    /// The tables it shall have; the generation is that of the slot now.
    word: Word,
    /// The word of the slot now, all zero for a new one.
    now: Word,
}

impl<'a> Endpoints<'a> {
    /// Finds a slot for each wanted endpoint.
    pub(super) fn sort(draft: &Draft<'a>, assignment: &Assignment) -> Endpoints<'a> {
        let kernel = draft.kernel;
        let mut serving = Vec::new();
        let mut free = (1..).filter(|slot| !kernel.slots.contains_key(slot));
        let mut kept = BTreeSet::new();
        for endpoint in &draft.wanted.endpoints {
            let ClassTables { enforce, both } = &draft.wanted.classes[&endpoint.class];
            let found = draft.slot_of(endpoint);
            let slot =
                found.map_or_else(|| free.next().expect("slots fit in memory"), |(slot, _)| slot);
            let now = found.map(|(_, slot)| slot.word).unwrap_or_default();
            let word = Word {
                enforce: assignment.number(enforce),
                both: assignment.number(both),
                generation: now.generation,
            };
            kept.insert(slot);
            serving.push(Place { endpoint, slot, word, now });
        }
        let gone = |(number, slot): (&u32, &Slot)| {
            (!kept.contains(number) && !slot.has_left()).then_some(*number)
        };
        Endpoints { serving, leaving: kernel.slots.iter().filter_map(gone).collect() }
    }

    /// Names new slots and bounds everybody's connections, so that all bounds together fit.
    pub(super) fn prepare(&self, draft: &mut Draft<'_>, capacity: &Capacity) {
        let limit = share(capacity, self.serving.len());
        for place in &self.serving {
            let known = draft.mirror.slots.get(&place.slot);
            if known.is_some_and(|slot| slot.limit > limit) {
                draft.write(Write::Quota { slot: place.slot, limit });
            }
        }
        for place in &self.serving {
            if !draft.mirror.slots.contains_key(&place.slot) {
                let workload = place.endpoint.workload.clone();
                draft.write(Write::NameSlot { slot: place.slot, workload });
                draft.write(Write::Quota { slot: place.slot, limit });
            }
        }
    }

    /// Switches every slot whose tables change.
    pub(super) fn switch(&self, draft: &mut Draft<'_>) {
        let generation = draft.next_generation();
        for place in self.serving.iter().filter(|place| place.is_switched()) {
            let word = Word { generation, ..place.word };
            draft.write(Write::Switch { slot: place.slot, word });
        }
    }

    /// Leads new interfaces and addresses to their slots and puts the hooks on. Tables, peers'
    /// addresses and services are there by now: what a first packet is taken for stays with its
    /// connection.
    pub(super) fn attach(&self, draft: &mut Draft<'_>) {
        for place in &self.serving {
            let Endpoint { interface, addresses, .. } = place.endpoint;
            let (slot, interface) = (place.slot, *interface);
            if draft.mirror.slots[&slot].interface != interface {
                draft.write(Write::Device { interface, slot });
            }
            for address in addresses {
                if !draft.mirror.slots[&slot].addresses.contains(address) {
                    draft.write(Write::Own { address: *address, interface, slot });
                }
            }
            if draft.mirror.slots[&slot].hooks == Hooks::Missing {
                draft.write(Write::Attach { slot, interface });
            }
        }
    }

    /// Lets connections be judged again where their slot kept its tables and these tell apart what
    /// addresses moved between. Fresh tables said the same of bridges as of where they lead.
    pub(super) fn bump(
        &self,
        draft: &mut Draft<'_>,
        pairs: &BTreeSet<(IdentityNumber, IdentityNumber)>,
    ) {
        let generation = draft.next_generation();
        let mut known: BTreeMap<u32, bool> = BTreeMap::new();
        for place in self.serving.iter().filter(|place| !place.is_switched()) {
            let tells = [place.word.enforce, place.word.both].into_iter().any(|table| {
                *known.entry(table).or_insert_with(|| tells_any(&draft.mirror, table, pairs))
            });
            if tells {
                let word = Word { generation, ..place.word };
                draft.write(Write::Switch { slot: place.slot, word });
            }
        }
    }

    /// Takes the hooks off endpoints that have gone, then their addresses; the bounds of the
    /// others grow.
    pub(super) fn remove(&self, draft: &mut Draft<'_>, capacity: &Capacity) {
        for place in &self.serving {
            let owned = draft.mirror.slots[&place.slot].addresses.clone();
            for address in owned {
                if !place.endpoint.addresses.contains(&address) {
                    draft.write(Write::Disown { address, slot: place.slot });
                }
            }
        }
        for slot in &self.leaving {
            let Slot { interface, addresses, .. } = draft.mirror.slots[slot].clone();
            let slot = *slot;
            if interface != 0 {
                draft.write(Write::Detach { slot, interface });
                draft.write(Write::DropDevice { interface, slot });
            }
            for address in addresses {
                draft.write(Write::Disown { address, slot });
            }
            if draft.mirror.slots[&slot].word != Word::default() {
                draft.write(Write::Switch { slot, word: Word::default() });
            }
        }
        let limit = share(capacity, self.serving.len());
        for place in &self.serving {
            if draft.mirror.slots[&place.slot].limit < limit {
                draft.write(Write::Quota { slot: place.slot, limit });
            }
        }
    }
}

impl Place<'_> {
    fn is_switched(&self) -> bool {
        self.now.generation == 0
            || (self.now.enforce, self.now.both) != (self.word.enforce, self.word.both)
    }
}

/// Each one's share of all connections. Steps of two, so that an endpoint more seldom changes it.
fn share(capacity: &Capacity, endpoints: usize) -> u32 {
    let parts = u32::try_from(endpoints.max(1).next_power_of_two()).unwrap_or(u32::MAX);
    (capacity.connections / parts).max(1)
}

fn tells_any(
    mirror: &Mirror,
    table: u32,
    pairs: &BTreeSet<(IdentityNumber, IdentityNumber)>,
) -> bool {
    let table: Option<&Arc<_>> = mirror.tables.get(&table);
    table.is_some_and(|table| pairs.iter().any(|(from, to)| table.tells(*from, *to)))
}

//! Takes away what nothing refers to any more: slots of workloads that have gone, their counters,
//! and the names of rules and identities.
//!
//! Each thing is looked at twice, a round apart: the ring may still hold an event about it.

use std::collections::BTreeSet;

use podwall_policy::table::IdentityNumber;

use crate::abi;
use crate::connection::Held;
use crate::datapath::Datapath;
use crate::kernel::WriteError;
use crate::moves;
use crate::write::Write;

/// What was found unneeded in the last round.
#[derive(Debug, Default)]
pub(crate) struct Fading {
    rules: BTreeSet<u32>,
    identities: BTreeSet<IdentityNumber>,
    slots: BTreeSet<u32>,
}

impl Datapath {
    /// Forgets what was unneeded in the last round and still is. Returns how much.
    pub(crate) fn sweep(&mut self, held: &Held) -> Result<u64, WriteError> {
        let counters = self.kernel.maps.counter_ids.all::<abi::CounterKey, u32>();
        let counters =
            counters.map_err(|source| WriteError { what: "pw_counter_ids".to_owned(), source })?;
        let counted: BTreeSet<u32> = counters.iter().map(|(key, _)| key.rule).collect();
        let unneeded = Fading {
            rules: self.unneeded_rules(held, &counted),
            identities: self.unneeded_identities(held),
            slots: self.unneeded_slots(held),
        };
        let mut writes = Vec::new();
        for number in unneeded.rules.intersection(&self.fading.rules) {
            writes.push(Write::ForgetRule { number: *number });
        }
        for number in unneeded.identities.intersection(&self.fading.identities) {
            writes.push(Write::ForgetIdentity { number: *number });
        }
        let read = std::mem::take(self.counters_read.get_mut());
        let gone: BTreeSet<u32> = match read {
            // Nobody has read what they counted last.
            false => BTreeSet::new(),
            true => unneeded.slots.intersection(&self.fading.slots).copied().collect(),
        };
        let mut swept = 0;
        for (key, _) in counters.iter().filter(|(key, _)| gone.contains(&key.slot)) {
            let deleted = self.kernel.maps.counter_ids.delete(key);
            deleted.map_err(|source| WriteError { what: "pw_counter_ids".to_owned(), source })?;
            self.kernel.fuse.burn();
            swept += 1;
        }
        let shown = self.shown.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        shown.retain(|key, _| !gone.contains(&key.slot));
        writes.extend(gone.into_iter().map(|slot| Write::ForgetSlot { slot }));
        for write in &writes {
            self.write(write)?;
        }
        self.fading = unneeded;
        Ok(swept + writes.len() as u64)
    }

    fn unneeded_rules(&self, held: &Held, counted: &BTreeSet<u32>) -> BTreeSet<u32> {
        let mut needed: BTreeSet<u32> = held.rules.union(counted).copied().collect();
        for table in self.mirror.tables.values() {
            for span in table.spans() {
                let steps = self.mirror.steps.content(span).unwrap_or_default();
                needed.extend(steps.iter().map(|step| step.decision & abi::RULE_MASK));
            }
        }
        self.mirror.rules.keys().copied().filter(|number| !needed.contains(number)).collect()
    }

    fn unneeded_identities(&self, held: &Held) -> BTreeSet<IdentityNumber> {
        let mut needed = moves::reached(&self.mirror.addresses, &self.mirror.networks);
        for table in self.mirror.tables.values() {
            needed.extend(table.rows.iter().flat_map(|rows| rows.keys().copied()));
        }
        let named = self.mirror.identities.keys().copied();
        named
            .filter(|number| {
                !needed.contains(number)
                    && !self.wanted_identities.contains(number)
                    && !held.identities.contains(&number.0)
            })
            .collect()
    }

    fn unneeded_slots(&self, held: &Held) -> BTreeSet<u32> {
        let slots = self.mirror.slots.iter();
        slots
            .filter(|(number, slot)| slot.has_left() && !held.slots.contains_key(number))
            .map(|(number, _)| *number)
            .collect()
    }
}

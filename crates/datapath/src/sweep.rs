//! Takes away what nothing refers to any more: slots of workloads that have gone, their counters,
//! and the names of rules and identities.
//!
//! Each thing is looked at twice, a round apart: the ring may still hold an event about it.

use std::collections::BTreeSet;

use podwall_policy::table::IdentityNumber;

use crate::abi;
use crate::connection::Held;
use crate::datapath::Datapath;
use crate::hand::Hands;
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
            slots: self.unneeded_slots(held)?,
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
        let of_gone = counters.iter().filter(|(key, _)| gone.contains(&key.slot));
        let swept = self.free_counters(&of_gone.copied().collect::<Vec<_>>())?;
        self.keep_former(&gone);
        writes.extend(gone.into_iter().map(|slot| Write::ForgetSlot { slot }));
        for write in &writes {
            self.write(write)?;
        }
        self.fading = unneeded;
        Ok(swept + writes.len() as u64)
    }

    /// Makes counters free that nobody counts in any more. A kill in between loses a few numbers,
    /// and nothing that was counted.
    fn free_counters(&mut self, of_gone: &[(abi::CounterKey, u32)]) -> Result<u64, WriteError> {
        let error = |what: &str| {
            let what = what.to_owned();
            move |source| WriteError { what, source }
        };
        for (key, _) in of_gone {
            let deleted = self.kernel.maps.counter_ids.delete(key);
            deleted.map_err(error("pw_counter_ids"))?;
            self.kernel.fuse.burn();
        }
        if !of_gone.is_empty() {
            // Who looked a number up before it was deleted has counted.
            self.write(&Write::Grace)?;
        }
        let maps = &self.kernel.maps;
        for (_, number) in of_gone {
            let cleared = maps.counters.clear_per_cpu::<abi::Counter>(*number);
            cleared.map_err(error("pw_counters"))?;
            maps.counters_free.push(number).map_err(error("pw_counters_free"))?;
        }
        Ok(of_gone.len() as u64)
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

    fn unneeded_slots(&self, held: &Held) -> Result<BTreeSet<u32>, WriteError> {
        let hands = Hands::read(&self.kernel.maps.hands);
        let hands = hands
            .map_err(|error| WriteError { what: error.what.to_owned(), source: error.source })?;
        let slots = self.mirror.slots.iter();
        let unneeded = slots.filter(|(number, slot)| {
            slot.has_left() && !held.slots.contains_key(number) && !hands.hold(**number)
        });
        Ok(unneeded.map(|(number, _)| *number).collect())
    }
}

//! Counters, absolute and exact: who judged, in which direction, what came of it, by which rule.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use podwall_model::{Direction, Reason, RuleId, Verdict, WorkloadName};
use thiserror::Error;

use crate::abi;
use crate::datapath::Datapath;
use crate::hand::{Hands, never_less};
use crate::map::Map;

/// How often counters are read anew because one was moved meanwhile. That is rare.
const READINGS: usize = 8;

/// The kernel's state could not be read.
#[derive(Debug, Error)]
#[error("unable to read from the kernel: `{what}`")]
pub struct ReadError {
    /// Which map.
    pub what: &'static str,
    /// The cause.
    #[source]
    pub source: io::Error,
}

/// One counter since it was made; it never goes back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counter {
    /// The workload that judged; `None` where a packet met no workload's slot.
    pub workload: Option<WorkloadName>,
    /// In or out of it.
    pub direction: Direction,
    /// What came of the packets.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// The rule that decided.
    pub rule: Option<Arc<RuleId>>,
    /// Packets.
    pub packets: u64,
    /// Their bytes, from the IP header on.
    pub bytes: u64,
}

/// Packets and bytes that found no counter of their own, because all were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uncounted {
    /// Packets.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Datapath {
    /// All counters, each summed over CPUs and over the slots that a workload has had.
    pub fn counters(&self) -> Result<Vec<Counter>, ReadError> {
        let totals = self.totals()?;
        let mut shown = self.shown.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut counters = Vec::with_capacity(totals.len());
        for (key, total) in totals {
            let total = never_less(shown.entry(key).or_default(), total);
            if total.packets > 0
                && let Some(counter) = self.counter(&key, total)
            {
                counters.push(counter);
            }
        }
        counters.extend(self.former.iter().cloned());
        let counters = in_one(counters);
        self.counters_read.store(true, Ordering::Relaxed);
        Ok(counters)
    }

    /// Keeps what was counted in slots that go, for workloads that have come back in others: of
    /// these the sum must not go back.
    pub(crate) fn keep_former(&mut self, gone: &BTreeSet<u32>) {
        let shown = self.shown.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        let leaving: Vec<(abi::CounterKey, abi::Counter)> =
            shown.extract_if(|key, _| gone.contains(&key.slot)).collect();
        let stay: BTreeSet<&WorkloadName> = self
            .mirror
            .slots
            .iter()
            .filter(|(number, _)| !gone.contains(number))
            .map(|(_, slot)| &slot.workload)
            .collect();
        let is_back =
            |counter: &Counter| counter.workload.as_ref().is_some_and(|name| stay.contains(name));
        let mut former = std::mem::take(&mut self.former);
        former.extend(leaving.iter().filter_map(|(key, total)| self.counter(key, *total)));
        former.retain(is_back);
        self.former = in_one(former);
    }

    /// What the kernel has counted, and what still lies in a CPU's hand: that was let pass.
    fn totals(&self) -> Result<HashMap<abi::CounterKey, abi::Counter>, ReadError> {
        let maps = &self.kernel.maps;
        for _ in 1..READINGS {
            let before = Hands::read(&maps.hands)?;
            before.arrive()?;
            let totals = self.counted()?;
            let after = Hands::read(&maps.hands)?;
            if before.moved() == after.moved() {
                return Ok(after.with_what_lies(&before, totals));
            }
        }
        self.counted()
    }

    fn counted(&self) -> Result<HashMap<abi::CounterKey, abi::Counter>, ReadError> {
        let maps = &self.kernel.maps;
        let ids = maps.counter_ids.all::<abi::CounterKey, u32>();
        let ids = ids.map_err(|source| ReadError { what: "pw_counter_ids", source })?;
        ids.into_iter().map(|(key, number)| Ok((key, total(&maps.counters, number)?))).collect()
    }

    fn counter(&self, key: &abi::CounterKey, total: abi::Counter) -> Option<Counter> {
        Some(Counter {
            workload: self.mirror.slots.get(&key.slot).map(|slot| slot.workload.clone()),
            direction: direction(key.direction)?,
            verdict: Verdict::from_number(key.verdict)?,
            reason: Reason::from_number(key.reason)?,
            rule: self.mirror.rules.get(&key.rule).cloned(),
            packets: total.packets,
            bytes: total.bytes,
        })
    }

    /// What found no counter, because all of them were given.
    pub fn uncounted(&self) -> Result<Uncounted, ReadError> {
        let abi::Counter { packets, bytes } = total(&self.kernel.maps.counters, 0)?;
        Ok(Uncounted { packets, bytes })
    }

    /// Events that found no room in the ring, since the maps were made.
    pub fn lost(&self) -> Result<u64, ReadError> {
        Ok(self.event_counts()?.lost)
    }

    /// All events since the maps were made: those told and those lost.
    pub fn produced(&self) -> Result<u64, ReadError> {
        let counts = self.event_counts()?;
        Ok(counts.told + counts.lost)
    }

    fn event_counts(&self) -> Result<abi::EventCounts, ReadError> {
        let per_cpu = self.kernel.maps.event_counts.look_up_per_cpu::<abi::EventCounts>(0);
        let per_cpu = per_cpu.map_err(|source| ReadError { what: "pw_event_counts", source })?;
        Ok(per_cpu.iter().fold(abi::EventCounts::default(), |sum, cpu| abi::EventCounts {
            told: sum.told + cpu.told,
            lost: sum.lost + cpu.lost,
            last: sum.last.max(cpu.last),
            woken: sum.woken.max(cpu.woken),
        }))
    }
}

/// Adds up what is of the same workload, direction, verdict, reason and rule.
fn in_one(mut counters: Vec<Counter>) -> Vec<Counter> {
    counters.sort();
    counters.dedup_by(|next, sum| {
        let same = (&next.workload, next.direction, next.verdict, next.reason, &next.rule)
            == (&sum.workload, sum.direction, sum.verdict, sum.reason, &sum.rule);
        if same {
            sum.packets += next.packets;
            sum.bytes += next.bytes;
        }
        same
    });
    counters
}

/// One counter over all CPUs.
fn total(counters: &Map, number: u32) -> Result<abi::Counter, ReadError> {
    let per_cpu = counters.look_up_per_cpu::<abi::Counter>(number);
    let per_cpu = per_cpu.map_err(|source| ReadError { what: "pw_counters", source })?;
    // What one CPU counted another may have counted as something else: the sum is right.
    Ok(per_cpu.iter().fold(abi::Counter::default(), |sum, cpu| abi::Counter {
        packets: sum.packets.wrapping_add(cpu.packets),
        bytes: sum.bytes.wrapping_add(cpu.bytes),
    }))
}

/// The direction that the kernel's number means.
pub(crate) fn direction(number: u8) -> Option<Direction> {
    match number {
        abi::EGRESS => Some(Direction::Egress),
        abi::INGRESS => Some(Direction::Ingress),
        _ => None,
    }
}

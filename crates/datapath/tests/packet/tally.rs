//! What a node counted and told: its counters, what its processors have in hand, its events.

use std::cell::RefCell;
use std::collections::BTreeMap;

use libbpf_rs::{MapCore, MapFlags, RingBufferBuilder};
use podwall_datapath::abi;
use podwall_model::{Reason, Verdict};
use zerocopy::FromBytes;

use crate::node::{Node, Way};

/// What a counter counts: slot, direction, verdict, reason, rule.
pub(crate) type Counted = (u32, u8, Verdict, Reason, u32);

impl Node {
    /// Every counter that counted: packets and bytes. Nothing may be without its number.
    pub(crate) fn counters(&self) -> BTreeMap<Counted, (u64, u64)> {
        assert_eq!(self.total(0), (0, 0), "nothing was counted without a number");
        self.counted()
    }

    /// Every counter with a number that counted.
    pub(crate) fn counted(&self) -> BTreeMap<Counted, (u64, u64)> {
        let ids = self.map("pw_counter_ids");
        let mut all = BTreeMap::new();
        for key in ids.keys() {
            let key = abi::CounterKey::read_from_bytes(&key).expect("the kernel answers");
            let index: u32 = self.read("pw_counter_ids", &key).expect("the kernel answers");
            let sum = self.total(index);
            let verdict = Verdict::from_number(key.verdict).expect("a verdict we know");
            let reason = Reason::from_number(key.reason).expect("a reason we know");
            if sum.0 > 0 {
                all.insert((key.slot, key.direction, verdict, reason, key.rule), sum);
            }
        }
        all
    }

    /// What one element of the counters holds, over all CPUs.
    pub(crate) fn total(&self, index: u32) -> (u64, u64) {
        let per_cpu = self
            .map("pw_counters")
            .lookup_percpu(&index.to_ne_bytes(), MapFlags::ANY)
            .expect("the kernel answers")
            .expect("the counter exists");
        per_cpu.iter().fold((0, 0), |(packets, bytes), cpu| {
            let counter = abi::Counter::read_from_bytes(&cpu[..16]).expect("the kernel answers");
            (packets + counter.packets, bytes + counter.bytes)
        })
    }

    /// What each CPU has in hand: slot, packets, bytes.
    pub(crate) fn held(&self) -> Vec<(u32, u32, u32)> {
        let per_cpu = self
            .map("pw_hands")
            .lookup_percpu(&[0; 4], MapFlags::ANY)
            .expect("the kernel answers")
            .expect("the element exists");
        let hands = per_cpu.iter().map(|cpu| {
            let hand = &cpu[..size_of::<abi::Hand>()];
            abi::Hand::read_from_bytes(hand).expect("the kernel answers")
        });
        let full = hands.filter(|hand| hand.slot != 0);
        full.map(|hand| (hand.slot, hand.packets, hand.bytes)).collect()
    }

    /// The events since they were last asked for.
    pub(crate) fn events(&self) -> Vec<abi::Event> {
        let seen = RefCell::new(Vec::new());
        let map = self.map("pw_events");
        let mut builder = RingBufferBuilder::new();
        builder
            .add(&map, |bytes| {
                seen.borrow_mut().push(abi::Event::read_from_bytes(bytes).expect("an event"));
                0
            })
            .expect("the kernel answers");
        builder.build().expect("the kernel answers").consume().expect("the ring is read");
        seen.into_inner()
    }

    /// Events told and lost, over all CPUs.
    pub(crate) fn event_counts(&self) -> (u64, u64) {
        let per_cpu = self
            .map("pw_event_counts")
            .lookup_percpu(&[0; 4], MapFlags::ANY)
            .expect("the kernel answers")
            .expect("the element exists");
        per_cpu.iter().fold((0, 0), |sum, cpu| {
            let counts = abi::EventCounts::read_from_bytes(cpu).expect("the kernel answers");
            (sum.0 + counts.told, sum.1 + counts.lost)
        })
    }

    /// Gives a frame, and asserts what becomes of it and every counter that changes by it.
    #[track_caller]
    pub(crate) fn expect(
        &self,
        (way, number): (Way, u8),
        frame: &[u8],
        verdict: Verdict,
        counted: Told,
    ) {
        let before = self.counters();
        let passed = self.give(way, number, frame);
        let mut changed = self.counters();
        for (key, (packets, bytes)) in before {
            let after = changed.remove(&key).expect("counters do not shrink");
            if after != (packets, bytes) {
                changed.insert(key, (after.0 - packets, after.1 - bytes));
            }
        }
        let direction = counted.direction;
        let length = u64::try_from(frame.len() - 14).expect("the kernel answers");
        let wanted = BTreeMap::from([(
            (u32::from(number), direction, verdict, counted.reason, counted.rule),
            (1, length),
        )]);
        assert_eq!(changed, wanted, "the change of all counters");
        assert_eq!(passed, verdict.passed(), "whether it passed");
    }
}

/// Under what a packet is counted, beside slot and verdict.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    /// The direction of its connection.
    pub(crate) direction: u8,
    /// Why.
    pub(crate) reason: Reason,
    /// By which rule, 0 for none.
    pub(crate) rule: u32,
}

/// Out of the workload.
pub(crate) fn egress(reason: Reason, rule: u32) -> Told {
    Told { direction: abi::EGRESS, reason, rule }
}

/// Into the workload.
pub(crate) fn ingress(reason: Reason, rule: u32) -> Told {
    Told { direction: abi::INGRESS, reason, rule }
}

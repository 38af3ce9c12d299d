//! What the kernel's CPUs have in hand: packets of services that were let go on undecided.
//!
//! Who judges such a packet a moment later counts it. What nobody judged was let pass: it is
//! counted when the CPU's next one comes, and until then here, so that nothing is missing.

use std::collections::HashMap;
use std::io;

use podwall_model::{Reason, Verdict};

use crate::abi;
use crate::counter::ReadError;
use crate::kernel::wait_for_grace;
use crate::map::Map;

/// The hand of each CPU.
#[derive(Debug)]
pub(crate) struct Hands(Vec<abi::Hand>);

impl Hands {
    /// Reads them as they are.
    pub(crate) fn read(map: &Map) -> Result<Hands, ReadError> {
        let hands = map.look_up_per_cpu::<abi::Hand>(0);
        Ok(Hands(hands.map_err(|source| ReadError { what: "pw_hands", source })?))
    }

    /// Returns when what is on its way has arrived.
    pub(crate) fn arrive(&self) -> Result<(), ReadError> {
        if self.0.iter().all(|hand| hand.slot == 0) {
            return Ok(());
        }
        wait_until_arrived().map_err(|source| ReadError { what: "membarrier", source })
    }

    /// Whether some CPU has a packet of this slot in hand.
    pub(crate) fn hold(&self, slot: u32) -> bool {
        self.0.iter().any(|hand| hand.slot == slot)
    }

    /// How many packets were counted anew as something else.
    pub(crate) fn moved(&self) -> u64 {
        self.0.iter().map(|hand| hand.moved).sum()
    }

    /// Adds what lay in hand `before` and lies there still.
    pub(crate) fn with_what_lies(
        &self,
        before: &Hands,
        mut totals: HashMap<abi::CounterKey, abi::Counter>,
    ) -> HashMap<abi::CounterKey, abi::Counter> {
        let lying = before
            .0
            .iter()
            .zip(&self.0)
            .filter(|(before, now)| before.slot != 0 && before.number == now.number);
        for (hand, _) in lying {
            let total = totals.entry(let_pass(hand.slot)).or_default();
            total.packets += u64::from(hand.packets);
            total.bytes += u64::from(hand.bytes);
        }
        totals
    }
}

/// What a packet is counted under that was let pass and of which no more is known.
fn let_pass(slot: u32) -> abi::CounterKey {
    abi::CounterKey {
        slot,
        direction: abi::EGRESS,
        verdict: Verdict::Forwarded as u8,
        reason: Reason::None as u8,
        ..abi::CounterKey::default()
    }
}

/// A packet takes its way through the node without a pause; when every CPU was elsewhere once, it
/// has arrived. Where the kernel cannot say so, a packet is believed to take less than a reading.
fn wait_until_arrived() -> io::Result<()> {
    match wait_for_grace() {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
        result => result,
    }
}

/// The larger of what was shown and what is read: a packet that was moved between two counters
/// while they were read must not make one of them go back.
pub(crate) fn never_less(shown: &mut abi::Counter, read: abi::Counter) -> abi::Counter {
    shown.packets = shown.packets.max(read.packets);
    shown.bytes = shown.bytes.max(read.bytes);
    *shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hand(number: u64, slot: u32) -> abi::Hand {
        abi::Hand { number, slot, packets: 2, bytes: 100, ..abi::Hand::default() }
    }

    #[test]
    fn what_lies_in_hand_is_counted_and_what_is_on_its_way_is_not() {
        let before = Hands(vec![hand(1, 7), hand(5, 7), hand(3, 0)]);
        let after = Hands(vec![hand(1, 7), hand(6, 7), hand(3, 0)]);
        let one = abi::Counter { packets: 1, bytes: 50 };
        let totals = after.with_what_lies(&before, HashMap::from([(let_pass(7), one)]));
        let expected = abi::Counter { packets: 3, bytes: 150 };
        assert_eq!(totals, HashMap::from([(let_pass(7), expected)]));
    }

    #[test]
    fn what_was_shown_does_not_go_back() {
        let mut shown = abi::Counter { packets: 3, bytes: 150 };
        let less = abi::Counter { packets: 2, bytes: 160 };
        assert_eq!(never_less(&mut shown, less), abi::Counter { packets: 3, bytes: 160 });
    }
}

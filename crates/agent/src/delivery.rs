//! Whether packets reach workloads round the hooks, told by the two ends of each wire.
//!
//! A workload's end receives what the node's end sent (all of which passed `to_pod`) and what was
//! put there by `bpf_redirect_peer`, which runs no hook. The difference is that detour, exactly.

use std::collections::BTreeMap;

use podwall_model::WorkloadName;

use crate::event::Delivered;

/// Packets that were between the two readings, at most; more is a detour.
const IN_BETWEEN: u64 = 64;

/// What was known of each wire at the last reading.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    wires: BTreeMap<WorkloadName, Wire>,
}

#[derive(Clone, Copy, Debug)]
struct Wire {
    /// The most packets received and not sent that a reading has shown.
    round: u64,
    /// Readings in a row that showed more of them.
    growing: u32,
    /// What the node's end had sent; it only grows, unless the wire is another one.
    sent: u64,
}

/// What a reading says of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detour {
    /// All packets passed the hooks.
    None,
    /// This many did not since the last reading.
    Seen(u64),
}

impl Delivery {
    /// Takes one reading of a wire.
    pub(crate) fn take(&mut self, reading: &Delivered) -> Detour {
        let round = reading.received.saturating_sub(reading.sent);
        let first = Wire { round, growing: 0, sent: reading.sent };
        let wire = self.wires.entry(reading.workload.clone()).or_insert(first);
        if reading.sent < wire.sent {
            *wire = first;
        }
        wire.sent = reading.sent;
        let more = round.saturating_sub(wire.round);
        if more == 0 {
            wire.growing = 0;
            return Detour::None;
        }
        // Both ends are not read at one instant: a few packets of difference come and go.
        wire.growing += 1;
        if more <= IN_BETWEEN && wire.growing < 2 {
            return Detour::None;
        }
        wire.round = round;
        Detour::Seen(more)
    }

    /// Forgets wires that are gone.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&WorkloadName) -> bool) {
        self.wires.retain(|workload, _| keep(workload));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::name;

    fn reading(received: u64, sent: u64) -> Delivered {
        Delivered { workload: name("web"), received, sent }
    }

    #[test]
    fn what_came_before_the_hooks_does_not_count() {
        let mut delivery = Delivery::default();
        assert_eq!(delivery.take(&reading(1_000, 10)), Detour::None);
        assert_eq!(delivery.take(&reading(2_000, 1_010)), Detour::None);
    }

    #[test]
    fn a_detour_is_seen_with_its_size() {
        let mut delivery = Delivery::default();
        delivery.take(&reading(10, 10));
        assert_eq!(delivery.take(&reading(1_010, 10)), Detour::Seen(1_000));
        assert_eq!(delivery.take(&reading(1_010, 10)), Detour::None);
    }

    #[test]
    fn a_slow_detour_is_seen_at_the_second_reading() {
        let mut delivery = Delivery::default();
        delivery.take(&reading(10, 10));
        assert_eq!(delivery.take(&reading(13, 10)), Detour::None);
        assert_eq!(delivery.take(&reading(15, 10)), Detour::Seen(5));
    }

    #[test]
    fn another_wire_starts_anew() {
        let mut delivery = Delivery::default();
        delivery.take(&reading(1_000, 500));
        assert_eq!(delivery.take(&reading(0, 0)), Detour::None);
        assert_eq!(delivery.take(&reading(300, 0)), Detour::Seen(300));
    }

    #[test]
    fn packets_between_the_two_readings_come_and_go() {
        let mut delivery = Delivery::default();
        delivery.take(&reading(10, 10));
        assert_eq!(delivery.take(&reading(40, 20)), Detour::None);
        assert_eq!(delivery.take(&reading(50, 50)), Detour::None);
        assert_eq!(delivery.take(&reading(90, 70)), Detour::None);
    }
}

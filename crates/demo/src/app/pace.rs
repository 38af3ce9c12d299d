//! A steady pace for clients: one turn each period, late turns not made up for.

use std::time::{Duration, Instant};

use crate::plan::Addresses;
use std::net::IpAddr;

/// Turns at a fixed period, counted from 0.
#[derive(Debug)]
pub(crate) struct Pace {
    period: Duration,
    next: Instant,
    turn: u64,
}

impl Pace {
    pub(crate) fn every(period: Duration) -> Pace {
        Pace { period, next: Instant::now(), turn: 0 }
    }

    /// Waits for the next turn and says which it is.
    #[allow(clippy::disallowed_methods)] // a client's pace is the passing of time itself
    pub(crate) fn turn(&mut self) -> u64 {
        let now = Instant::now();
        match self.next.checked_duration_since(now) {
            Some(rest) => std::thread::sleep(rest),
            None => self.next = now,
        }
        self.next += self.period;
        self.turn += 1;
        self.turn - 1
    }
}

/// The two families by turns.
pub(crate) fn alternate(addresses: Addresses, turn: u64) -> IpAddr {
    let [v4, v6] = addresses.both();
    if turn.is_multiple_of(2) { v4 } else { v6 }
}

//! Established packets that find nothing of theirs in the processor's caches: each is of another
//! connection than the one before it, of 131,072 in IPv4. Beside ours, as the limit, a program that
//! does no more than look the connection up.
//!
//! Connections that come in the order they were opened in lie side by side in the map; in another
//! order each is somewhere else. Both are measured.

use std::net::IpAddr;

use anyhow::ensure;
use podwall_datapath::Events;

use crate::empty::Empty;
use crate::frame::{ACK, SYN, tcp};
use crate::lab::{CLIENT, Lab, SERVER};
use crate::ours::{Ours, Size};
use crate::program::print;
use crate::report::Form;
use crate::rounds::Rounds;
use crate::traffic::ALLOWED;

/// Connections: each port of the client, to two ports of the server.
const CONNECTIONS: u32 = 1 << 17;
/// Connections that are opened before the ring is emptied.
const BURST: u32 = 1 << 13;
/// Rounds of each row.
const ROUNDS: usize = 9;
/// Ports from one packet to the next while it is measured: neighbours never in turn.
const STRIDE: u32 = 40_503;
/// Beside the pair.
const SIZE: Size = Size { identities: 16, policies: 16 };

/// In which order connections were opened, as against the order of the packets measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Same,
    Another,
}

/// Prints all rows.
pub(crate) fn measure(lab: &Lab, form: Form) -> anyhow::Result<()> {
    for order in [Order::Same, Order::Another] {
        let ours = Ours::start(lab, SIZE)?;
        Cold { ours: &ours, empty: Empty::load()? }.measure(order, form)?;
        ours.stop(lab)?;
    }
    Ok(())
}

struct Cold<'a> {
    ours: &'a Ours,
    empty: Empty,
}

impl Cold<'_> {
    fn measure(&self, order: Order, form: Form) -> anyhow::Result<()> {
        let mut events = self.ours.datapath().events()?;
        self.open(order, &mut events)?;
        self.empty.stride(STRIDE)?;
        let (mut ours, mut limit) = (Rounds::default(), Rounds::default());
        for _ in 0..ROUNDS {
            self.empty.wrap_itself()?;
            let floor = self.time(ACK, CONNECTIONS)?;
            self.hand_on_to_ours()?;
            ours.0.push(self.time(ACK, CONNECTIONS)? - floor);
            self.empty.wrap_find()?;
            limit.0.push(self.time(ACK, CONNECTIONS)? - floor);
        }
        ensure!(told(&mut events) == 0, "every run found its own");
        ensure!(self.ours.datapath().lost()? == 0, "every event was written");
        let (order, target) = match order {
            Order::Same => ("in the order they were opened", Some(160.0)),
            Order::Another => ("in another order", None),
        };
        print(form, &format!("established packet, cold, 131,072 {order}"), &ours, target)?;
        print(form, &format!("one lookup alone, cold, 131,072 {order} (limit)"), &limit, None)
    }

    /// Opens all connections, ours and those of the limit.
    fn open(&self, order: Order, events: &mut Events) -> anyhow::Result<()> {
        self.empty.stride(match order {
            Order::Same => STRIDE,
            Order::Another => 1,
        })?;
        self.empty.wrap_find()?;
        self.time(SYN, CONNECTIONS)?;
        self.hand_on_to_ours()?;
        let mut opened = 0;
        for _ in 0..CONNECTIONS / BURST {
            self.time(SYN, BURST)?;
            opened += told(events);
        }
        ensure!(opened == CONNECTIONS as usize, "every connection is told once: {opened}");
        Ok(())
    }

    fn hand_on_to_ours(&self) -> anyhow::Result<()> {
        self.empty.wrap_pinned(&self.ours.program("from_pod"))
    }

    fn time(&self, flags: u8, repeat: u32) -> anyhow::Result<f64> {
        let ends: [IpAddr; 2] = [CLIENT[0].parse()?, SERVER[0].parse()?];
        let frame = tcp(ends[0], ends[1], (0, ALLOWED), flags);
        self.empty.time_wrapped(&frame, self.ours.interfaces[0], repeat)
    }
}

/// How many events the ring holds; they are taken out.
fn told(events: &mut Events) -> usize {
    std::iter::from_fn(|| Some(events.drain(4096)).filter(|events| !events.is_empty()))
        .map(|events| events.len())
        .sum()
}

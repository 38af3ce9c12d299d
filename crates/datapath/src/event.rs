//! Events as the kernel tells them, read in place from the mapped ring and decoded once.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use podwall_model::{
    Address, Direction, FlowKind, Protocol, Reason, RuleId, Verdict, WorkloadName,
};
use podwall_policy::table::{IdentityNumber, Lane};
use zerocopy::FromBytes;

use crate::abi;
use crate::counter::{ReadError, direction};
use crate::datapath::{Datapath, Names};
use crate::ring::Ring;

/// After it was woken, and as long as it finds events, a reader looks again this much later: the
/// kernel does not wake it for what follows more closely.
pub const LINGER: Duration = Duration::from_millis(10);

/// Something that happened to a packet at a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, on the kernel's monotonic clock.
    pub time: Duration,
    /// Why it is told.
    pub kind: FlowKind,
    /// Where it was made.
    pub hook: Hook,
    /// The workload that judged; `None` where the packet met no workload's slot.
    pub workload: Option<WorkloadName>,
    /// Its slot.
    pub slot: u32,
    /// In or out of it.
    pub direction: Direction,
    /// The workload's end of the connection.
    pub own: Address,
    /// The other end, as the packet names it at the workload.
    pub peer: Address,
    /// The workload's port; the id of ICMP queries.
    pub own_port: u16,
    /// The other end's port.
    pub peer_port: u16,
    /// The real other end with its port: behind a service the backend, behind masquerade the
    /// client.
    pub far: Option<(Address, u16)>,
    /// Whether `peer` is a service's address.
    pub through_service: bool,
    /// The protocol.
    pub protocol: Protocol,
    /// What was judged: the server's port, or the ICMP type.
    pub lane: Lane,
    /// The identity of the other end.
    pub identity: IdentityNumber,
    /// What came of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// The rule that decided.
    pub rule: Option<Arc<RuleId>>,
    /// TCP flags of the packet.
    pub tcp_flags: u8,
    /// Its bytes.
    pub length: u32,
    /// How many packets it stands for: the segments of a large one.
    pub packets: u32,
    /// The generation of the tables that judged.
    pub generation: u32,
}

/// The hook that tells an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// What a workload sends.
    FromPod,
    /// What a workload is sent.
    ToPod,
    /// Where packets leave the node's stack.
    Leave,
    /// Where they leave the node.
    Uplink,
}

/// The reader of events. There is one ring, so one reader at a time sees everything.
#[derive(Debug)]
pub struct Events {
    ring: Ring,
    names: Arc<RwLock<Names>>,
}

impl Datapath {
    /// A reader of events.
    pub fn events(&self) -> Result<Events, ReadError> {
        let ring = Ring::new(&self.kernel.maps.events);
        let ring = ring.map_err(|source| ReadError { what: "pw_events", source })?;
        Ok(Events { ring, names: Arc::clone(&self.names) })
    }
}

impl AsFd for Events {
    /// Readable when there are events to drain; whoever was woken looks again after `LINGER`.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }
}

impl Events {
    /// How many events there are that nobody has taken out.
    pub fn waiting(&self) -> u64 {
        self.ring.waiting()
    }

    /// Takes up to `limit` events out of the ring, oldest first.
    pub fn drain(&mut self, limit: usize) -> Vec<Event> {
        let names = self.names.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut events = Vec::new();
        while events.len() < limit {
            let taken = self.ring.take(|record| {
                let event = abi::Event::ref_from_bytes(record).ok()?;
                decode(event, &names)
            });
            match taken {
                Some(event) => events.extend(event),
                None => break,
            }
        }
        events
    }
}

/// `None` for a record whose numbers mean nothing to this build.
fn decode(event: &abi::Event, names: &Names) -> Option<Event> {
    Some(Event {
        time: Duration::from_nanos(event.time),
        kind: kind(event.kind)?,
        hook: hook(event.hook)?,
        workload: names.slots.get(&event.slot).cloned(),
        slot: event.slot,
        direction: direction(event.direction)?,
        own: Address(event.pod),
        peer: Address(event.peer),
        own_port: event.pod_port.get(),
        peer_port: event.peer_port.get(),
        far: (event.known != 0).then(|| (Address(event.far), event.far_port.get())),
        through_service: event.pending != 0,
        protocol: Protocol(event.protocol),
        lane: Lane(event.lane),
        identity: IdentityNumber(event.identity),
        verdict: Verdict::from_number(event.verdict)?,
        reason: Reason::from_number(event.reason)?,
        rule: names.rules.get(&event.rule).cloned(),
        tcp_flags: event.tcp_flags,
        length: event.length,
        packets: event.packets,
        generation: event.generation,
    })
}

fn kind(number: u8) -> Option<FlowKind> {
    Some(match number {
        1 => FlowKind::New,
        2 => FlowKind::Judged,
        3 => FlowKind::Changed,
        4 => FlowKind::Closed,
        _ => return None,
    })
}

fn hook(number: u8) -> Option<Hook> {
    Some(match number {
        1 => Hook::FromPod,
        2 => Hook::ToPod,
        3 => Hook::Leave,
        4 => Hook::Uplink,
        _ => return None,
    })
}

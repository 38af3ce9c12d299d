//! What happens to an agent, and what it does: the two closed lists of this door.
//!
//! `observe` makes events of the outside, `decide` makes actions of events, `act` does them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use podwall_datapath::{Applied, Counter, Event as Seen};
use podwall_model::WorkloadName;
use podwall_wire::node::{Attachment, ToAgent, ToControl};

use crate::force::Order;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// Control answers, on a connection of this number.
    Connected {
        /// Which one, counted from 1.
        connection: u64,
    },
    /// The connection is gone.
    Disconnected,
    /// Control said something.
    Said(ToAgent),
    /// The message given last was written.
    Sent,
    /// The devices of workloads were looked for.
    Located {
        /// The number of the question.
        question: u64,
        /// What was found.
        places: Places,
    },
    /// Some device or address of the node came, went or changed.
    LinksChanged,
    /// What was to be applied is in force, or not.
    Applied(Result<Applied, NotApplied>),
    /// Everything was taken away, or not.
    Removed(Result<(), String>),
    /// Events from the ring, in order.
    Seen(Vec<Seen>),
    /// Counters and losses, as they stand.
    Counted(Counted),
    /// Packets that reached workloads, as both ends of their wires count them.
    Delivered(Vec<Delivered>),
    /// Something that was tried went wrong, and nothing else tells of it.
    Troubled {
        /// What was tried.
        what: Trouble,
        /// Why it did not go, or `None` when it goes again.
        why: Option<String>,
    },
    /// A quarter of a second is over.
    Tick,
}

/// Why what was to be applied is not in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotApplied {
    /// It does not fit. Nothing was written, and trying again would not help.
    Unfit(String),
    /// A write did not come about, e.g. since a device vanished meanwhile. Each workload has the
    /// old or the new; it is tried again.
    Torn(String),
}

/// Where workloads are: the device on the node, or why there is none.
pub(crate) type Places = BTreeMap<WorkloadName, Result<u32, String>>;

/// Counters and losses, absolute.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// All counters.
    pub(crate) counters: Vec<Counter>,
    /// Events that the hooks had to tell.
    pub(crate) produced: u64,
    /// Of these, no room in the ring.
    pub(crate) lost: u64,
    /// Of these, still in the ring.
    pub(crate) waiting: u64,
}

/// Packets of one wire, absolute. `received` was read before `sent`, so that what passed in between
/// can only make a detour look smaller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// Whose wire.
    pub(crate) workload: WorkloadName,
    /// Packets that came in at the workload's end.
    pub(crate) received: u64,
    /// Packets that the node's end sent, all of which passed `to_pod`.
    pub(crate) sent: u64,
}

/// A wire whose ends can be compared: whose it is, the namespace at its other end where that is
/// known, and the device on the node.
pub(crate) type WireOf = (WorkloadName, Option<PathBuf>, u32);

/// What is tried again and again, and may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// Reading counters.
    Counters,
    /// Forgetting connections that ended.
    Expiry,
    /// Adopting connections that were open before.
    Adoption,
    /// Comparing the ends of wires.
    Wires,
    /// Meeting packets on interfaces that have come.
    Uplinks,
}

/// Something to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Action {
    /// Write this to control; `Sent` or `Disconnected` follows.
    Send {
        /// The connection it is meant for.
        connection: u64,
        /// What to write.
        message: ToControl,
    },
    /// Look for the devices of workloads; `Located` follows.
    Locate {
        /// Comes back with the answer.
        question: u64,
        /// Which.
        attachments: Vec<Attachment>,
    },
    /// Put this in force; `Applied` follows at once.
    Apply(Box<Order>),
    /// Take everything away; `Removed` follows at once.
    Remove,
    /// Read counters and losses; `Counted` follows at once.
    Count,
    /// Forget connections that ended.
    Expire,
    /// Compare the ends of these wires; `Delivered` follows.
    CompareWires(Vec<WireOf>),
    /// Meet packets on interfaces that have come, where each has to be met by itself.
    HoldUplinks,
    /// End, leaving everything in force.
    Exit,
}

//! One write to the kernel, said without its maps.
//!
//! A change is a list of these, in an order that leaves the old or the new after each of them.
//! The kernel carries one out (`kernel`), the mirror takes note of it (`mirror`).

use std::sync::Arc;

use podwall_model::{Address, Cidr, Direction, RuleId, WorkloadName};
use podwall_policy::table::IdentityNumber;

use crate::abi;
use crate::span::Span;
use crate::wanted::{Backend, Frontend};

/// Which row of which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RowPlace {
    /// The table's number.
    pub(crate) table: u32,
    /// Which half of it.
    pub(crate) direction: Direction,
    /// The peer it is about.
    pub(crate) peer: IdentityNumber,
}

/// What holds for identities without a row: one half of a table's head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HalfHead {
    /// The fallback's steps; empty where everything passes.
    pub(crate) fallback: Span,
    /// Whether some policy makes the direction default-deny.
    pub(crate) isolation: Isolation,
}

/// Whether a direction is default-deny.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Isolation {
    /// No policy isolates it.
    #[default]
    Open,
    /// Some policy does.
    Isolated,
}

/// The word of a slot: which tables judge it, and under which generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Word {
    /// The table of what enforces.
    pub(crate) enforce: u32,
    /// The table of that and what is in detection.
    pub(crate) both: u32,
    /// The generation its verdicts are kept under.
    pub(crate) generation: u32,
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// Names a rule's number.
    NameRule { number: u32, rule: Arc<RuleId> },
    /// Forgets a rule that nothing holds.
    ForgetRule { number: u32 },
    /// Names an identity's number.
    NameIdentity { number: IdentityNumber, text: String },
    /// Forgets an identity that nothing holds.
    ForgetIdentity { number: IdentityNumber },
    /// Writes a row's steps where nothing looks yet.
    Steps { span: Span, steps: Arc<[abi::Step]> },
    /// Writes what a table says of identities without a row, egress first.
    Head { table: u32, halves: [HalfHead; 2] },
    /// Clears the head of a table that no slot names.
    DropHead { table: u32 },
    /// Leads an identity of a table to a row.
    Row { place: RowPlace, span: Span },
    /// Takes a row away, so that its fallback holds.
    DropRow { place: RowPlace },
    /// Says whose a slot is.
    NameSlot { slot: u32, workload: WorkloadName },
    /// Frees a slot that nothing holds.
    ForgetSlot { slot: u32 },
    /// Bounds the connections of a slot.
    Quota { slot: u32, limit: u32 },
    /// Switches a slot in one store.
    Switch { slot: u32, word: Word },
    /// Leads an interface to its slot.
    Device { interface: u32, slot: u32 },
    /// Forgets an interface.
    DropDevice { interface: u32, slot: u32 },
    /// Lets a slot send from an address.
    Own { address: Address, interface: u32, slot: u32 },
    /// Takes that back.
    Disown { address: Address, slot: u32 },
    /// Leads an address to an identity.
    Address { address: Address, identity: IdentityNumber },
    /// Forgets an address.
    DropAddress { address: Address },
    /// Leads a range to an identity.
    Network { cidr: Cidr, identity: IdentityNumber },
    /// Forgets a range.
    DropNetwork { cidr: Cidr },
    /// Writes backends where nothing looks yet.
    Backends { span: Span, backends: Arc<[Backend]> },
    /// Says where a service leads to.
    Service { frontend: Frontend, span: Span },
    /// Forgets a service.
    DropService { frontend: Frontend },
    /// Puts the hooks on a slot's interface.
    Attach { slot: u32, interface: u32 },
    /// Takes them off.
    Detach { slot: u32, interface: u32 },
    /// Waits until no packet reads what was switched away from before now.
    Grace,
}

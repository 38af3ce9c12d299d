//! The kernel: programs in C, tables, events, and pinned state that describes itself.
//!
//! `Datapath::open` loads or adopts, `apply` writes the difference between what the kernel has and
//! what is wanted, and what the kernel saw comes back as counters and events. The agent decides;
//! nothing here knows a policy document or keeps state outside the kernel.

pub mod abi;
mod adopt;
mod clock;
mod connection;
mod counter;
mod datapath;
mod event;
mod hand;
mod hooks;
mod kernel;
mod link;
mod load;
mod map;
mod mapped;
mod maps;
mod mirror;
mod moves;
mod name;
mod pins;
mod plan;
mod ring;
mod rule_text;
mod run_store;
mod settings;
mod span;
mod sweep;
mod verify;
mod wanted;
mod witness;
mod write;

pub use connection::{
    AdoptedConnections, ConnectionError, Ends, Expired, OpenConnection, Timeouts,
};
pub use counter::{Counter, ReadError, Uncounted};
pub use datapath::{Adopted, AdoptedEndpoint, Applied, ApplyError, Datapath};
pub use event::{Event, Events, Hook, LINGER};
pub use hooks::{InterfaceKind, LeaveKind};
pub use kernel::WriteError;
pub use load::OpenError;
pub use plan::{PlanError, TooLarge};
pub use settings::{Capacity, HookChoice, InterfaceHook, LeaveHook, Settings};
pub use wanted::{Backend, ClassId, ClassTables, Endpoint, Frontend, Wanted};
pub use witness::{Frame, Program, Ran};

/// The object that the build compiled from `bpf/`.
pub const OBJECT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/datapath.bpf.o"));

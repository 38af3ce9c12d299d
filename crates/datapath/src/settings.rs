//! How the kernel's part is made: where it is pinned and how large its maps are.

use std::path::PathBuf;

/// What `Datapath::open` needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A directory in a bpffs; programs, maps and links are pinned under it.
    pub pins: PathBuf,
    /// How much each map holds. State that is adopted keeps the sizes it was made with.
    pub capacity: Capacity,
    /// How the hooks are attached; found out by probing unless a kind is named.
    pub hooks: HookChoice,
    /// For the kill test alone: the process aborts after so many writes to the kernel.
    pub fail_after_writes: Option<u64>,
}

impl Settings {
    /// Pins in this directory, everything else as it comes.
    pub fn new(pins: impl Into<PathBuf>) -> Settings {
        Settings {
            pins: pins.into(),
            capacity: Capacity::default(),
            hooks: HookChoice::default(),
            fail_after_writes: None,
        }
    }
}

/// Which kinds of hooks to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookChoice {
    /// On workloads' interfaces.
    pub interface: InterfaceHook,
    /// Where packets leave the node's stack.
    pub leave: LeaveHook,
}

/// How a program is put on an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InterfaceHook {
    /// tcx where the kernel has it, else clsact.
    #[default]
    Probe,
    /// A tcx link (kernel 6.6).
    Tcx,
    /// A filter of a clsact queueing discipline.
    Clsact,
}

/// How packets are met where they leave the node's stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeaveHook {
    /// Netfilter links where the kernel has them, else uplinks.
    #[default]
    Probe,
    /// Netfilter links at FORWARD and LOCAL_IN (kernel 6.4).
    Netfilter,
    /// The egress of each interface that leads off the node.
    Uplink,
}

/// How much each map holds. What full means stands in the book's table of sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Workloads with hooks, those that left and still have connections included.
    pub slots: u32,
    /// Policy tables, those being replaced included.
    pub tables: u32,
    /// Rows of all tables.
    pub rows: u32,
    /// Steps of all rows, each row once.
    pub steps: u32,
    /// Exact addresses.
    pub addresses: u32,
    /// Address ranges.
    pub networks: u32,
    /// Workloads' own addresses.
    pub own_addresses: u32,
    /// Addresses, ports and protocols of services.
    pub services: u32,
    /// Backends of all services.
    pub backends: u32,
    /// Connections, shared out among workloads.
    pub connections: u32,
    /// Datagrams in pieces.
    pub fragments: u32,
    /// Counters: slot, rule, direction, verdict and reason each have one.
    pub counters: u32,
    /// Bytes of the ring of events; a power of two.
    pub ring_bytes: u32,
    /// Parts of 248 bytes of the names of rules.
    pub rule_names: u32,
    /// Parts of the names of identities.
    pub identity_names: u32,
}

impl Default for Capacity {
    /// For a node of some hundred workloads: about 120 MB of kernel memory.
    fn default() -> Capacity {
        Capacity {
            slots: 1024,
            tables: 4096,
            rows: 262_144,
            steps: 1 << 20,
            addresses: 131_072,
            networks: 65_536,
            own_addresses: 4096,
            services: 16_384,
            backends: 65_536,
            connections: 262_144,
            fragments: 16_384,
            counters: 32_768,
            ring_bytes: 8 << 20,
            rule_names: 131_072,
            identity_names: 262_144,
        }
    }
}

//! What the kernel side and this crate share: the mirror of `bpf/abi.h`.
//!
//! Every struct has the name and the fields of its C twin without the prefix `pw_`; a test compares
//! each field with the object's BTF. Ports are in network order, addresses are IPv4-mapped.

use podwall_model::Address;
use zerocopy::byteorder::network_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The layout of pinned state that this build writes and understands.
pub const LAYOUT: u32 = 4;
/// Out of the workload: index of a table's half.
pub const EGRESS: u8 = 0;
/// Into the workload: index of a table's half.
pub const INGRESS: u8 = 1;
/// The action of a decision that lets pass.
pub const ALLOW: u32 = 0;
/// The action of a decision that stops.
pub const DENY: u32 = 1;
/// A decision's action stands in the bits from here on; the rule's number in those below.
pub const ACTION_SHIFT: u32 = 30;
/// The bits of a decision that hold the rule's number, 0 for none.
pub const RULE_MASK: u32 = (1 << ACTION_SHIFT) - 1;
/// A slot's generation stands in the bits from here on.
pub const GENERATION_SHIFT: u32 = 40;
/// A slot's table of E+D stands in the bits from here on; that of E in those below.
pub const BOTH_SHIFT: u32 = 20;
/// A packet's own conntrack entry is not read.
pub const NAT_NONE: u32 = 0;
/// It is read by a cast of the context (kernel 6.2).
pub const NAT_CAST: u32 = 1;
/// It is read by a probing helper (kernel 5.8).
pub const NAT_PROBE: u32 = 2;
/// The key of a connection that is no exchange of ICMP queries.
pub const NOT_QUERY: u8 = 0;
/// The workload sends the queries.
pub const POD_ASKS: u8 = 1;
/// The other end sends the queries.
pub const PEER_ASKS: u8 = 2;
/// One tick of `seen` and `made` is so many jiffies, as a power of two.
pub const TICK_SHIFT: u32 = 8;
/// Bytes of a name that one element of a name map holds.
pub const NAME_BYTES: usize = 248;

/// The word of a slot, read once per packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotWord {
    /// The generation; 0 means that the slot is not ready.
    pub generation: u32,
    /// The number of the table of E+D.
    pub both: u32,
    /// The number of the table of E.
    pub enforce: u32,
}

impl SlotWord {
    /// The word as it stands in `pw_slots`.
    ///
    /// # Panics
    /// If the generation exceeds 24 bits or a table's number 20.
    pub fn pack(self) -> u64 {
        assert!(self.generation < 1 << 24, "a generation has 24 bits");
        assert!(self.both < 1 << 20 && self.enforce < 1 << 20, "a table's number has 20 bits");
        u64::from(self.generation) << GENERATION_SHIFT
            | u64::from(self.both) << BOTH_SHIFT
            | u64::from(self.enforce)
    }

    /// The parts of a word.
    pub fn unpack(word: u64) -> SlotWord {
        let table = |shifted: u64| u32::try_from(shifted & 0xf_ffff).expect("20 bits fit");
        SlotWord {
            generation: u32::try_from(word >> GENERATION_SHIFT).expect("24 bits fit"),
            both: table(word >> BOTH_SHIFT),
            enforce: table(word),
        }
    }
}

macro_rules! shared {
    ($($(#[$doc:meta])* $twin:literal $name:ident { $($field:ident: $kind:ty,)* })*) => {
        $(
            $(#[$doc])*
            ///
            /// The fields are explained in `bpf/abi.h`.
            #[allow(missing_docs)]
            #[derive(
                Clone, Copy, Debug, PartialEq, Eq, Hash,
                FromBytes, IntoBytes, Immutable, KnownLayout,
            )]
            #[repr(C)]
            pub struct $name { $(pub $field: $kind,)* }

            impl Default for $name {
                fn default() -> $name {
                    zerocopy::FromZeros::new_zeroed()
                }
            }
        )*

        /// A struct as this side sees it: name in C, size; name, offset and size of each field.
        pub type Layout = (&'static str, usize, Vec<(&'static str, usize, usize)>);

        /// Every shared struct, to be compared with an object's BTF.
        pub fn layouts() -> Vec<Layout> {
            vec![$((
                $twin,
                size_of::<$name>(),
                vec![$((
                    stringify!($field),
                    std::mem::offset_of!($name, $field),
                    size_of::<$kind>(),
                ),)*],
            ),)*]
        }
    };
}

/// An address as it stands in maps.
pub type Bytes = [u8; 16];

/// The bytes of an address.
pub fn bytes(address: Address) -> Bytes {
    address.0
}

shared! {
    /// The settings of the object, written before it is loaded.
    "pw_settings" Settings {
        nat: u32,
    }
    /// What pinned state is.
    "pw_about" About {
        layout: u32,
        pad: u32,
        made: u64,
    }
    /// The slot behind the host side of a veth.
    "pw_device" Device {
        slot: u32,
        pad: u32,
    }
    /// Where an address of a workload is.
    "pw_endpoint" Endpoint {
        ifindex: u32,
        slot: u32,
    }
    /// How many connections a slot may hold.
    "pw_quota" Quota {
        closed: u64,
        limit: u32,
        pad: u32,
    }
    /// A run of steps.
    "pw_row" Row {
        start: u32,
        length: u32,
    }
    /// One policy set as one class meets it.
    "pw_table" Table {
        fallback: [Row; 2],
        isolated: [u32; 2],
    }
    /// Whose row it is, in which table and direction.
    "pw_row_key" RowKey {
        table: u32,
        identity: u32,
        direction: u32,
    }
    /// A decision from a lane on.
    "pw_step" Step {
        first: u32,
        decision: u32,
    }
    /// A true address range.
    "pw_network" Network {
        prefix: u32,
        address: [u8; 16],
    }
    /// What a workload may connect to instead of a backend.
    "pw_frontend" Frontend {
        address: Bytes,
        port: U16,
        protocol: u8,
        pad: [u8; 5],
    }
    /// A run of backends.
    "pw_backends_of" BackendsOf {
        first: u32,
        count: u32,
    }
    /// One backend.
    "pw_backend" Backend {
        address: Bytes,
        port: U16,
        pad: [u8; 6],
    }
    /// The two ends of a connection, the workload first.
    "pw_connection_key" ConnectionKey {
        pod: Bytes,
        peer: Bytes,
        pod_port: U16,
        peer_port: U16,
        protocol: u8,
        asker: u8,
        pad: [u8; 2],
    }
    /// One workload's side of one connection.
    "pw_connection" Connection {
        generation: u32,
        slot: u32,
        ifindex: u32,
        counter: u32,
        seen: u32,
        opener: u8,
        verdict: u8,
        pending: u8,
        answered: u8,
        known: u8,
        ends: u8,
        closed: u8,
        reason: u8,
        rule: u32,
        identity: u32,
        made: u32,
        far_port: U16,
        adopted: u8,
        guessed: u8,
        host: u8,
        icmp_type: u8,
        pad: [u8; 2],
        far: Bytes,
    }
    /// One datagram in pieces, at one hook.
    "pw_fragment_key" FragmentKey {
        pod: Bytes,
        peer: Bytes,
        id: u32,
        protocol: u8,
        hook: u8,
        pad: [u8; 2],
    }
    /// What the first piece said.
    "pw_fragment" Fragment {
        pod_port: U16,
        peer_port: U16,
        protocol: u8,
        icmp_type: u8,
        query: u8,
        asker: u8,
    }
    /// What one counter counts.
    "pw_counter_key" CounterKey {
        slot: u32,
        rule: u32,
        direction: u8,
        verdict: u8,
        reason: u8,
        pad: u8,
    }
    /// Packets and bytes.
    "pw_counter" Counter {
        packets: u64,
        bytes: u64,
    }
    /// A packet let go on undecided.
    "pw_hand" Hand {
        number: u64,
        moved: u64,
        key: ConnectionKey,
        slot: u32,
        packets: u32,
        bytes: u32,
        pad: u32,
    }
    /// Events told and lost.
    "pw_event_counts" EventCounts {
        told: u64,
        lost: u64,
        last: u64,
        woken: u64,
    }
    /// A record of the ring.
    "pw_event" Event {
        time: u64,
        pod: Bytes,
        peer: Bytes,
        far: Bytes,
        pod_port: U16,
        peer_port: U16,
        far_port: U16,
        protocol: u8,
        kind: u8,
        slot: u32,
        generation: u32,
        rule: u32,
        identity: u32,
        lane: u32,
        length: u32,
        packets: u32,
        direction: u8,
        verdict: u8,
        reason: u8,
        tcp_flags: u8,
        hook: u8,
        pending: u8,
        known: u8,
        asker: u8,
        pad: [u8; 4],
    }
    /// One part of the name of a number.
    "pw_name_key" NameKey {
        number: u32,
        part: u32,
    }
    /// The text of one part of a name.
    "pw_name" Name {
        parts: u32,
        length: u32,
        text: [u8; NAME_BYTES],
    }
}

//! What became of a packet, and why.

use std::fmt;

/// What the two tables together say of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Verdict {
    /// It passed, and would pass if all that is in detection were enforced.
    Forwarded = 1,
    /// It passed, and would be dropped if all that is in detection were enforced.
    WouldDrop = 2,
    /// It was dropped.
    Dropped = 3,
    /// It was dropped, and would pass if all that is in detection were enforced.
    WouldAllow = 4,
}

impl Verdict {
    /// Every verdict, in the order of their numbers.
    pub const ALL: [Verdict; 4] =
        [Verdict::Forwarded, Verdict::WouldDrop, Verdict::Dropped, Verdict::WouldAllow];

    /// The verdict with this number, as the kernel writes it.
    pub fn from_number(number: u8) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|verdict| *verdict as u8 == number)
    }

    /// Whether the packet went on.
    pub fn passed(self) -> bool {
        matches!(self, Verdict::Forwarded | Verdict::WouldDrop)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Forwarded => "forwarded",
            Verdict::WouldDrop => "would drop",
            Verdict::Dropped => "dropped",
            Verdict::WouldAllow => "would allow",
        })
    }
}

macro_rules! reasons {
    ($($name:ident = $number:literal, $words:literal;)*) => {
        /// Why a packet was, or would be, stopped. Numbers are Hubble's drop reasons, so that
        /// `hubble` and its dashboards understand them; `bpf/reason.h` holds the same list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Reason { $(#[doc = $words] $name = $number,)* }

        impl Reason {
            /// Every reason, in the order of their numbers.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)*];

            /// In a few words, for people.
            pub fn words(self) -> &'static str {
                match self { $(Reason::$name => $words,)* }
            }
        }
    };
}

reasons! {
    None = 0, "nothing stops it";
    InvalidSource = 132, "source address is not the workload's own";
    DefaultDeny = 133, "no rule allows it";
    Malformed = 134, "malformed packet";
    Truncated = 135, "truncated header";
    UnknownProtocol = 137, "transport protocol that cannot be tracked";
    NotIp = 139, "neither IPv4, IPv6 nor ARP";
    NoSlot = 155, "no room to track the connection";
    BadExtension = 156, "IPv6 extension headers that cannot be followed";
    FragmentUnknown = 175, "fragment whose first part was not seen";
    ForbiddenIcmp6 = 176, "router advertisement or neighbour message that a workload may not send";
    DenyRule = 181, "a rule denies it";
    Vlan = 182, "tagged frame";
    GateRequired = 180, "needs the L7 gate, and there is none";
    NotReady = 203, "no table for this workload yet";
}

impl Reason {
    /// The reason with this number, as the kernel writes it.
    pub fn from_number(number: u8) -> Option<Reason> {
        Reason::ALL.iter().copied().find(|reason| *reason as u8 == number)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

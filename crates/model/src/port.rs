//! Transport protocols and the ports that workloads name.

use std::fmt;
use std::str::FromStr;

/// An IP protocol number with the names that people use for the common ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(pub u8);

impl Protocol {
    /// ICMP for IPv4.
    pub const ICMP: Protocol = Protocol(1);
    /// TCP.
    pub const TCP: Protocol = Protocol(6);
    /// UDP.
    pub const UDP: Protocol = Protocol(17);
    /// ICMP for IPv6.
    pub const ICMP6: Protocol = Protocol(58);
    /// SCTP.
    pub const SCTP: Protocol = Protocol(132);
    /// IGMP.
    pub const IGMP: Protocol = Protocol(2);
    /// VRRP.
    pub const VRRP: Protocol = Protocol(112);

    /// Whether its packets begin with a source and a destination port.
    pub fn has_ports(self) -> bool {
        matches!(self, Protocol::TCP | Protocol::UDP | Protocol::SCTP)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Protocol::ICMP => f.write_str("ICMPv4"),
            Protocol::TCP => f.write_str("TCP"),
            Protocol::UDP => f.write_str("UDP"),
            Protocol::ICMP6 => f.write_str("ICMPv6"),
            Protocol::SCTP => f.write_str("SCTP"),
            Protocol::IGMP => f.write_str("IGMP"),
            Protocol::VRRP => f.write_str("VRRP"),
            Protocol(number) => write!(f, "{number}"),
        }
    }
}

/// A word that names no protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownProtocol(pub String);

impl fmt::Display for UnknownProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a protocol: `{}`, hint: write TCP, UDP, SCTP or a number", self.0)
    }
}

impl std::error::Error for UnknownProtocol {}

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    /// Case does not matter, as in Kubernetes manifests read by Cilium.
    fn from_str(word: &str) -> Result<Protocol, UnknownProtocol> {
        match word.to_ascii_uppercase().as_str() {
            "TCP" => Ok(Protocol::TCP),
            "UDP" => Ok(Protocol::UDP),
            "SCTP" => Ok(Protocol::SCTP),
            "ICMP" | "ICMPV4" => Ok(Protocol::ICMP),
            "ICMP6" | "ICMPV6" => Ok(Protocol::ICMP6),
            "IGMP" => Ok(Protocol::IGMP),
            "VRRP" => Ok(Protocol::VRRP),
            other => other.parse().map(Protocol).map_err(|_| UnknownProtocol(word.to_owned())),
        }
    }
}

/// Which of the two ICMPs a rule or a packet speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IcmpFamily {
    /// ICMP over IPv4.
    V4,
    /// ICMPv6.
    V6,
}

impl IcmpFamily {
    /// The protocol number on the wire.
    pub fn protocol(self) -> Protocol {
        match self {
            IcmpFamily::V4 => Protocol::ICMP,
            IcmpFamily::V6 => Protocol::ICMP6,
        }
    }
}

/// A container port with a name, as policies may refer to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedPort {
    /// The IANA-style name, lower case.
    pub name: String,
    /// The port number.
    pub port: u16,
    /// TCP, UDP or SCTP.
    pub protocol: Protocol,
}

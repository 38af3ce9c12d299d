//! Spans of lanes: what the port list of a rule covers on the line of all protocols and ports.

use std::collections::BTreeSet;

use podwall_model::{IcmpFamily, NamedPort, Protocol};

use super::fault::{Fault, seeded};
use crate::rule::{Port, Ports};
use crate::table::Lane;

/// `first..=last` on the line of lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Span {
    pub(super) first: u32,
    pub(super) last: u32,
}

impl Span {
    pub(super) const EVERYTHING: Span = Span { first: 0, last: Lane::END - 1 };

    fn ports(protocol: Protocol, first: u16, last: u16) -> Span {
        Span { first: Lane::new(protocol, first).0, last: Lane::new(protocol, last).0 }
    }
}

/// What the items cover that mean the same for every peer.
pub(super) fn fixed(ports: &Ports) -> Vec<Span> {
    let items = match ports {
        Ports::Any if seeded(Fault::AnyPortIsNoIcmp) => {
            return [Protocol::TCP, Protocol::UDP, Protocol::SCTP]
                .map(|protocol| Span::ports(protocol, 0, u16::MAX))
                .to_vec();
        }
        Ports::Any => return vec![Span::EVERYTHING],
        Ports::AnyOf(items) if items.is_empty() && seeded(Fault::NoPortsIsAny) => {
            return vec![Span::EVERYTHING];
        }
        Ports::AnyOf(items) => items,
    };
    items.iter().filter_map(fixed_item).collect()
}

fn fixed_item(port: &Port) -> Option<Span> {
    match *port {
        Port::All(protocol) => Some(Span::ports(protocol, 0, u16::MAX)),
        Port::Range { protocol, first, last } => {
            let last = if seeded(Fault::RangeEndsEarly) && last > first { last - 1 } else { last };
            Some(Span::ports(protocol, first, last))
        }
        Port::Named { .. } => None,
        Port::Icmp { family: IcmpFamily::V4, kind: 0 } if seeded(Fault::IcmpZeroIsAny) => {
            Some(Span::ports(Protocol::ICMP, 0, u16::MAX))
        }
        Port::Icmp { family, kind } => {
            Some(Span::ports(family.protocol(), u16::from(kind), u16::from(kind)))
        }
    }
}

/// Whether some item speaks of a port by name.
pub(super) fn has_names(ports: &Ports) -> bool {
    match ports {
        Ports::Any => false,
        Ports::AnyOf(items) => items.iter().any(|item| matches!(item, Port::Named { .. })),
    }
}

/// Whose ports a name is looked up in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// The subject's own (ingress): a range may start at the name.
    Subject,
    /// The peer's (egress): the end of a range means nothing.
    Peer,
}

/// What the items cover that speak of a port by name, with the server's ports. A name that the
/// server does not declare covers nothing.
pub(super) fn named(ports: &Ports, declared: &BTreeSet<NamedPort>, server: Server) -> Vec<Span> {
    let Ports::AnyOf(items) = ports else { return Vec::new() };
    let mut spans = Vec::new();
    for item in items {
        let Port::Named { name, protocol, last } = item else { continue };
        let matching = declared.iter().filter(|port| {
            let fits = protocol.is_none_or(|protocol| protocol == port.protocol);
            port.name == *name && (fits || seeded(Fault::NameIgnoresProtocol))
        });
        for port in matching {
            let last = match (server, last) {
                (Server::Subject, Some(last)) if !seeded(Fault::NamedRangeIsOnePort) => *last,
                (Server::Subject | Server::Peer, _) => port.port,
            };
            spans.push(Span::ports(port.protocol, port.port, last.max(port.port)));
        }
    }
    spans
}

//! Ports and ICMP types of an element: what of a peer's traffic it is about.

use std::sync::Arc;

use podwall_model::{Direction, Protocol};

use crate::demand::read::{self as demand, Place};
use crate::demand::{Demand, PortDemand};
use crate::diagnostic::{Code, Findings, Span, shown};
use crate::fields::{self, Fields};
use crate::rule::{Port, Ports};
use crate::scope::Gate;
use crate::yaml::Node;

/// The most ports one `ports` list may hold (Cilium's limit).
const MAX_PORTS: usize = 40;

/// Which list the element stands in; a denying one knows no L7 fields at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Allow,
    Deny,
}

/// Where a `toPorts` stands.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) purpose: Purpose,
    pub(crate) direction: Direction,
    pub(crate) gate: Gate,
}

/// What a `toPorts` says.
#[derive(Default)]
pub(crate) struct ToPorts {
    /// The ports of all items.
    pub(crate) ports: Vec<Port>,
    /// What each item asks of requests; empty if none asks anything.
    pub(crate) demands: Vec<PortDemand>,
}

/// Reads `toPorts` of CNP. `None`: absent or empty, no restriction.
pub(crate) fn read_to_ports(
    node: &Node,
    setting: Setting,
    findings: &mut Findings,
) -> Option<ToPorts> {
    let items = fields::items(node, findings)?;
    if items.is_empty() {
        return None;
    }
    let mut all = ToPorts::default();
    for item in items {
        let Some(mut fields) = Fields::of(item, findings) else { continue };
        let list = fields.take("ports");
        let demand = match setting.purpose {
            Purpose::Allow => {
                let Setting { direction, gate, .. } = setting;
                demand::take(&mut fields, Place { direction, gate, ports: list }, findings)
            }
            Purpose::Deny => Demand::default(),
        };
        fields.finish(findings);
        let Some(list) = list else { continue };
        let entries = fields::items(list, findings).unwrap_or_default();
        if entries.len() > MAX_PORTS {
            let message = format!("too many ports, the max is {MAX_PORTS}");
            findings.error(Code::TOO_MANY_PORTS, list.span, message);
            continue;
        }
        let mut ports = Vec::new();
        for entry in entries {
            read_port(entry, &mut ports, findings);
        }
        all.ports.extend_from_slice(&ports);
        all.demands.push(PortDemand { ports: Ports::AnyOf(ports), demand: Arc::new(demand) });
    }
    if all.demands.iter().all(|item| item.demand.protocol().is_none()) {
        all.demands.clear();
    }
    Some(all)
}

fn read_port(node: &Node, ports: &mut Vec<Port>, findings: &mut Findings) {
    let Some(mut fields) = Fields::of(node, findings) else { return };
    let port = fields.take("port");
    let end = fields.take("endPort");
    let protocol = fields.take("protocol");
    fields.finish(findings);
    let at = port.map_or(node.span, |port| port.span);
    let text = match port {
        Some(port) => match fields::text(port, findings) {
            Some(text) => text,
            None => return,
        },
        None => "",
    };
    let end = match end.map(|end| fields::number(end, 65535, findings)) {
        Some(None) => return,
        Some(Some(end)) => end as u16,
        None => 0,
    };
    let protocol = match protocol {
        Some(node) => match read_protocol(node, findings) {
            Some(protocol) => protocol,
            None => return,
        },
        None => Asked::Any,
    };
    match protocol {
        Asked::Bare(protocol) if matches!(text, "" | "0") => ports.push(Port::All(protocol)),
        Asked::Bare(_) => findings.error(Code::PORT, at, "port must be empty or 0"),
        Asked::Any | Asked::One(_) if text.is_empty() => {
            findings.error_with(
                Code::PORT,
                at,
                "port must be specified",
                "write \"0\" for all ports",
            );
        }
        Asked::Any | Asked::One(_) => {
            let one = match protocol {
                Asked::One(protocol) => Some(protocol),
                Asked::Any | Asked::Bare(_) => None,
            };
            match read_number(text, at, findings) {
                Some(Number::Port(first)) => expand(one, first, end, ports),
                Some(Number::Name(name)) => {
                    let last = (end != 0).then_some(end);
                    ports.push(Port::Named { name, protocol: one, last });
                }
                None => {}
            }
        }
    }
}

/// One port, a range, or all ports, under one protocol or under all three that have ports.
/// A last port below the first counts as none.
pub(crate) fn expand(protocol: Option<Protocol>, first: u16, end: u16, ports: &mut Vec<Port>) {
    const WITH_PORTS: [Protocol; 3] = [Protocol::TCP, Protocol::UDP, Protocol::SCTP];
    let protocols = WITH_PORTS.into_iter().filter(|p| protocol.is_none_or(|one| one == *p));
    ports.extend(protocols.map(|protocol| match first {
        0 => Port::All(protocol),
        first => Port::Range { protocol, first, last: end.max(first) },
    }));
}

pub(crate) enum Number {
    Port(u16),
    Name(String),
}

/// A port number, or a service name of up to 15 characters with a letter in it.
pub(crate) fn read_number(text: &str, at: Span, findings: &mut Findings) -> Option<Number> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return match fields::decimal(text).and_then(|number| u16::try_from(number).ok()) {
            Some(number) => Some(Number::Port(number)),
            None => {
                let message = format!("unable to parse port: `{}`", shown(text));
                let help = "write a number from 0 to 65535 without a leading zero";
                findings.error_with(Code::PORT, at, message, help);
                None
            }
        };
    }
    let bytes = text.as_bytes();
    let fits = bytes.len() <= 15
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        && bytes.iter().any(u8::is_ascii_alphabetic)
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--");
    if fits {
        return Some(Number::Name(text.to_ascii_lowercase()));
    }
    findings.error_with(
        Code::PORT,
        at,
        format!("neither a port nor a port's name: `{}`", shown(text)),
        "a name has up to 15 letters, digits and single dashes, and at least one letter",
    );
    None
}

#[derive(Clone, Copy)]
enum Asked {
    /// TCP, UDP and SCTP.
    Any,
    One(Protocol),
    /// A protocol without ports.
    Bare(Protocol),
}

fn read_protocol(node: &Node, findings: &mut Findings) -> Option<Asked> {
    let text = fields::text(node, findings)?;
    Some(match text.to_ascii_uppercase().as_str() {
        "" | "ANY" => Asked::Any,
        "TCP" => Asked::One(Protocol::TCP),
        "UDP" => Asked::One(Protocol::UDP),
        "SCTP" => Asked::One(Protocol::SCTP),
        "VRRP" => Asked::Bare(Protocol::VRRP),
        "IGMP" => Asked::Bare(Protocol::IGMP),
        other => {
            let message = format!(
                "invalid protocol `{}`, must be {{ tcp | udp | sctp | vrrp | igmp | any }}",
                shown(text)
            );
            if other.starts_with("ICMP") {
                let help = "ICMP has a list of its own in the element: `icmps`";
                findings.error_with(Code::PROTOCOL, node.span, message, help);
            } else {
                findings.error(Code::PROTOCOL, node.span, message);
            }
            return None;
        }
    })
}

/// The ports of an element from its two lists.
pub(crate) fn join(to_ports: Option<Vec<Port>>, icmps: Option<Vec<Port>>) -> Ports {
    let Some(mut ports) = to_ports.or(icmps) else { return Ports::Any };
    ports.sort();
    ports.dedup();
    Ports::AnyOf(ports)
}

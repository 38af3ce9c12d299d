//! Protocols and ports of policies in tiers, in the two ways that they are written.

use podwall_model::{PolicyKind, Protocol};

use super::{Form, at_most};
use crate::diagnostic::{Code, Findings, shown};
use crate::fields::{self, Fields};
use crate::ports::{self, Number};
use crate::rule::{Port, Ports};
use crate::yaml::Node;

/// Reads a list that has to hold something.
pub(super) fn read(node: &Node, form: &Form, findings: &mut Findings) -> Option<Ports> {
    let items = at_most(node, form.most, form.ports, findings);
    if fields::is_empty_list(node) {
        let message = format!("`{}` needs at least one item", form.ports);
        findings.error_with(Code::MISSING, node.span, message, "take it away for every protocol");
        return None;
    }
    let mut list = Vec::new();
    for item in items {
        list.extend(match form.kind {
            PolicyKind::ClusterNetworkPolicy => read_protocol(item, findings),
            PolicyKind::AdminNetworkPolicy
            | PolicyKind::BaselineAdminNetworkPolicy
            | PolicyKind::CiliumClusterwideNetworkPolicy
            | PolicyKind::CiliumNetworkPolicy
            | PolicyKind::NetworkPolicy
            | PolicyKind::CiliumCIDRGroup => read_port(item, findings),
        });
    }
    Some(ports::join(Some(list), None))
}

/// Whether some item speaks of a port by name.
pub(super) fn has_names(ports: &Ports) -> bool {
    match ports {
        Ports::Any => false,
        Ports::AnyOf(list) => list.iter().any(|port| matches!(port, Port::Named { .. })),
    }
}

/// `{tcp: {destinationPort: ...}}` and its like (v1alpha2).
fn read_protocol(node: &Node, findings: &mut Findings) -> Option<Port> {
    let mut fields = Fields::of(node, findings)?;
    let protocols = [("tcp", Protocol::TCP), ("udp", Protocol::UDP), ("sctp", Protocol::SCTP)]
        .map(|(name, protocol)| (fields.take(name), protocol));
    let name = fields.take("destinationNamedPort");
    let span = fields.span;
    fields.finish(findings);
    let found: Vec<(&Node, Protocol)> =
        protocols.into_iter().filter_map(|(node, protocol)| Some((node?, protocol))).collect();
    match (found.as_slice(), name) {
        ([(node, protocol)], None) => read_destination(node, *protocol, findings),
        ([], Some(name)) => read_name(name, findings),
        (_, _) => {
            let message = "exactly one is wanted of tcp, udp, sctp and destinationNamedPort";
            findings.error(Code::PROTOCOL, span, message);
            None
        }
    }
}

fn read_destination(node: &Node, protocol: Protocol, findings: &mut Findings) -> Option<Port> {
    let mut fields = Fields::of(node, findings)?;
    let port = fields.take("destinationPort");
    let span = fields.span;
    fields.finish(findings);
    let Some(port) = port else {
        findings.error(Code::MISSING, span, "`destinationPort` is needed");
        return None;
    };
    let mut fields = Fields::of(port, findings)?;
    let number = fields.take("number");
    let range = fields.take("range");
    let span = fields.span;
    fields.finish(findings);
    match (number, range) {
        (Some(number), None) => {
            let first = read_number(number, findings)?;
            Some(Port::Range { protocol, first, last: first })
        }
        (None, Some(range)) => {
            let fields = Fields::of(range, findings)?;
            read_range(fields, protocol, findings)
        }
        (_, _) => {
            findings.error(Code::PORT, span, "exactly one is wanted of number and range");
            None
        }
    }
}

/// `{portNumber: ...}` and its like (v1alpha1).
fn read_port(node: &Node, findings: &mut Findings) -> Option<Port> {
    let mut fields = Fields::of(node, findings)?;
    let number = fields.take("portNumber");
    let name = fields.take("namedPort");
    let range = fields.take("portRange");
    let span = fields.span;
    fields.finish(findings);
    match (number, name, range) {
        (Some(node), None, None) => {
            let mut fields = Fields::of(node, findings)?;
            let protocol = read_protocol_name(&mut fields, findings)?;
            let port = fields.take("port");
            let span = fields.span;
            fields.finish(findings);
            let Some(port) = port else {
                findings.error(Code::MISSING, span, "`port` is needed in a portNumber");
                return None;
            };
            let first = read_number(port, findings)?;
            Some(Port::Range { protocol, first, last: first })
        }
        (None, Some(name), None) => read_name(name, findings),
        (None, None, Some(node)) => {
            let mut fields = Fields::of(node, findings)?;
            let protocol = read_protocol_name(&mut fields, findings)?;
            read_range(fields, protocol, findings)
        }
        (_, _, _) => {
            let message = "exactly one is wanted of portNumber, namedPort and portRange";
            findings.error(Code::PORT, span, message);
            None
        }
    }
}

fn read_protocol_name(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<Protocol> {
    let Some(node) = fields.take("protocol") else { return Some(Protocol::TCP) };
    match fields::text(node, findings)? {
        "TCP" => Some(Protocol::TCP),
        "UDP" => Some(Protocol::UDP),
        "SCTP" => Some(Protocol::SCTP),
        other => {
            let message = format!("invalid protocol `{}`", shown(other));
            findings.error_with(Code::PROTOCOL, node.span, message, "write TCP, UDP or SCTP");
            None
        }
    }
}

/// `start` and `end`, of which the first is lower.
fn read_range(mut fields: Fields<'_>, protocol: Protocol, findings: &mut Findings) -> Option<Port> {
    let (start, end) = (fields.take("start"), fields.take("end"));
    let span = fields.span;
    fields.finish(findings);
    let (Some(start), Some(end)) = (start, end) else {
        findings.error(Code::MISSING, span, "`start` and `end` are both needed in a range");
        return None;
    };
    let (first, last) = (read_number(start, findings)?, read_number(end, findings)?);
    if first >= last {
        findings.error(Code::PORT, span, "Start port must be less than End port");
        return None;
    }
    Some(Port::Range { protocol, first, last })
}

fn read_number(node: &Node, findings: &mut Findings) -> Option<u16> {
    let number = fields::number(node, u32::from(u16::MAX), findings)?;
    if number == 0 {
        findings.error(Code::PORT, node.span, "port must be between 1 and 65535");
    }
    u16::try_from(number).ok().filter(|number| *number > 0)
}

fn read_name(node: &Node, findings: &mut Findings) -> Option<Port> {
    match ports::read_number(fields::text(node, findings)?, node.span, findings)? {
        Number::Name(name) => Some(Port::Named { name, protocol: None, last: None }),
        Number::Port(_) => {
            findings.error(Code::PORT, node.span, "a name is wanted here, not a number");
            None
        }
    }
}

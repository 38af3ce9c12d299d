//! ICMP types by number and by name (Cilium's names, which are IANA's run together).

use podwall_model::IcmpFamily;

use crate::diagnostic::{Code, Findings, Span, shown};
use crate::fields::{self, Fields};
use crate::rule::Port;
use crate::yaml::Node;

/// The most types one `fields` list may hold (Cilium's limit).
const MAX_TYPES: usize = 40;

const V4: [(&str, u8); 14] = [
    ("EchoReply", 0),
    ("DestinationUnreachable", 3),
    ("Redirect", 5),
    ("Echo", 8),
    ("EchoRequest", 8),
    ("RouterAdvertisement", 9),
    ("RouterSelection", 10),
    ("TimeExceeded", 11),
    ("ParameterProblem", 12),
    ("Timestamp", 13),
    ("TimestampReply", 14),
    ("Photuris", 40),
    ("ExtendedEchoRequest", 42),
    ("ExtendedEchoReply", 43),
];

const V6: [(&str, u8); 27] = [
    ("DestinationUnreachable", 1),
    ("PacketTooBig", 2),
    ("TimeExceeded", 3),
    ("ParameterProblem", 4),
    ("EchoRequest", 128),
    ("EchoReply", 129),
    ("MulticastListenerQuery", 130),
    ("MulticastListenerReport", 131),
    ("MulticastListenerDone", 132),
    ("RouterSolicitation", 133),
    ("RouterAdvertisement", 134),
    ("NeighborSolicitation", 135),
    ("NeighborAdvertisement", 136),
    ("RedirectMessage", 137),
    ("RouterRenumbering", 138),
    ("ICMPNodeInformationQuery", 139),
    ("ICMPNodeInformationResponse", 140),
    ("InverseNeighborDiscoverySolicitation", 141),
    ("InverseNeighborDiscoveryAdvertisement", 142),
    ("HomeAgentAddressDiscoveryRequest", 144),
    ("HomeAgentAddressDiscoveryReply", 145),
    ("MobilePrefixSolicitation", 146),
    ("MobilePrefixAdvertisement", 147),
    ("DuplicateAddressRequestCodeSuffix", 157),
    ("DuplicateAddressConfirmationCodeSuffix", 158),
    ("ExtendedEchoRequest", 160),
    ("ExtendedEchoReply", 161),
];

/// The type with this name in a family, or with this number.
pub fn kind(family: IcmpFamily, word: &str) -> Option<u8> {
    let names: &[(&str, u8)] = match family {
        IcmpFamily::V4 => &V4,
        IcmpFamily::V6 => &V6,
    };
    let named = names.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind);
    named.or_else(|| fields::decimal(word).and_then(|number| u8::try_from(number).ok()))
}

/// The name of a type, where it has one.
pub fn name(family: IcmpFamily, kind: u8) -> Option<&'static str> {
    let names: &[(&str, u8)] = match family {
        IcmpFamily::V4 => &V4,
        IcmpFamily::V6 => &V6,
    };
    names.iter().rev().find(|(_, number)| *number == kind).map(|(name, _)| *name)
}

/// Reads `icmps` of CNP. `None`: absent or empty, no restriction.
pub(crate) fn read(node: &Node, findings: &mut Findings) -> Option<Vec<Port>> {
    let items = fields::items(node, findings)?;
    if items.is_empty() {
        return None;
    }
    let mut ports = Vec::new();
    for item in items {
        let Some(mut fields) = Fields::of(item, findings) else { continue };
        let list = fields.take("fields");
        fields.finish(findings);
        let Some(list) = list else { continue };
        let entries = fields::items(list, findings).unwrap_or_default();
        if entries.len() > MAX_TYPES {
            let message = format!("too many types, the max is {MAX_TYPES}");
            findings.error(Code::TOO_MANY_PORTS, list.span, message);
            continue;
        }
        ports.extend(entries.iter().filter_map(|entry| read_field(entry, findings)));
    }
    Some(ports)
}

fn read_field(node: &Node, findings: &mut Findings) -> Option<Port> {
    let mut fields = Fields::of(node, findings)?;
    let family = fields.take("family");
    let kind = fields.take("type");
    let span = fields.span;
    fields.finish(findings);
    let word = match family {
        Some(family) => fields::text(family, findings)?,
        None => "",
    };
    let family = match word {
        "" | "IPv4" => IcmpFamily::V4,
        "IPv6" => IcmpFamily::V6,
        other => {
            let at = family.map_or(span, |node| node.span);
            let message = format!("wrong family: {}", shown(other));
            findings.error_with(Code::ICMP, at, message, "write IPv4 or IPv6");
            return None;
        }
    };
    let Some(kind) = kind else {
        findings.error(Code::MISSING, span, "an ICMP field needs its `type`");
        return None;
    };
    read_kind(family, word, fields::text_or_number(kind, findings)?, kind.span, findings)
}

fn read_kind(
    family: IcmpFamily,
    written: &str,
    word: &str,
    span: Span,
    findings: &mut Findings,
) -> Option<Port> {
    if let Some(kind) = kind(family, word) {
        return Some(Port::Icmp { family, kind });
    }
    let message = format!("ICMP type {} not found in {written}", shown(word));
    if findings.is_full() {
        findings.error(Code::ICMP, span, message);
        return None;
    }
    let names: Vec<&str> = match family {
        IcmpFamily::V4 => V4.iter().map(|(name, _)| *name).collect(),
        IcmpFamily::V6 => V6.iter().map(|(name, _)| *name).collect(),
    };
    let help = match fields::nearest(word, &names) {
        Some(near) => format!("the nearest is `{near}`"),
        None => "a number from 0 to 255, or a name of this family".to_owned(),
    };
    findings.error_with(Code::ICMP, span, message, help);
    None
}

//! Ports and ICMP types of CiliumNetworkPolicies.

use serde_json::{Map, Value, json};

use super::super::world::{PORT_NAMES, PORTS};
use super::{Chance, request};

/// A list of items with ports; on lists that allow, some ask something of requests.
pub(super) fn random(list: &str, chance: &mut Chance) -> Value {
    match chance.below(40) {
        0 => return json!([]),
        1 => return json!([{}]),
        _ => {}
    }
    (0..chance.one_of(&[1, 1, 1, 2]))
        .map(|_| {
            if !list.ends_with("Deny") && chance.percent(20) {
                return request::random(list, chance);
            }
            json!({"ports": (0..chance.between(1, 3)).map(|_| port(chance)).collect::<Vec<_>>()})
        })
        .collect()
}

fn port(chance: &mut Chance) -> Value {
    let mut port = Map::new();
    let number = match chance.below(40) {
        0 | 1 => "0".to_owned(),
        2..10 => chance.one_of(&PORT_NAMES).to_owned(),
        10 => chance.one_of(&["Nobodys", "65536", "", "-1", "0x50"]).to_owned(),
        _ => chance.one_of(&PORTS).to_string(),
    };
    // Cilium merges the rules of one named port, whatever the ends of their ranges: one end a name.
    match (PORT_NAMES.contains(&number.as_str()), number.as_str()) {
        (true, "http") => {
            port.insert("endPort".into(), 8080.into());
        }
        (true, _) => {}
        (false, _) if chance.percent(25) => {
            port.insert("endPort".into(), chance.one_of(&[80, 443, 8080, 65_535, 0]).into());
        }
        (false, _) => {}
    }
    port.insert("port".into(), number.into());
    match chance.below(30) {
        0..15 => port.insert("protocol".into(), "TCP".into()),
        15..20 => port.insert("protocol".into(), "UDP".into()),
        20 => port.insert("protocol".into(), "SCTP".into()),
        21..24 => port.insert("protocol".into(), "ANY".into()),
        24 => port.insert("protocol".into(), chance.one_of(&["tcp", "ICMP", "QUIC"]).into()),
        _ => None,
    };
    port.into()
}

pub(super) fn icmp(chance: &mut Chance) -> Value {
    let mut field = Map::new();
    if chance.percent(75) {
        field.insert("family".into(), chance.one_of(&["IPv4", "IPv6"]).into());
    }
    let kind = match chance.below(10) {
        0 => json!("EchoRequest"),
        1 => json!("EchoReply"),
        2 => json!(256),
        _ => json!(chance.one_of(&[0, 8, 3, 128])),
    };
    field.insert("type".into(), kind);
    field.into()
}

//! The node's address translation, written for `nft` as kube-proxy writes its own: a service's
//! address leads to one of its backends by chance, and what leaves the node wears its address.

use std::fmt::Write;

use podwall_model::Protocol;

use crate::plan::{self, Addresses, Front, FrontKind, Place};

/// The mark on packets that entered at a node port, until they are masqueraded.
const MASQUERADE_MARK: u32 = 0x4000;
/// The interfaces that lead off the node.
pub(crate) const UPLINK: &str = "uplink";
/// The interface that leads to the metadata.
pub(crate) const METADATA_LINK: &str = "metadata";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

/// All rules, both families, as one text for `nft -f -`.
pub(crate) fn rules(places: &[Place]) -> String {
    table(Family::V4, places) + &table(Family::V6, places)
}

fn table(family: Family, places: &[Place]) -> String {
    let name = match family {
        Family::V4 => "ip",
        Family::V6 => "ip6",
    };
    let fronts = plan::fronts();
    let mut text = format!("table {name} services {{\n");
    for front in &fronts {
        backend_chains(&mut text, family, front, places);
    }
    text.push_str("  chain services {\n");
    for front in &fronts {
        lead(&mut text, family, front, places);
    }
    text.push_str("  }\n");
    let bits = MASQUERADE_MARK;
    let pods = plan::POD_RANGES[usize::from(family == Family::V6)];
    let hooks = format!(
        "  chain prerouting {{ type nat hook prerouting priority dstnat; jump services; }}
  chain output {{ type nat hook output priority -100; jump services; }}
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    meta mark & {bits:#x} == {bits:#x} masquerade
    {name} saddr {pods} oifname {{ \"{UPLINK}\", \"{METADATA_LINK}\" }} masquerade
  }}
}}
"
    );
    text + &hooks
}

/// One chain for each backend of a service.
fn backend_chains(text: &mut String, family: Family, front: &Front, places: &[Place]) {
    for (index, place) in backends(front, places).enumerate() {
        let backend = match family {
            Family::V4 => format!("{}:{}", place.addresses.v4, front.target.port),
            Family::V6 => format!("[{}]:{}", place.addresses.v6, front.target.port),
        };
        let chain = chain_name(front, index);
        let protocol = protocol_word(front);
        writeln!(text, "  chain {chain} {{ meta l4proto {protocol} dnat to {backend}; }}")
            .expect("writing to a string");
    }
}

/// The rule that leads from a service's address to one of its chains.
fn lead(text: &mut String, family: Family, front: &Front, places: &[Place]) {
    let chains: Vec<String> = (0..backends(front, places).count())
        .map(|index| format!("{index} : goto {}", chain_name(front, index)))
        .collect();
    let mark = match front.kind {
        FrontKind::Cluster => String::new(),
        FrontKind::NodePort => format!("meta mark set meta mark | {MASQUERADE_MARK:#x} "),
    };
    writeln!(
        text,
        "    {} {} dport {} {mark}numgen random mod {} vmap {{ {} }}",
        destination(family, front.addresses),
        protocol_word(front),
        front.port,
        chains.len(),
        chains.join(", ")
    )
    .expect("writing to a string");
}

fn destination(family: Family, addresses: Addresses) -> String {
    match family {
        Family::V4 => format!("ip daddr {}", addresses.v4),
        Family::V6 => format!("ip6 daddr {}", addresses.v6),
    }
}

fn backends<'a>(front: &'a Front, places: &'a [Place]) -> impl Iterator<Item = &'a Place> {
    places.iter().filter(|place| place.namespace == front.namespace && place.app == front.app)
}

fn chain_name(front: &Front, index: usize) -> String {
    format!("{}-{}-{}-{index}", front.namespace, front.name, front.target.name)
}

fn protocol_word(front: &Front) -> &'static str {
    match front.target.protocol {
        Protocol::UDP => "udp",
        _ => "tcp",
    }
}

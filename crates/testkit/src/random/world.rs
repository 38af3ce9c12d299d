//! A random world: two to three namespaces and nodes, four to eight workloads.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use podwall_model::{
    CidrGroup, ExternalName, Mode, NamedPort, Namespace, Node, Protocol, Service, Workload,
    WorkloadName, World,
};

use super::Chance;

/// The name of the local node.
pub(super) const LOCAL: &str = "n0";
pub(super) const NAMESPACES: [&str; 3] = ["d", "o", "p"];
pub(super) const APPS: [&str; 3] = ["a", "b", "c"];
pub(super) const TIERS: [&str; 2] = ["x", "y"];
pub(super) const ACCOUNTS: [&str; 2] = ["default", "robot"];
pub(super) const PORT_NAMES: [&str; 3] = ["http", "dns", "admin"];
pub(super) const PORTS: [u16; 6] = [53, 80, 81, 443, 8000, 8080];
pub(super) const SERVICES: [&str; 2] = ["shop", "bank"];
pub(super) const NAMES: [&str; 2] = ["api.shop.io", "shop.io"];
pub(super) const GROUPS: [&str; 2] = ["partners", "banned"];
/// Where pods of the first namespaces live, so that ranges cut through them.
pub(super) const API_SERVER: &str = "203.0.113.1";

pub(super) fn random(chance: &mut Chance) -> World {
    let namespaces: Vec<Namespace> =
        NAMESPACES[..chance.between(2, 3)].iter().map(|name| namespace(name, chance)).collect();
    let nodes: Vec<Node> = (0..chance.between(2, 3)).map(|at| node(at, chance)).collect();
    let mut workloads: Vec<Workload> =
        (0..chance.between(4, 8)).map(|at| workload(at, &namespaces, &nodes, chance)).collect();
    // Some workload always has a hook here.
    let first = &mut workloads[0];
    (first.node, first.host_network) = (LOCAL.to_owned(), false);
    let api_servers =
        if chance.percent(50) { vec![API_SERVER.parse().expect("an address")] } else { vec![] };
    let services = (0..2).map(|at| service(at, chance)).collect();
    let cidr_groups = (0..2).map(|at| group(at, chance)).collect();
    let names = NAMES.iter().map(|name| external_name(name, chance)).collect();
    World { namespaces, nodes, workloads, services, cidr_groups, api_servers, names }
}

fn external_name(name: &str, chance: &mut Chance) -> ExternalName {
    let addresses = ["198.51.100.7", "203.0.113.1", "10.0.0.1", "192.0.2.2", "2001:db8:1::7"];
    let some = addresses.iter().filter(|_| chance.percent(40));
    ExternalName {
        name: name.to_owned(),
        addresses: some.map(|text| text.parse().expect("an address")).collect(),
        queried_by: Vec::new(),
    }
}

/// With a selector, or with addresses of which some are pods.
fn service(at: usize, chance: &mut Chance) -> Service {
    let mut service = Service {
        name: SERVICES[at].to_owned(),
        namespace: chance.pick(&NAMESPACES).to_string(),
        labels: BTreeMap::from([("tier".to_owned(), chance.pick(&TIERS).to_string())]),
        ..Service::default()
    };
    if chance.percent(60) {
        service.selector.insert("app".to_owned(), chance.pick(&APPS).to_string());
    } else {
        let addresses = ["198.51.100.7", "10.0.0.1", "2001:db8:1::7"];
        let some = addresses.iter().filter(|_| chance.percent(50));
        service.endpoints = some.map(|text| text.parse().expect("an address")).collect();
    }
    service
}

fn group(at: usize, chance: &mut Chance) -> CidrGroup {
    let ranges = ["198.51.100.0/24", "10.0.0.0/30", "203.0.113.1/32", "2001:db8:1::/48"];
    let labels = BTreeMap::from([("tier".to_owned(), chance.pick(&TIERS).to_string())]);
    let some = ranges.iter().filter(|_| chance.percent(40));
    let cidrs = some.map(|text| text.parse().expect("a range")).collect();
    CidrGroup { name: GROUPS[at].to_owned(), labels, cidrs }
}

fn namespace(name: &str, chance: &mut Chance) -> Namespace {
    let mut labels = BTreeMap::from([("kubernetes.io/metadata.name".to_owned(), name.to_owned())]);
    if chance.percent(70) {
        labels.insert("team".to_owned(), chance.pick(&TIERS).to_string());
    }
    let mode = match chance.below(20) {
        0 => Some(Mode::Off),
        1..4 => Some(Mode::Detect),
        4..12 => Some(Mode::Enforce),
        _ => None,
    };
    Namespace { name: name.to_owned(), labels, mode }
}

fn node(at: usize, chance: &mut Chance) -> Node {
    let last = u8::try_from(at + 1).expect("few nodes");
    Node {
        name: format!("n{at}"),
        addresses: vec![
            Ipv4Addr::new(192, 0, 2, last).into(),
            Ipv6Addr::new(0x2001, 0xdb8, 0xff, 0, 0, 0, 0, u16::from(last)).into(),
        ],
        labels: BTreeMap::from([("zone".to_owned(), chance.pick(&TIERS).to_string())]),
        local: at == 0,
        apiserver: chance.percent(25),
    }
}

fn workload(at: usize, namespaces: &[Namespace], nodes: &[Node], chance: &mut Chance) -> Workload {
    let namespace = chance.below(namespaces.len());
    let node = match chance.below(10) {
        0..5 => nodes[0].clone(),
        5..7 => Node { name: String::new(), ..nodes[0].clone() },
        _ => chance.pick(nodes).clone(),
    };
    let host_network = chance.percent(8);
    let mut labels = BTreeMap::from([("app".to_owned(), chance.pick(&APPS).to_string())]);
    if chance.percent(60) {
        labels.insert("tier".to_owned(), chance.pick(&TIERS).to_string());
    }
    if chance.percent(20) {
        labels.insert("pod-template-hash".to_owned(), "abc".to_owned());
    }
    Workload {
        name: WorkloadName {
            namespace: namespaces[namespace].name.clone(),
            name: format!("w{at}"),
        },
        labels,
        service_account: chance.pick(&ACCOUNTS).to_string(),
        addresses: if host_network { node.addresses } else { addresses(namespace, at) },
        node: node.name,
        ports: ports(chance),
        host_network,
        labels_resolved: !chance.percent(4),
        cluster: if chance.percent(92) { "default" } else { "other" }.to_owned(),
    }
}

fn addresses(namespace: usize, at: usize) -> Vec<IpAddr> {
    let third = u8::try_from(namespace).expect("few namespaces");
    let last = u8::try_from(at + 1).expect("few workloads");
    let (group, host) = (u16::from(third), u16::from(last));
    vec![
        Ipv4Addr::new(10, 0, third, last).into(),
        Ipv6Addr::new(0xfd00, 0, 0, group, 0, 0, 0, host).into(),
    ]
}

fn ports(chance: &mut Chance) -> Vec<NamedPort> {
    let mut ports: Vec<NamedPort> = (0..chance.below(4))
        .map(|_| NamedPort {
            name: chance.pick(&PORT_NAMES).to_string(),
            port: chance.one_of(&PORTS),
            protocol: chance.one_of(&[Protocol::TCP, Protocol::TCP, Protocol::UDP]),
        })
        .collect();
    // Kubernetes lets a container declare a name once.
    ports.sort();
    ports.dedup_by(|b, a| a.name == b.name && a.protocol == b.protocol);
    ports
}

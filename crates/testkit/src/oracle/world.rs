//! The worlds that the oracle is asked about, and flows in them. Small, so that rules collide.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use podwall_model::{
    CidrGroup, Direction, ExternalName, NamedPort, Namespace, Node, Protocol, Service, Workload,
    WorkloadName, World,
};

use super::Chance;
use crate::random::Packet;

pub(super) const NAMESPACES: [&str; 3] = ["d", "o", "p"];
pub(super) const APPS: [&str; 3] = ["a", "b", "c"];
pub(super) const TIERS: [&str; 2] = ["x", "y"];
pub(super) const ACCOUNTS: [&str; 2] = ["default", "robot"];
pub(super) const PORT_NAMES: [&str; 3] = ["http", "dns", "admin"];
pub(super) const PORTS: [u16; 6] = [53, 80, 81, 443, 8000, 8080];
const API_SERVER: [u8; 4] = [203, 0, 113, 1];
/// Outside addresses, within and beside the ranges that policies name.
const OUTSIDE: [&str; 9] = [
    "203.0.113.1",
    "198.51.100.7",
    "198.51.100.9",
    "198.51.100.200",
    "203.0.113.9",
    "10.200.0.1",
    "2001:db8:1::7",
    "2001:db8:1::9",
    "2600::1",
];

/// Names, and what they were answered with: the outside, a pod and a node among it.
pub(super) const NAMES: [(&str, &[&str]); 6] = [
    ("a.io", &["198.51.100.7", "2001:db8:1::7"]),
    ("www.a.io", &["198.51.100.9"]),
    ("deep.www.a.io", &["203.0.113.9", "2600::1"]),
    ("b.io", &["198.51.100.7", "10.200.0.1"]),
    ("pod.io", &["10.0.0.1"]),
    ("node.io", &["192.0.2.2"]),
];
/// Services by name, with the app of the pods behind each, or its endpoints.
pub(super) const SERVICES: [(&str, Option<&str>, &[&str]); 5] = [
    ("front", Some("a"), &[]),
    ("back", Some("b"), &[]),
    ("outside", None, &["198.51.100.7", "2001:db8:1::9"]),
    ("inside", None, &["10.0.0.1", "203.0.113.9"]),
    ("nowhere", None, &[]),
];
pub(super) const SERVICE_KINDS: [&str; 2] = ["web", "store"];
/// Groups of ranges that nest, with a label of each.
pub(super) const GROUPS: [(&str, &str, &[&str]); 3] = [
    ("partners", "partner", &["198.51.100.0/24", "2001:db8:1::/48"]),
    ("clouds", "cloud", &["203.0.113.0/24", "198.51.100.8/29"]),
    ("own", "inside", &["10.0.0.0/8", "192.0.2.0/24"]),
];
pub(super) const ZONES: [&str; 2] = ["one", "two"];

pub(super) fn random(chance: &mut Chance) -> World {
    let namespaces: Vec<Namespace> =
        NAMESPACES[..chance.between(2, 3)].iter().map(|name| namespace(name, chance)).collect();
    let nodes: Vec<Node> = (0..chance.between(2, 3)).map(|at| node(at, chance)).collect();
    let mut workloads: Vec<Workload> =
        (0..chance.between(4, 8)).map(|at| workload(at, &namespaces, &nodes, chance)).collect();
    // Some workload is always here.
    workloads[0].node.clone_from(&nodes[0].name);
    let api_servers = if chance.percent(40) { vec![IpAddr::from(API_SERVER)] } else { Vec::new() };
    let services = services(&namespaces, chance);
    let cidr_groups = groups(chance);
    let names = names(&workloads);
    World { namespaces, nodes, workloads, services, cidr_groups, api_servers, names }
}

fn services(namespaces: &[Namespace], chance: &mut Chance) -> Vec<Service> {
    let mut services = Vec::new();
    for (name, app, endpoints) in SERVICES {
        if chance.percent(30) {
            continue;
        }
        services.push(Service {
            namespace: chance.pick(namespaces).name.clone(),
            name: name.to_owned(),
            selector: app.map(|app| ("app".to_owned(), app.to_owned())).into_iter().collect(),
            endpoints: endpoints.iter().map(|ip| ip.parse().expect("an address")).collect(),
            labels: BTreeMap::from([("kind".into(), chance.pick(&SERVICE_KINDS).to_string())]),
            ..Service::default()
        });
    }
    services
}

fn groups(chance: &mut Chance) -> Vec<CidrGroup> {
    let mut groups = Vec::new();
    for (name, kind, cidrs) in GROUPS {
        if chance.percent(70) {
            groups.push(CidrGroup {
                name: name.to_owned(),
                labels: BTreeMap::from([("kind".to_owned(), kind.to_owned())]),
                cidrs: cidrs.iter().map(|cidr| cidr.parse().expect("a range")).collect(),
            });
        }
    }
    groups
}

/// Every name is known to everybody: Cilium's identities are those of the whole node.
fn names(workloads: &[Workload]) -> Vec<ExternalName> {
    let name = |(name, addresses): (&str, &[&str])| ExternalName {
        name: name.to_owned(),
        addresses: addresses.iter().map(|ip| ip.parse().expect("an address")).collect(),
        queried_by: workloads.iter().map(|workload| workload.name.clone()).collect(),
    };
    NAMES.into_iter().map(name).collect()
}

fn namespace(name: &str, chance: &mut Chance) -> Namespace {
    let mut labels = BTreeMap::from([("kubernetes.io/metadata.name".to_owned(), name.to_owned())]);
    if chance.percent(70) {
        labels.insert("team".to_owned(), chance.pick(&TIERS).to_string());
    }
    Namespace { name: name.to_owned(), labels, mode: None }
}

fn node(at: usize, chance: &mut Chance) -> Node {
    let last = u8::try_from(at + 1).expect("few nodes");
    Node {
        name: format!("n{at}"),
        addresses: vec![
            Ipv4Addr::new(192, 0, 2, last).into(),
            Ipv6Addr::new(0x2001, 0xdb8, 0xff, 0, 0, 0, 0, u16::from(last)).into(),
        ],
        labels: BTreeMap::from([("zone".to_owned(), chance.pick(&ZONES).to_string())]),
        local: at == 0,
        apiserver: chance.percent(20),
    }
}

fn workload(at: usize, namespaces: &[Namespace], nodes: &[Node], chance: &mut Chance) -> Workload {
    let namespace = chance.below(namespaces.len());
    let node = if chance.percent(60) { &nodes[0] } else { chance.pick(nodes) };
    let mut labels = BTreeMap::from([("app".to_owned(), chance.pick(&APPS).to_string())]);
    if chance.percent(60) {
        labels.insert("tier".to_owned(), chance.pick(&TIERS).to_string());
    }
    if chance.percent(20) {
        labels.insert("pod-template-hash".to_owned(), "abc".to_owned());
    }
    if chance.percent(4) {
        // What only Kubernetes may say, said by a user.
        labels.insert("io.kubernetes.pod.namespace".to_owned(), "o".to_owned());
    }
    let (third, last) = (namespace as u8, at as u8 + 1);
    Workload {
        name: WorkloadName {
            namespace: namespaces[namespace].name.clone(),
            name: format!("w{at}"),
        },
        labels,
        service_account: chance.pick(&ACCOUNTS).to_string(),
        addresses: vec![
            Ipv4Addr::new(10, 0, third, last).into(),
            Ipv6Addr::new(0xfd00, 0, 0, third.into(), 0, 0, 0, last.into()).into(),
        ],
        node: node.name.clone(),
        ports: ports(chance),
        host_network: false,
        labels_resolved: !chance.percent(4),
        cluster: if chance.percent(92) { "default" } else { "other" }.to_owned(),
    }
}

/// Each name once: Cilium keeps one port for a name.
fn ports(chance: &mut Chance) -> Vec<NamedPort> {
    let mut ports = Vec::new();
    for name in PORT_NAMES {
        if chance.percent(50) {
            ports.push(NamedPort {
                name: name.to_owned(),
                port: chance.one_of(&PORTS),
                protocol: chance.one_of(&[Protocol::TCP, Protocol::TCP, Protocol::UDP]),
            });
        }
    }
    ports
}

/// So many first packets of connections of local workloads.
pub(super) fn flows(world: &World, count: usize, chance: &mut Chance) -> Vec<Packet> {
    let local: Vec<&Workload> =
        world.workloads.iter().filter(|workload| workload.node == "n0").collect();
    let mut flows = Vec::new();
    while flows.len() < count {
        let subject = *chance.pick(&local);
        let peer = peer(world, chance);
        let protocol = protocol(peer, chance);
        let port = if protocol.has_ports() {
            port(chance)
        } else if protocol == Protocol::ICMP || protocol == Protocol::ICMP6 {
            chance.one_of(&[0, 3, 8, 128])
        } else {
            0
        };
        let direction = chance.one_of(&Direction::BOTH);
        let same_family = |ip: &&IpAddr| ip.is_ipv4() == peer.is_ipv4() && **ip != peer;
        let Some(own) = subject.addresses.iter().find(same_family) else { continue };
        let subject = subject.name.clone();
        flows.push(Packet { subject, direction, own: *own, peer, protocol, port });
    }
    flows
}

fn peer(world: &World, chance: &mut Chance) -> IpAddr {
    let pods = world.workloads.iter().flat_map(|workload| &workload.addresses);
    let nodes = world.nodes.iter().flat_map(|node| &node.addresses);
    match chance.below(10) {
        0..5 => **chance.pick(&pods.collect::<Vec<_>>()),
        5..7 => **chance.pick(&nodes.collect::<Vec<_>>()),
        _ => chance.pick(&OUTSIDE).parse().expect("an address of the list"),
    }
}

fn protocol(peer: IpAddr, chance: &mut Chance) -> Protocol {
    let icmp = if peer.is_ipv4() { Protocol::ICMP } else { Protocol::ICMP6 };
    match chance.below(20) {
        0..11 => Protocol::TCP,
        11..15 => Protocol::UDP,
        15 | 16 => Protocol::SCTP,
        17 | 18 => icmp,
        _ => Protocol(47),
    }
}

/// At a port that rules name, next to one, or anywhere; never 0, which only means all.
fn port(chance: &mut Chance) -> u16 {
    let near = chance.one_of(&PORTS);
    match chance.below(10) {
        0..6 => near,
        6 => near - 1,
        7 => near + 1,
        8 => u16::MAX,
        _ => chance.between(1, 65_535) as u16,
    }
}

//! A world around policies that somebody published: for each selector who fits it and who nearly
//! does, for each range an address within, in an exception and beside, for each port its
//! neighbours, and flows between them.

mod found;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use podwall_model::{
    Cidr, Direction, ExternalName, NamedPort, Namespace, Node, Protocol, Service, Workload,
    WorkloadName, World,
};

use self::found::{Found, Profile};
use super::{Case, Chance, HOST};
use crate::random::Packet;

/// Flows of one example.
const FLOWS: usize = 120;
/// Where names of the outside lead; no example speaks of these addresses.
const ANSWERS: u8 = 18;
/// Addresses of the outside that stand in no range of an example.
const OUTSIDE: [&str; 3] = ["203.0.113.77", "8.8.8.8", "2600::1"];
/// What runs the API, outside of the nodes.
const API_SERVER: &str = "203.0.113.1";

pub(super) fn world(found: &Found) -> World {
    let namespaces = namespaces(found);
    let nodes = nodes(found);
    let workloads = workloads(found, &namespaces);
    let names = names(found, &workloads);
    let services = found.services.iter().map(service).collect();
    let api_servers = vec![API_SERVER.parse().expect("an address")];
    World { namespaces, nodes, workloads, services, cidr_groups: Vec::new(), api_servers, names }
}

/// What documents speak of.
pub(super) fn found(documents: &[serde_json::Value]) -> Found {
    Found::in_documents(documents)
}

/// Those that are named, one for each selector of namespaces, and one that nothing speaks of.
fn namespaces(found: &Found) -> Vec<Namespace> {
    let mut namespaces = BTreeMap::from([("elsewhere".to_owned(), BTreeMap::new())]);
    for name in &found.namespaces {
        namespaces.insert(name.clone(), BTreeMap::new());
    }
    for (at, labels) in found.namespace_labels.iter().enumerate() {
        namespaces.insert(format!("like-{at}"), labels.clone());
    }
    let namespace = |(name, mut labels): (String, BTreeMap<String, String>)| {
        labels.entry("kubernetes.io/metadata.name".into()).or_insert_with(|| name.clone());
        Namespace { name, labels, mode: None }
    };
    namespaces.into_iter().map(namespace).collect()
}

/// The local one, one that fits each selector of nodes, and one that runs the API.
fn nodes(found: &Found) -> Vec<Node> {
    let local = found.hosts.first().cloned().unwrap_or_default();
    let plain = [local, BTreeMap::new()];
    let labels = plain.into_iter().chain(found.node_labels.iter().cloned());
    let node = |(at, labels): (usize, BTreeMap<String, String>)| {
        let last = u8::try_from(at + 1).expect("few nodes");
        Node {
            name: format!("n{at}"),
            addresses: vec![Ipv4Addr::new(192, 0, 2, last).into()],
            labels,
            local: at == 0,
            apiserver: at == 1,
        }
    };
    labels.enumerate().map(node).collect()
}

/// Every profile in every namespace, and one whose labels are not known yet.
fn workloads(found: &Found, namespaces: &[Namespace]) -> Vec<Workload> {
    let mut workloads = Vec::new();
    let ports: Vec<NamedPort> = (0u16..).zip(&found.port_names).map(named_port).collect();
    for (third, namespace) in (0u8..).zip(namespaces) {
        for (last, profile) in (1u8..).zip(&found.profiles) {
            workloads.push(workload(namespace, [third, last], profile, &ports));
        }
    }
    let last = &namespaces[namespaces.len() - 1];
    let mut unknown = workload(last, [200, 1], &Profile::default(), &ports);
    unknown.labels_resolved = false;
    workloads.push(unknown);
    workloads
}

fn named_port((at, name): (u16, &String)) -> NamedPort {
    NamedPort { name: name.clone(), port: 8000 + at, protocol: Protocol::TCP }
}

fn workload(
    namespace: &Namespace,
    [third, last]: [u8; 2],
    profile: &Profile,
    ports: &[NamedPort],
) -> Workload {
    Workload {
        name: WorkloadName { namespace: namespace.name.clone(), name: format!("w{third}-{last}") },
        labels: profile.labels.clone(),
        service_account: profile.account.clone().unwrap_or_else(|| "default".to_owned()),
        addresses: vec![Ipv4Addr::new(10, 0, third, last).into()],
        node: "n0".to_owned(),
        ports: ports.to_vec(),
        host_network: false,
        labels_resolved: true,
        cluster: profile.cluster.clone().unwrap_or_else(|| "default".to_owned()),
    }
}

fn names(found: &Found, workloads: &[Workload]) -> Vec<ExternalName> {
    let everybody: Vec<WorkloadName> = workloads.iter().map(|one| one.name.clone()).collect();
    let name = |(at, name): (u8, &String)| ExternalName {
        name: name.clone(),
        addresses: vec![answer(at)],
        queried_by: everybody.clone(),
    };
    (0u8..).zip(&found.names).map(name).collect()
}

fn answer(at: u8) -> IpAddr {
    Ipv4Addr::new(198, ANSWERS, 0, at).into()
}

/// One with endpoints of its own outside, the other before pods.
fn service(found: &found::Service) -> Service {
    let endpoints = if found.labels.is_empty() { vec![] } else { vec![answer(200)] };
    Service {
        namespace: found.namespace.clone(),
        name: found.name.clone(),
        selector: found.selector.clone(),
        labels: found.labels.clone(),
        endpoints,
        ..Service::default()
    }
}

/// So many flows, most of them of workloads that the documents are about.
pub(super) fn flows(case: &Case, found: &Found) -> Vec<Packet> {
    let mut chance = Chance::new(case.seed ^ 0x6578_616d);
    let peers = peers(&case.world, found);
    let ports: Vec<u16> = found.ports.iter().copied().collect();
    let about: Vec<&Workload> = case
        .world
        .workloads
        .iter()
        .filter(|one| one.labels_resolved && found.is_about(one))
        .collect();
    let mut flows = Vec::new();
    while flows.len() < FLOWS {
        let (subject, own) = subject(case, found, &about, &mut chance);
        let peer = *chance.pick(&peers);
        if peer == own || peer.is_ipv4() != own.is_ipv4() {
            continue;
        }
        let protocol = chance.one_of(&[
            Protocol::TCP,
            Protocol::TCP,
            Protocol::TCP,
            Protocol::UDP,
            Protocol::SCTP,
            Protocol::ICMP,
        ]);
        let port = match protocol.has_ports() {
            true => port(&ports, &mut chance),
            false => chance.one_of(&[3, 8]),
        };
        let direction = chance.one_of(&Direction::BOTH);
        flows.push(Packet { subject, direction, own, peer, protocol, port });
    }
    flows
}

/// The local node where documents are about nodes, else mostly who is in their namespaces.
fn subject(
    case: &Case,
    found: &Found,
    about: &[&Workload],
    chance: &mut Chance,
) -> (WorkloadName, IpAddr) {
    if found.has_hosts() && chance.percent(75) {
        let name = WorkloadName { namespace: String::new(), name: HOST.to_owned() };
        return (name, case.world.nodes[0].addresses[0]);
    }
    let known = !about.is_empty() && chance.percent(85);
    let workload = if known { *chance.pick(about) } else { chance.pick(&case.world.workloads) };
    (workload.name.clone(), workload.addresses[0])
}

/// A port that is named, one beside it, or any.
fn port(known: &[u16], chance: &mut Chance) -> u16 {
    match chance.below(10) {
        0..7 if !known.is_empty() => *chance.pick(known),
        7 if !known.is_empty() => chance.pick(known).saturating_add(1),
        8 if !known.is_empty() => (*chance.pick(known)).max(2) - 1,
        _ => u16::try_from(chance.between(1, 65_535)).expect("a port"),
    }
}

/// The addresses of everybody, and those that ranges make of interest.
fn peers(world: &World, found: &Found) -> Vec<IpAddr> {
    let mut peers: BTreeSet<IpAddr> = OUTSIDE.iter().map(|ip| ip.parse().expect("one")).collect();
    peers.extend(world.workloads.iter().flat_map(|one| &one.addresses));
    peers.extend(world.nodes.iter().flat_map(|one| &one.addresses));
    peers.extend(world.names.iter().flat_map(|one| &one.addresses));
    peers.extend(world.services.iter().flat_map(|one| &one.endpoints));
    peers.extend(&world.api_servers);
    let mut outside = peers.clone();
    outside.extend(found.ranges.iter().flat_map(about_range));
    // As often as all pods together, so that ranges are asked about too.
    let mut all: Vec<IpAddr> = peers.iter().copied().collect();
    let rare: Vec<IpAddr> =
        outside.iter().copied().filter(|ip| world.workload_at(*ip).is_none()).collect();
    let times = all.len().div_ceil(rare.len());
    all.extend(rare.iter().cycle().take(rare.len() * times));
    all
}

/// The first and the last address of a range, and those before and behind.
fn about_range(range: &Cidr) -> Vec<IpAddr> {
    let IpAddr::V4(first) = range.network() else { return vec![range.network()] };
    let (first, size) = (u32::from(first), 32 - u32::from(range.length()));
    let last = first | u32::MAX.checked_shr(32 - size).unwrap_or(0);
    let near = [first, first.saturating_add(1).min(last), last];
    let beside = [first.checked_sub(1), last.checked_add(1)];
    near.into_iter()
        .chain(beside.into_iter().flatten())
        .map(|ip| Ipv4Addr::from(ip).into())
        .collect()
}

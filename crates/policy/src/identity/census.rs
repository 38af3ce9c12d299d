//! The census: which identity each known address, and each named range, has in a world.
//!
//! A node is `host` or `remote-node` at each of its addresses; a pod that uses its node's network
//! is the node. Two claims on one address are settled in order: pods, nodes, control plane.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use podwall_model::{Address, Cidr, Label, NamedPort, Node, Source, Workload, World};

use super::{Identity, Place, Ranges};
use crate::options::Options;

/// The identity of the local node where no address is known.
pub(super) fn host(world: &World, options: &Options) -> Identity {
    match world.nodes.iter().find(|node| node.local) {
        Some(node) => node_identity(node, options),
        None => Identity::reserved(&["host"]),
    }
}

/// The identity of each address that is known exactly: of pods, of nodes, of the control plane,
/// and of ranges that hold one address.
pub(super) fn addresses(
    world: &World,
    ranges: &Ranges,
    options: &Options,
) -> BTreeMap<Address, Identity> {
    let mut census = BTreeMap::new();
    let mut claim = |ip: IpAddr, place: Place, identity: &Identity| {
        let address = Address::from(ip);
        census.entry(address).or_insert_with(|| Identity {
            ranges: ranges.around(address.ip(), place, options),
            ..identity.clone()
        });
    };
    let namespaces: BTreeMap<&str, _> =
        world.namespaces.iter().map(|namespace| (namespace.name.as_str(), namespace)).collect();
    for workload in world.workloads.iter().filter(|workload| !workload.host_network) {
        let namespace = namespaces.get(workload.name.namespace.as_str()).copied();
        let identity = Identity {
            labels: workload.identity_labels(namespace),
            ports: ports_of(workload),
            ..Identity::default()
        };
        workload.addresses.iter().for_each(|ip| claim(*ip, Place::Pod, &identity));
    }
    for node in &world.nodes {
        let identity = node_identity(node, options);
        node.addresses.iter().for_each(|ip| claim(*ip, Place::Node, &identity));
    }
    for ip in &world.api_servers {
        claim(*ip, Place::World, &Identity::reserved(&["kube-apiserver", world_name(*ip)]));
    }
    for cidr in ranges.all().into_iter().filter(|cidr| is_single(*cidr)) {
        claim(cidr.network(), Place::World, &Identity::reserved(&[world_name(cidr.network())]));
    }
    census
}

/// The identity of each true range. Ranges nest or are disjoint, so that one entry for each tells
/// all addresses apart.
pub(super) fn networks(ranges: &Ranges) -> BTreeMap<Cidr, Identity> {
    let identity = |cidr: Cidr| Identity {
        ranges: ranges.covering(cidr),
        ..Identity::reserved(&[world_name(cidr.network())])
    };
    let mut networks: BTreeMap<Cidr, Identity> = ranges
        .all()
        .into_iter()
        .filter(|cidr| !is_single(*cidr))
        .map(|cidr| (cidr, identity(cidr)))
        .collect();
    // In a trie of mapped addresses a short IPv6 prefix covers all of IPv4: fence it off.
    let mapped = IpAddr::V6(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped());
    if networks.keys().any(|cidr| cidr.contains(mapped)) {
        let all_v4 = Cidr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0).expect("no bits are set");
        networks.entry(all_v4).or_insert_with(|| identity(all_v4));
    }
    networks
}

fn node_identity(node: &Node, options: &Options) -> Identity {
    let mut identity = Identity::reserved(&[if node.local { "host" } else { "remote-node" }]);
    if node.apiserver {
        identity.labels.insert(Label::reserved("kube-apiserver"));
    }
    if options.node_labels {
        for (key, value) in &node.labels {
            identity.labels.insert(Label::new(Source::Node, key, value));
        }
    }
    identity
}

/// The named ports of a workload, as its identity carries them.
fn ports_of(workload: &Workload) -> BTreeSet<NamedPort> {
    workload.ports.iter().filter(|port| !port.name.is_empty()).cloned().collect()
}

fn world_name(ip: IpAddr) -> &'static str {
    if ip.is_ipv4() { "world-ipv4" } else { "world-ipv6" }
}

fn is_single(cidr: Cidr) -> bool {
    cidr.length() == if cidr.network().is_ipv4() { 32 } else { 128 }
}

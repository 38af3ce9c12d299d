//! The census: which identity each known address, and each named range, has in a world.
//!
//! A node is `host` or `remote-node` at each of its addresses; a pod that uses its node's network
//! is the node. Two claims on one address are settled in order: pods, nodes, control plane.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use podwall_model::{Address, Cidr, Label, Node, Source, World};

use super::roster::{Look, Roster};
use super::{Identity, Place, Ranges};
use crate::hash::HashSet;
use crate::options::Options;

/// The identity of the local node where no address is known.
pub(super) fn host(world: &World, options: &Options) -> Identity {
    match world.nodes.iter().find(|node| node.local) {
        Some(node) => node_identity(node, options),
        None => Identity::reserved(&["host"]),
    }
}

/// Who claims an address.
pub(super) struct Claim {
    pub(super) address: Address,
    place: Place,
    pub(super) identity: Identity,
    /// The look of a workload of which nothing else is told: all of them are one identity.
    pub(super) look: Option<Look>,
}

/// Who has each address that is known exactly, in the order of addresses: pods, nodes, the control
/// plane, and ranges that hold one address.
pub(super) fn addresses<'a>(
    world: &'a World,
    ranges: &Ranges,
    options: &Options,
    roster: &mut Roster<'a>,
) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::with_capacity(world.workloads.len());
    let mut claim = |ip: IpAddr, place, identity: &Identity, look| {
        let (address, identity) = (Address::from(ip), identity.clone());
        claims.push(Claim { address, place, identity, look });
    };
    for workload in world.workloads.iter().filter(|workload| !workload.host_network) {
        let look = roster.look(workload);
        let labels = roster.labels(look).clone();
        let identity = Identity::of_workload(workload, labels, BTreeSet::new());
        let look = identity.ports.is_empty().then_some(look);
        workload.addresses.iter().for_each(|ip| claim(*ip, Place::Pod, &identity, look));
    }
    for node in &world.nodes {
        let identity = node_identity(node, options);
        node.addresses.iter().for_each(|ip| claim(*ip, Place::Node, &identity, None));
    }
    for ip in &world.api_servers {
        let identity = Identity::reserved(&["kube-apiserver", world_name(*ip)]);
        claim(*ip, Place::World, &identity, None);
    }
    let [world_v4, world_v6] = ["world-ipv4", "world-ipv6"].map(|name| Identity::reserved(&[name]));
    for cidr in ranges.all().into_iter().filter(|cidr| is_single(*cidr)) {
        let network = cidr.network();
        let identity = if network.is_ipv4() { &world_v4 } else { &world_v6 };
        claim(network, Place::World, identity, None);
    }
    // The first claim holds.
    claims.sort_by_key(|claim| claim.address);
    claims.dedup_by_key(|claim| claim.address);
    for claim in &mut claims {
        claim.identity.ranges = ranges.around(claim.address.ip(), claim.place, options);
        claim.look = claim.look.filter(|_| claim.identity.ranges.is_empty());
    }
    claims
}

/// The identity of each true range. Ranges nest or are disjoint, so that one entry for each tells
/// all addresses apart.
pub(super) fn networks(ranges: &Ranges) -> BTreeMap<Cidr, Identity> {
    let [world_v4, world_v6] = ["world-ipv4", "world-ipv6"].map(|name| Identity::reserved(&[name]));
    let identity = |cidr: Cidr| {
        let world = if cidr.network().is_ipv4() { &world_v4 } else { &world_v6 };
        Identity { ranges: ranges.covering(cidr), ..world.clone() }
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

/// Whether no address is claimed twice by workloads, nodes and the control plane.
pub(crate) fn claims_are_plain(world: &World) -> bool {
    let pods = world.workloads.iter().filter(|workload| !workload.host_network);
    let claims = pods.flat_map(|workload| &workload.addresses);
    let claims = claims.chain(world.nodes.iter().flat_map(|node| &node.addresses));
    let mut seen: HashSet<Address> = HashSet::default();
    claims.chain(&world.api_servers).all(|ip| seen.insert(Address::from(*ip)))
}

fn world_name(ip: IpAddr) -> &'static str {
    if ip.is_ipv4() { "world-ipv4" } else { "world-ipv6" }
}

fn is_single(cidr: Cidr) -> bool {
    cidr.length() == if cidr.network().is_ipv4() { 32 } else { 128 }
}

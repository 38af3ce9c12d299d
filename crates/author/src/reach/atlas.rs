//! The places of a world as policies tell them apart: workloads that are alike, nodes, the control
//! plane, names, and the ranges of the outside that some policy speaks of.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use podwall_model::{Cidr, Workload, WorkloadName, World};
use podwall_policy::NAMING_LABELS;

/// What kind of place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Workloads of one namespace that no policy can tell apart.
    Workloads,
    /// A node.
    Node,
    /// Addresses outside of the cluster.
    Outside,
}

/// Somewhere that packets come from or go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is called; no two places of an atlas are called the same.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Its namespace, for workloads.
    pub namespace: Option<String>,
    /// Its workloads, in order.
    pub workloads: Vec<WorkloadName>,
    /// An address that stands for all of it; `None` is the local node without a known one.
    pub address: Option<IpAddr>,
}

/// The places of a world, workloads first; `ranges` are those that policies name.
pub(super) fn places(world: &World, ranges: &BTreeSet<Cidr>) -> Vec<Place> {
    let mut places = workloads(world, ranges);
    for node in &world.nodes {
        // An address that a workload claims too is the workload's.
        let mut own = node.addresses.iter().filter(|ip| world.workload_at(**ip).is_none());
        let address = own.next().copied();
        // A remote node without an address is nobody that a packet could come from.
        if node.local || address.is_some() {
            places.push(place(format!("node {}", node.name), Kind::Node, address));
        }
    }
    if world.nodes.iter().all(|node| !node.local) {
        places.push(place("node".to_owned(), Kind::Node, None));
    }
    outside(world, ranges, &mut places);
    places
}

fn place(name: String, kind: Kind, address: Option<IpAddr>) -> Place {
    Place { name, kind, namespace: None, workloads: Vec::new(), address }
}

/// Each workload is judged where it is; for a map of all, that is one node. A workload without an
/// address gets one that nobody else has.
pub(super) fn at_one_node(world: &World) -> World {
    let mut world = world.clone();
    let mut next: u128 = u128::from(Ipv6Addr::new(0xfd70, 0x6f64, 0x7761, 0x6c6c, 0, 0, 0, 0));
    for workload in world.workloads.iter_mut().filter(|workload| !workload.host_network) {
        workload.node = String::new();
        if workload.addresses.is_empty() {
            next += 1;
            workload.addresses.push(IpAddr::V6(next.into()));
        }
    }
    world
}

/// What tells workloads apart: labels, ports, and the ranges around the address.
type Sort = (String, Vec<String>, BTreeSet<podwall_model::NamedPort>, Vec<Cidr>);

fn workloads(world: &World, ranges: &BTreeSet<Cidr>) -> Vec<Place> {
    let mut sorts: BTreeMap<Sort, Vec<&Workload>> = BTreeMap::new();
    for workload in world.workloads.iter().filter(|workload| !workload.host_network) {
        let labels = workload.identity_labels(world.namespace(&workload.name.namespace));
        let labels = labels.iter().map(ToString::to_string).collect();
        let covers =
            |range: &&Cidr| workload.addresses.first().is_some_and(|ip| range.contains(*ip));
        let around =
            ranges.iter().filter(covers).filter(|range| !is_single(range)).copied().collect();
        let ports = workload.ports.iter().cloned().collect();
        let sort = (workload.name.namespace.clone(), labels, ports, around);
        sorts.entry(sort).or_default().push(workload);
    }
    let mut called: BTreeMap<String, usize> = BTreeMap::new();
    for alike in sorts.values() {
        *called.entry(common_name(alike)).or_default() += 1;
    }
    let mut places: Vec<Place> = sorts
        .into_values()
        .map(|alike| {
            let mut names: Vec<WorkloadName> = alike.iter().map(|w| w.name.clone()).collect();
            names.sort();
            let common = common_name(&alike);
            let name = match called[&common] {
                1 => common,
                // Several sorts under one name: each by its first workload.
                _ => names[0].to_string(),
            };
            let address = alike[0].addresses.first().copied();
            let namespace = Some(alike[0].name.namespace.clone());
            Place { name, kind: Kind::Workloads, namespace, workloads: names, address }
        })
        .collect();
    places.sort_by(|one, other| one.name.cmp(&other.name));
    places
}

/// Whether it is one address: every pod has its own, which tells nothing.
fn is_single(range: &Cidr) -> bool {
    range.length() == if range.network().is_ipv4() { 32 } else { 128 }
}

fn common_name(alike: &[&Workload]) -> String {
    let first = alike[0];
    let label = NAMING_LABELS.iter().find_map(|key| first.labels.get(*key));
    match label {
        Some(label) => format!("{}/{label}", first.name.namespace),
        None => first.name.to_string(),
    }
}

fn outside(world: &World, ranges: &BTreeSet<Cidr>, places: &mut Vec<Place>) {
    let of_cluster = |ip: IpAddr| {
        world.workload_at(ip).is_some()
            || world.nodes.iter().any(|node| node.addresses.contains(&ip))
    };
    for name in &world.names {
        // A name that leads into the cluster is no place of its own.
        let mut outside = name.addresses.iter().copied().filter(|ip| !of_cluster(*ip));
        if let Some(ip) = outside.next() {
            places.push(place(format!("name {}", name.name), Kind::Outside, Some(ip)));
        }
    }
    for ip in world.api_servers.iter().copied().filter(|ip| !of_cluster(*ip)) {
        places.push(place(format!("API server {ip}"), Kind::Outside, Some(ip)));
    }
    let named = |ip: IpAddr| world.names.iter().any(|name| name.addresses.contains(&ip));
    let taken = |ip: IpAddr| of_cluster(ip) || named(ip) || world.api_servers.contains(&ip);
    let everything =
        [Cidr::new(Ipv4Addr::UNSPECIFIED.into(), 0), Cidr::new(Ipv6Addr::UNSPECIFIED.into(), 0)];
    let everything: Vec<Cidr> = everything.into_iter().flatten().collect();
    for range in ranges.iter().filter(|range| !everything.contains(range)) {
        if let Some(ip) = representative(*range, ranges, taken) {
            places.push(place(format!("outside in {range}"), Kind::Outside, Some(ip)));
        }
    }
    for (range, name) in everything.into_iter().zip(["outside (IPv4)", "outside (IPv6)"]) {
        if let Some(ip) = representative(range, ranges, taken) {
            places.push(place(name.to_owned(), Kind::Outside, Some(ip)));
        }
    }
}

/// An address of a range that lies in none of the narrower ones, and is nobody's.
fn representative(
    range: Cidr,
    ranges: &BTreeSet<Cidr>,
    taken: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let inner: Vec<Cidr> =
        ranges.iter().filter(|inner| **inner != range && range.covers(**inner)).copied().collect();
    let free = |ip: &IpAddr| {
        range.contains(*ip) && !inner.iter().any(|inner| inner.contains(*ip)) && !taken(*ip)
    };
    let width = if range.network().is_ipv4() { 32 } else { 128 };
    let number = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    };
    let address = |number: u128| match width {
        32 => u32::try_from(number).ok().map(|number| IpAddr::V4(number.into())),
        _ => Some(IpAddr::V6(number.into())),
    };
    // Its own first addresses, some documentation ones, then those right behind what is inside.
    let low = number(range.network());
    let own = (1..16).chain([0]).filter_map(|step| low.checked_add(step)).filter_map(address);
    let usual = [IpAddr::from([203, 0, 113, 9]), IpAddr::from([198, 51, 100, 9])].into_iter();
    let usual = usual.chain([IpAddr::from([0x2001, 0xdb8, 0, 0x113, 0, 0, 0, 9])]);
    let behind = inner.iter().filter_map(|inner| {
        let size = 1u128.checked_shl(width - u32::from(inner.length()))?;
        address(number(inner.network()).checked_add(size)?)
    });
    usual.filter(|_| range.length() == 0).chain(own).chain(behind).find(free)
}

//! Random packets: of one local workload with some peer, at ports that rules speak of and beside.

use std::net::IpAddr;

use podwall_model::{Direction, Protocol, WorkloadName, World};

use super::Chance;
use super::world::{API_SERVER, PORTS};

/// What one hook sees first of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The workload whose hook sees it.
    pub subject: WorkloadName,
    /// In or out of that workload.
    pub direction: Direction,
    /// The workload's address, of the peer's family.
    pub own: IpAddr,
    /// The other end's address.
    pub peer: IpAddr,
    /// The protocol.
    pub protocol: Protocol,
    /// The server's port, the type of an ICMP message, or 0.
    pub port: u16,
}

/// Outside addresses, within and beside the ranges that policies name.
const OUTSIDE: [&str; 10] = [
    API_SERVER,
    "198.51.100.7",
    "198.51.100.9",
    "198.51.100.200",
    "203.0.113.9",
    "10.200.0.1",
    "2001:db8:1::7",
    "2001:db8:1::9",
    "2001:db8:2::1",
    "2600::1",
];

/// A packet of this workload; `None` where chance chose the workload itself as its peer.
pub(super) fn random(
    world: &World,
    subject: WorkloadName,
    direction: Direction,
    chance: &mut Chance,
) -> Option<Packet> {
    let peer = peer(world, chance);
    let own = &world.workload(&subject)?.addresses;
    let own = *own.iter().find(|ip| ip.is_ipv4() == peer.is_ipv4() && **ip != peer)?;
    let protocol = protocol(peer, chance);
    let port = if protocol.has_ports() {
        port(chance)
    } else if protocol == Protocol::ICMP || protocol == Protocol::ICMP6 {
        chance.one_of(&[0, 3, 8, 128])
    } else {
        0
    };
    Some(Packet { subject, direction, own, peer, protocol, port })
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
        15 => Protocol::SCTP,
        16..19 => icmp,
        _ => chance.one_of(&[Protocol::VRRP, Protocol(47)]),
    }
}

/// At a port that rules name, next to one, or anywhere.
fn port(chance: &mut Chance) -> u16 {
    let near = chance.one_of(&PORTS);
    match chance.below(10) {
        0..6 => near,
        6 => near - 1,
        7 => near + 1,
        8 => u16::MAX,
        _ => u16::try_from(chance.between(1, 65_535)).expect("a port"),
    }
}

//! Ranges of addresses and ports: whatever lies in, beside and across what, tables say what the
//! rules say, at every edge.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use podwall_model::{
    Cidr, Direction, PolicyId, PolicyKind, Protocol, RuleId, Section, WorkloadName, World,
};
use podwall_policy::options::Options;
use podwall_policy::rule::{
    Effect, Peer, Peers, Policy, Port, Ports, Precedence, Reach, Rule, Selector, Subject,
};
use podwall_testkit::random::{Case, Packet};
use podwall_testkit::witness::examine_packets;

/// A rule: what it is, a range with an exception, and a range of ports.
type Item = (u8, (u32, u8), u8, u16, u16);

/// The most rules of one case: every edge of a range meets every edge of ports.
const RULES: usize = 10;
const POD: [&str; 2] = ["10.0.0.1", "fd00::1"];

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let text = format!("pods: [{{name: a, ips: [{}, \"{}\"]}}]", POD[0], POD[1]);
    podwall_files::parse_world(&text).expect("a world").world
});

fn address(number: u32, six: bool) -> IpAddr {
    match six {
        false => Ipv4Addr::from(number).into(),
        true => Ipv6Addr::from((0x2001_0db8 << 96) | (u128::from(number) << 64)).into(),
    }
}

/// The range with its exception, of either family.
fn range(what: u8, (number, length): (u32, u8), except: u8) -> (Cidr, Vec<Cidr>) {
    let six = what & 1 != 0;
    let length = length % 33 + if six { 32 } else { 0 };
    let ip = address(number, six);
    let around = |length| Cidr::around(ip, length).expect("a length of the family");
    let longest = if six { 128 } else { 32 };
    let inner = length.saturating_add(except % 16).min(longest);
    let except = if inner > length { vec![around(inner)] } else { Vec::new() };
    (around(length), except)
}

fn rule(at: usize, &(what, place, except, first, last): &Item, policy: &PolicyId) -> Rule {
    let direction = if what & 2 == 0 { Direction::Ingress } else { Direction::Egress };
    let deny = what & 4 != 0;
    let (cidr, except) = range(what, place, except);
    let reach = if what & 8 == 0 { Reach::World } else { Reach::Everything };
    let (first, last) = (first.min(last).max(1), first.max(last).max(1));
    let protocol = if what & 16 == 0 { Protocol::TCP } else { Protocol::UDP };
    let port = match what & 32 {
        0 => Port::Range { protocol, first, last },
        _ => Port::All(protocol),
    };
    let index = Some(u32::try_from(at).expect("few rules"));
    let section = Section { spec: None, direction, deny };
    Rule {
        id: RuleId { policy: policy.clone(), section, index, content: 0 },
        subject: Subject::Endpoints(Selector::default()),
        direction,
        effect: if deny { Effect::Deny } else { Effect::Allow },
        precedence: Precedence::NORMAL,
        peers: match what & 64 {
            0 => Peers::AnyOf(vec![Peer::Cidr { cidr, except, reach }]),
            _ => Peers::Anyone,
        },
        ports: if what & 128 == 0 { Ports::AnyOf(vec![port]) } else { Ports::Any },
        demands: Vec::new(),
        isolates: true,
        log: None,
    }
}

fn edges(cidr: Cidr) -> [Option<IpAddr>; 4] {
    let (bits, start) = match cidr.network() {
        IpAddr::V4(ip) => (32, u128::from(u32::from(ip))),
        IpAddr::V6(ip) => (128, u128::from(ip)),
    };
    let host = u32::from(bits - cidr.length());
    let mask = if host == 0 { 0 } else { u128::MAX >> (128 - host) };
    let end = start | mask;
    let ip = |number: Option<u128>| {
        let number = number?;
        match bits {
            32 => Some(Ipv4Addr::from(u32::try_from(number).ok()?).into()),
            _ => Some(Ipv6Addr::from(number).into()),
        }
    };
    [start.checked_sub(1), Some(start), Some(end), end.checked_add(1)].map(ip)
}

/// Packets at every edge of ranges and ports.
fn packets(items: &[Item]) -> Vec<Packet> {
    let ranges = items.iter().flat_map(|item| {
        let (cidr, except) = range(item.0, item.1, item.2);
        except.into_iter().chain([cidr])
    });
    let mut peers: Vec<IpAddr> = ranges.flat_map(edges).flatten().collect();
    peers.retain(|ip| POD.iter().all(|own| own.parse() != Ok(*ip)));
    peers.sort_unstable();
    peers.dedup();
    let around = |port: u16| [port.saturating_sub(1).max(1), port.max(1), port.saturating_add(1)];
    let mut ports: Vec<u16> =
        items.iter().flat_map(|item| [item.3, item.4]).flat_map(around).collect();
    ports.sort_unstable();
    ports.dedup();
    let mut packets = Vec::new();
    for peer in peers {
        for (at, port) in ports.iter().enumerate() {
            let own = POD[usize::from(peer.is_ipv6())].parse().expect("an address");
            let protocol = if at % 3 == 0 { Protocol::UDP } else { Protocol::TCP };
            let subject = WorkloadName { namespace: "default".into(), name: "a".into() };
            packets.extend(Direction::BOTH.map(|direction| Packet {
                subject: subject.clone(),
                direction,
                own,
                peer,
                protocol,
                port: *port,
            }));
        }
    }
    packets
}

fuzz_target!(|items: Vec<Item>| {
    let items = &items[..items.len().min(RULES)];
    let id = PolicyId {
        kind: PolicyKind::CiliumNetworkPolicy,
        namespace: Some("default".to_owned()),
        name: "p".to_owned(),
    };
    let rules = items.iter().enumerate().map(|(at, item)| rule(at, item, &id)).collect();
    let policy = Policy { id, mode: None, rules, group: None };
    let (world, options) = (WORLD.clone(), Options::default());
    let case = Case { seed: 0, world, policies: vec![policy], options };
    if let Err(problem) = examine_packets(&case, packets(items)) {
        panic!("{problem:?}");
    }
});

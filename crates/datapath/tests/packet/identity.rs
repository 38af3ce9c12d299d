//! Who a packet is from and to: exact addresses, ranges, the world, the machine itself.

use std::net::IpAddr;

use podwall_datapath::abi;
use podwall_model::Address;
use podwall_model::Reason::{DefaultDeny, DenyRule, InvalidSource, None as Nothing};
use podwall_model::Verdict::{Dropped, Forwarded};
use podwall_policy::table::IdentityNumber;

use crate::frame;
use crate::node::{ALLOW, DENY, Node, Way, families, pod};
use crate::tally::{egress, ingress};

fn udp(ends: (IpAddr, IpAddr)) -> Vec<u8> {
    frame::ip(ends, 17, &frame::udp((5000, 53)))
}

fn network(node: &Node, text: &str, identity: u32) {
    let cidr: podwall_model::Cidr = text.parse().expect("a range");
    let key = abi::Network {
        prefix: u32::from(cidr.mapped_length()),
        address: Address::from(cidr.network()).0,
    };
    node.put("pw_networks", &key, &identity);
}

#[test]
pub(crate) fn the_exact_address_wins_then_the_longest_range_then_the_world() {
    let node = Node::new();
    node.table(1, &[(0, DENY, 0)], &[]);
    for (identity, rule) in [(400, 1), (401, 2), (402, 3), (9, 4), (10, 5)] {
        node.row(1, abi::EGRESS, identity, &[(0, ALLOW, rule)]);
    }
    node.slot(1, 1, 1, 1);
    network(&node, "203.0.0.0/8", 400);
    network(&node, "203.0.113.0/24", 401);
    network(&node, "2001:db8::/32", 400);
    network(&node, "2001:db8:1::/48", 401);
    for exact in ["203.0.113.77", "2001:db8:1::77"] {
        let exact: IpAddr = exact.parse().expect("an address");
        node.put("pw_addresses", &Address::from(exact).0, &402_u32);
    }
    for (text, rule) in [
        ("203.0.1.1", 1),
        ("203.0.113.1", 2),
        ("203.0.113.77", 3),
        ("198.51.100.1", 4),
        ("2001:db8:2::1", 1),
        ("2001:db8:1::1", 2),
        ("2001:db8:1::77", 3),
        ("2001:dead::1", 5),
    ] {
        let outside: IpAddr = text.parse().expect("an address");
        let out = udp((pod(1, outside), outside));
        node.expect((Way::Out, 1), &out, Forwarded, egress(Nothing, rule));
    }
}

#[test]
pub(crate) fn asking_for_an_address_is_judged_by_rules_and_nothing_else_is_sent_from_none() {
    let addresses = [
        ("0.0.0.0", "255.255.255.255", "255.255.255.255/32", (68, 67)),
        ("fe80::1", "ff02::1:2", "ff02::/16", (546, 547)),
    ];
    for (none, everybody, range, ports) in addresses {
        let node = Node::new();
        let ends: (IpAddr, IpAddr) =
            (none.parse().expect("an address"), everybody.parse().expect("an address"));
        node.table(1, &[(0, DENY, 0)], &[]);
        node.slot(1, 1, 1, 1);
        let asks = frame::ip(ends, 17, &frame::udp(ports));
        node.expect((Way::Out, 1), &asks, Dropped, egress(DefaultDeny, 0));
        network(&node, range, 400);
        let lane = crate::node::lane(17, ports.1);
        node.row(1, abi::EGRESS, 400, &[(0, DENY, 0), (lane, ALLOW, 7), (lane + 1, DENY, 0)]);
        node.expect((Way::Out, 1), &asks, Forwarded, egress(Nothing, 7));
        let other = frame::ip(ends, 17, &frame::udp((ports.0 + 1, ports.1)));
        node.expect((Way::Out, 1), &other, Dropped, egress(InvalidSource, 0));
        let elsewhere = frame::ip((ends.0, pod(2, ends.0)), 17, &frame::udp(ports));
        node.expect((Way::Out, 1), &elsewhere, Dropped, egress(InvalidSource, 0));
        assert_eq!(node.count("pw_connections"), 0);
    }
}

#[test]
pub(crate) fn the_machine_itself_is_who_sent_from_here_not_who_has_its_address() {
    let node = Node::new();
    node.table(1, &[], &[(0, DENY, 0)]);
    node.row(1, abi::INGRESS, 1, &[(0, ALLOW, 8)]);
    node.slot(1, 1, 1, 1);
    for text in ["10.0.0.254", "fd00::254"] {
        let host: IpAddr = text.parse().expect("an address");
        node.put("pw_addresses", &Address::from(host).0, &1_u32);
        let inward = udp((host, pod(1, host)));
        node.expect((Way::In, 1), &inward, Dropped, ingress(DefaultDeny, 0));
        node.expect((Way::InFromHost, 1), &inward, Forwarded, ingress(Nothing, 8));
        // It stays the machine's under another generation.
        node.slot(1, 2, 1, 1);
        node.expect((Way::InFromHost, 1), &inward, Forwarded, ingress(Nothing, 8));
        node.slot(1, 1, 1, 1);
    }
}

#[test]
pub(crate) fn the_machine_keeps_its_own_at_an_address_that_a_range_tells_apart() {
    let node = Node::new();
    node.table(1, &[], &[(0, DENY, 0)]);
    let apart = IdentityNumber::FIRST_HOST.0;
    node.row(1, abi::INGRESS, 1, &[(0, ALLOW, 8)]);
    node.row(1, abi::INGRESS, apart, &[(0, ALLOW, 9)]);
    node.slot(1, 1, 1, 1);
    for text in ["10.0.0.254", "fd00::254"] {
        let host: IpAddr = text.parse().expect("an address");
        node.put("pw_addresses", &Address::from(host).0, &apart);
        let inward = udp((host, pod(1, host)));
        node.expect((Way::In, 1), &inward, Dropped, ingress(DefaultDeny, 0));
        node.expect((Way::InFromHost, 1), &inward, Forwarded, ingress(Nothing, 9));
    }
}

#[test]
pub(crate) fn a_peer_with_another_identity_is_felt_with_the_next_generation() {
    let node = Node::new();
    node.table(1, &[(0, ALLOW, 1)], &[]);
    node.row(1, abi::EGRESS, 302, &[(0, DENY, 2)]);
    for family in families() {
        let peer = pod(2, family);
        node.put("pw_addresses", &Address::from(peer).0, &303_u32);
        node.slot(1, 1, 1, 1);
        let out = udp((pod(1, family), peer));
        node.expect((Way::Out, 1), &out, Forwarded, egress(Nothing, 1));
        node.put("pw_addresses", &Address::from(peer).0, &302_u32);
        node.slot(1, 2, 1, 1);
        node.expect((Way::Out, 1), &out, Dropped, egress(DenyRule, 2));
    }
}

#[test]
pub(crate) fn an_address_that_moved_takes_its_connections_from_nobody() {
    let node = Node::new();
    node.table(1, &[(0, ALLOW, 1)], &[(0, DENY, 0)]);
    node.slot(1, 1, 1, 1);
    node.slot(2, 1, 1, 1);
    for outside in families() {
        let own = pod(1, outside);
        let out = udp((own, outside));
        node.expect((Way::Out, 1), &out, Forwarded, egress(Nothing, 1));
        // Another device cannot use it.
        assert!(!node.give(Way::Out, 2, &out));
        // The address comes to another workload: what was open is not its own.
        let endpoint = abi::Endpoint { ifindex: node.devices[1], slot: 2 };
        node.put("pw_endpoints", &Address::from(own).0, &endpoint);
        let answer = frame::ip((outside, own), 17, &frame::udp((53, 5000)));
        node.expect((Way::In, 2), &answer, Dropped, ingress(DefaultDeny, 0));
        node.expect((Way::Out, 2), &out, Forwarded, egress(Nothing, 1));
        node.expect((Way::In, 2), &answer, Forwarded, egress(Nothing, 1));
    }
}

#[test]
pub(crate) fn a_device_that_is_nobodys_is_left_alone() {
    let node = Node::new();
    node.table(1, &[(0, DENY, 0)], &[(0, DENY, 0)]);
    node.slot(1, 1, 1, 1);
    let outside = families()[0];
    let other: IpAddr = "10.0.0.77".parse().expect("an address");
    node.put("pw_devices", &node.devices[1], &abi::Device { slot: 0, pad: 0 });
    assert!(node.give(Way::Out, 2, &udp((other, outside))));
    assert!(node.give(Way::In, 2, &udp((outside, other))));
    assert!(node.counters().is_empty());
}

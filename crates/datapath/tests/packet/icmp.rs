//! ICMP: queries told apart by who asks, errors that follow what they quote, neighbours.

use std::net::IpAddr;

use podwall_model::Reason::{DefaultDeny, None as Nothing};
use podwall_model::Verdict::{Dropped, Forwarded, WouldDrop};

use crate::frame::{self, ACK, SYN};
use crate::node::{ALLOW, DENY, Node, Way, families, lane, pod};
use crate::tally::{egress, ingress};

/// A table that lets out pings by rule 2, TCP to 80 by rule 3, and lets nothing in.
fn node(outside: IpAddr) -> Node {
    let node = Node::new();
    let protocol = frame::icmp_protocol(outside);
    let kind = if outside.is_ipv4() { 8 } else { 128 };
    let mut steps = vec![
        (0, DENY, 0),
        (lane(protocol, kind), ALLOW, 2),
        (lane(protocol, kind + 1), DENY, 0),
        (lane(6, 80), ALLOW, 3),
        (lane(6, 81), DENY, 0),
    ];
    steps.sort_unstable();
    node.table(1, &steps, &[(0, DENY, 0)]);
    node.slot(1, 1, 1, 1);
    node
}

#[test]
pub(crate) fn a_ping_is_answered_and_a_ping_back_is_not_an_answer() {
    for outside in families() {
        let node = node(outside);
        let (out, back) = ((pod(1, outside), outside), (outside, pod(1, outside)));
        node.expect((Way::Out, 1), &frame::echo(out, false, 7), Forwarded, egress(Nothing, 2));
        node.expect((Way::In, 1), &frame::echo(back, true, 7), Forwarded, egress(Nothing, 2));
        node.expect((Way::In, 1), &frame::echo(back, false, 7), Dropped, ingress(DefaultDeny, 0));
        node.expect((Way::In, 1), &frame::echo(back, true, 8), Dropped, ingress(DefaultDeny, 0));
        node.expect((Way::Out, 1), &frame::echo(out, true, 7), Dropped, egress(DefaultDeny, 0));
        assert_eq!(node.count("pw_connections"), 1);
    }
}

fn quoted(ends: (IpAddr, IpAddr), ports: (u16, u16)) -> Vec<u8> {
    frame::ip(ends, 6, &frame::tcp(ports, SYN))[14..].to_vec()
}

fn error(ends: (IpAddr, IpAddr), quote: &[u8]) -> Vec<u8> {
    let (kind, code) = if ends.0.is_ipv4() { (3, 4) } else { (2, 0) };
    frame::ip(ends, frame::icmp_protocol(ends.0), &frame::icmp(kind, code, 0, quote))
}

#[test]
pub(crate) fn an_error_follows_the_connection_it_quotes_and_no_other() {
    for (outside, router) in families().into_iter().zip(["198.51.100.1", "2001:db8:1::1"]) {
        let node = node(outside);
        let router: IpAddr = router.parse().expect("an address");
        let out = (pod(1, outside), outside);
        let first = frame::ip(out, 6, &frame::tcp((40000, 80), SYN));
        node.expect((Way::Out, 1), &first, Forwarded, egress(Nothing, 3));
        let about = error((router, out.0), &quoted(out, (40000, 80)));
        node.expect((Way::In, 1), &about, Forwarded, egress(Nothing, 3));
        let foreign = error((router, out.0), &quoted(out, (40001, 80)));
        node.expect((Way::In, 1), &foreign, Dropped, ingress(DefaultDeny, 0));
        let other = (pod(2, outside), outside);
        let elsewhere = error((router, out.0), &quoted(other, (40000, 80)));
        node.expect((Way::In, 1), &elsewhere, Dropped, ingress(DefaultDeny, 0));
        // The workload refuses what it was sent within its connection.
        let refusal = error(out, &quoted((out.1, out.0), (80, 40000)));
        node.expect((Way::Out, 1), &refusal, Forwarded, egress(Nothing, 3));
        let forged = error(out, &quoted((out.1, out.0), (80, 40009)));
        node.expect((Way::Out, 1), &forged, Dropped, egress(DefaultDeny, 0));
        assert_eq!(node.count("pw_connections"), 1);
    }
}

#[test]
pub(crate) fn an_error_does_not_answer_for_the_other_end() {
    let outside = families()[0];
    let node = node(outside);
    let out = (pod(1, outside), outside);
    node.give(Way::Out, 1, &frame::ip(out, 6, &frame::tcp((40000, 80), SYN)));
    node.give(Way::In, 1, &error((out.1, out.0), &quoted(out, (40000, 80))));
    node.events();
    // Still unanswered: the same first packet tells nothing new.
    node.give(Way::Out, 1, &frame::ip(out, 6, &frame::tcp((40000, 80), SYN)));
    assert!(node.events().is_empty());
    node.give(Way::In, 1, &frame::ip((out.1, out.0), 6, &frame::tcp((80, 40000), SYN | ACK)));
    node.give(Way::Out, 1, &frame::ip(out, 6, &frame::tcp((40000, 80), SYN)));
    assert_eq!(node.events().len(), 1);
}

#[test]
pub(crate) fn neighbours_are_found_though_everything_is_denied() {
    let node = Node::new();
    node.table(1, &[(0, DENY, 0)], &[(0, DENY, 0)]);
    node.slot(1, 1, 1, 1);
    let solicited: IpAddr = "ff02::1:ff00:2".parse().expect("an address");
    let local: IpAddr = "fe80::1".parse().expect("an address");
    let nobody: IpAddr = "::".parse().expect("an address");
    let own = pod(1, solicited);
    let IpAddr::V6(own_v6) = own else { panic!("IPv6") };
    let target = own_v6.octets();
    let out = [
        frame::arp(1, [10, 0, 0, 1], [10, 0, 0, 254]),
        frame::arp(2, [10, 0, 0, 1], [10, 0, 0, 254]),
        frame::arp(1, [0, 0, 0, 0], [10, 0, 0, 1]),
        frame::ip((nobody, solicited), 58, &frame::icmp(135, 0, 0, &target)),
        frame::ip((own, solicited), 58, &frame::icmp(135, 0, 0, &[0; 16])),
        frame::ip((local, solicited), 58, &frame::icmp(135, 0, 0, &[0; 16])),
        frame::ip((own, solicited), 58, &frame::icmp(136, 0, 0, &target)),
        frame::ip((local, solicited), 58, &frame::icmp(133, 0, 0, &[])),
    ];
    for frame in out {
        node.expect((Way::Out, 1), &frame, Forwarded, egress(Nothing, 0));
    }
    let inward = [
        frame::arp(1, [10, 0, 0, 254], [10, 0, 0, 1]),
        frame::ip((local, own), 58, &frame::icmp(135, 0, 0, &target)),
        frame::ip((local, own), 58, &frame::icmp(136, 0, 0, &[0; 16])),
        frame::ip((local, solicited), 58, &frame::icmp(134, 0, 0, &[0; 8])),
    ];
    for frame in inward {
        node.expect((Way::In, 1), &frame, Forwarded, ingress(Nothing, 0));
    }
    assert_eq!(node.count("pw_connections"), 0);
    assert!(node.events().is_empty());
}

#[test]
pub(crate) fn a_message_is_judged_by_its_type() {
    for outside in families() {
        let node = Node::new();
        let protocol = frame::icmp_protocol(outside);
        let kind = if outside.is_ipv4() { 13 } else { 128 };
        let ports =
            [(0, DENY, 0), (lane(protocol, kind), ALLOW, 4), (lane(protocol, kind + 1), DENY, 0)];
        node.table(1, &[], &[]);
        node.table(2, &[], &ports);
        node.slot(1, 1, 1, 2);
        let message = |kind| {
            let ends = (outside, pod(1, outside));
            frame::ip(ends, protocol, &frame::icmp(u8::try_from(kind).expect("small"), 0, 5, &[]))
        };
        node.expect((Way::In, 1), &message(kind), Forwarded, ingress(Nothing, 4));
        node.expect((Way::In, 1), &message(10), WouldDrop, ingress(DefaultDeny, 0));
    }
}

//! Datagrams in pieces, IPv4 options, IPv6 extension headers: the ports are found, or it stops.

use std::net::IpAddr;

use podwall_model::Reason::{DefaultDeny, FragmentUnknown, None as Nothing};
use podwall_model::Verdict::{Dropped, Forwarded};

use crate::frame::{self, SYN};
use crate::node::{ALLOW, DENY, Node, Way, families, lane, pod};
use crate::tally::{egress, ingress};

/// UDP to 53 by rule 5, TCP to 80 by rule 6, in and out.
fn node() -> Node {
    let node = Node::new();
    let steps = [
        (0, DENY, 0),
        (lane(6, 80), ALLOW, 6),
        (lane(6, 81), DENY, 0),
        (lane(17, 53), ALLOW, 5),
        (lane(17, 54), DENY, 0),
    ];
    node.table(1, &steps, &steps);
    node.slot(1, 1, 1, 1);
    node
}

/// One piece of a UDP datagram: where it begins (in 8 bytes), whether more follow, its id.
fn piece(ends: (IpAddr, IpAddr), offset: u16, more: bool, id: u16, payload: &[u8]) -> Vec<u8> {
    match ends.0 {
        IpAddr::V4(_) => {
            let field = u16::from(more) << 13 | offset;
            frame::ethernet(0x0800, &frame::v4(ends, 17, &[], (id, field), payload))
        }
        IpAddr::V6(_) => {
            let mut whole = frame::piece(17, offset, u16::from(more), u32::from(id));
            whole.extend(payload);
            frame::ethernet(0x86dd, &frame::v6(ends, 44, &whole))
        }
    }
}

fn first(port: u16) -> Vec<u8> {
    let mut udp = frame::udp((5000, port));
    udp[4..6].copy_from_slice(&[0, 64]);
    udp.extend([0; 20]);
    udp
}

#[test]
pub(crate) fn later_pieces_share_the_fate_of_the_first() {
    for outside in families() {
        let both = [(Way::Out, (pod(1, outside), outside)), (Way::In, (outside, pod(1, outside)))];
        for (way, ends) in both {
            let node = node();
            let told = |reason, rule| match way {
                Way::Out => egress(reason, rule),
                Way::In | Way::InFromHost => ingress(reason, rule),
            };
            let rest = |id| piece(ends, 4, false, id, &[0; 32]);
            node.expect(
                (way, 1),
                &piece(ends, 0, true, 1, &first(53)),
                Forwarded,
                told(Nothing, 5),
            );
            node.expect((way, 1), &rest(1), Forwarded, told(Nothing, 5));
            node.expect((way, 1), &rest(2), Dropped, told(FragmentUnknown, 0));
            // A denied datagram after an allowed one, and a number used again.
            let denied = piece(ends, 0, true, 3, &first(54));
            node.expect((way, 1), &denied, Dropped, told(DefaultDeny, 0));
            node.expect((way, 1), &rest(3), Dropped, told(DefaultDeny, 0));
            let again = piece(ends, 0, true, 1, &first(54));
            node.expect((way, 1), &again, Dropped, told(DefaultDeny, 0));
            node.expect((way, 1), &rest(1), Dropped, told(DefaultDeny, 0));
        }
    }
}

#[test]
pub(crate) fn a_spoofed_first_piece_leaves_nothing() {
    for outside in families() {
        let node = node();
        let other = (pod(2, outside), outside);
        assert!(!node.give(Way::Out, 1, &piece(other, 0, true, 1, &first(53))));
        assert_eq!(node.count("pw_fragments"), 0);
    }
}

#[test]
pub(crate) fn pieces_of_a_ping_follow_its_query() {
    for outside in families() {
        let node = Node::new();
        let (protocol, kind) = if outside.is_ipv4() { (1, 8) } else { (58, 128) };
        let steps =
            [(0, DENY, 0), (lane(protocol, kind), ALLOW, 2), (lane(protocol, kind + 1), DENY, 0)];
        node.table(1, &steps, &[(0, DENY, 0)]);
        node.slot(1, 1, 1, 1);
        let ends = (pod(1, outside), outside);
        let retyped = |mut frame: Vec<u8>| {
            frame[if ends.0.is_ipv4() { 23 } else { 54 }] = protocol;
            frame
        };
        let kind = u8::try_from(kind).expect("small");
        let ping = retyped(piece(ends, 0, true, 1, &frame::icmp(kind, 0, 9, &[0; 24])));
        let rest = retyped(piece(ends, 4, false, 1, &[0; 32]));
        node.expect((Way::Out, 1), &ping, Forwarded, egress(Nothing, 2));
        node.expect((Way::Out, 1), &rest, Forwarded, egress(Nothing, 2));
        assert_eq!(node.count("pw_connections"), 1);
    }
}

#[test]
pub(crate) fn ports_are_read_behind_ipv4_options() {
    let outside = families()[0];
    for words in 1..=10 {
        let node = node();
        let ends = (pod(1, outside), outside);
        // The options look like ports that are allowed, or not.
        let with = |port: u16, bait: u8| {
            let options = [0, bait].repeat(words * 2);
            let packet = frame::v4(ends, 6, &options, (1, 0), &frame::tcp((40000, port), SYN));
            frame::ethernet(0x0800, &packet)
        };
        node.expect((Way::Out, 1), &with(80, 81), Forwarded, egress(Nothing, 6));
        node.expect((Way::Out, 1), &with(81, 80), Dropped, egress(DefaultDeny, 0));
    }
}

#[test]
pub(crate) fn ports_are_read_behind_ipv6_extension_headers() {
    let outside = families()[1];
    let step = |next| frame::extension(next, 0, 0);
    let mut authentication = vec![6, 4, 0, 0];
    authentication.extend([0; 20]);
    let chains: [(u8, Vec<u8>); 7] = [
        (0, step(6)),
        (60, step(6)),
        (43, frame::extension(6, 2, 0)),
        (44, frame::piece(6, 0, 0, 1)),
        (51, authentication),
        (0, [step(43), frame::extension(60, 4, 0), step(6)].concat()),
        (0, [step(60), [60; 6].map(step).concat(), step(6)].concat()),
    ];
    for (first, chain) in chains {
        let node = node();
        for (way, ends) in
            [(Way::Out, (pod(1, outside), outside)), (Way::In, (outside, pod(1, outside)))]
        {
            let with = |port: u16| {
                let payload = [chain.clone(), frame::tcp((40000, port), SYN)].concat();
                frame::ethernet(0x86dd, &frame::v6(ends, first, &payload))
            };
            let told = |reason, rule| match way {
                Way::Out => egress(reason, rule),
                Way::In | Way::InFromHost => ingress(reason, rule),
            };
            node.expect((way, 1), &with(80), Forwarded, told(Nothing, 6));
            node.expect((way, 1), &with(81), Dropped, told(DefaultDeny, 0));
        }
    }
}

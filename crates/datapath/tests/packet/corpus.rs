//! Packets that somebody wrote by hand: each is stopped where its direction is enforced, even
//! by a policy that allows everything if the packet itself is wrong, and none where it is only
//! watched.

use std::net::IpAddr;

use podwall_model::Reason::{
    self, BadExtension, DefaultDeny, ForbiddenIcmp6, FragmentUnknown, InvalidSource, Malformed,
    NotIp, Truncated, UnknownProtocol, Vlan,
};
use podwall_model::Verdict::{Dropped, Forwarded, WouldDrop};

use crate::frame::{self, ACK, FIN, RST, SYN};
use crate::node::{ALLOW, DENY, Node, Way, families, pod};
use crate::tally::Told;

/// A packet, the hook it is given to, and why it is stopped.
struct Case {
    name: String,
    way: Way,
    frame: Vec<u8>,
    reason: Reason,
}

fn case(name: impl Into<String>, way: Way, frame: Vec<u8>, reason: Reason) -> Case {
    Case { name: name.into(), way, frame, reason }
}

/// Both ways between workload 1 and an outside address.
fn ways(outside: IpAddr) -> [(Way, (IpAddr, IpAddr)); 2] {
    [(Way::Out, (pod(1, outside), outside)), (Way::In, (outside, pod(1, outside)))]
}

/// Each way has a node of its own: protocols without ports would answer each other.
fn check(cases: Vec<Case>) {
    let (out, inward): (Vec<Case>, Vec<Case>) =
        cases.into_iter().partition(|case| case.way == Way::Out);
    check_on(&Node::new(), out);
    check_on(&Node::new(), inward);
}

fn check_on(node: &Node, cases: Vec<Case>) {
    node.table(1, &[], &[]);
    node.table(2, &[(0, DENY, 0)], &[(0, DENY, 0)]);
    node.table(3, &[(0, ALLOW, 1)], &[(0, ALLOW, 1)]);
    for (generation, case) in (1..).step_by(3).zip(cases) {
        eprintln!("{}", case.name);
        // What is wrong with a packet stops it though a rule allows everything.
        let table = if case.reason == DefaultDeny { 2 } else { 3 };
        let direction = u8::from(case.way != Way::Out);
        let told = Told { direction, reason: case.reason, rule: 0 };
        node.slot(1, generation, table, table);
        node.expect((case.way, 1), &case.frame, Dropped, told);
        node.slot(1, generation + 1, 1, table);
        node.expect((case.way, 1), &case.frame, WouldDrop, told);
        node.slot(1, generation + 2, 1, 1);
        let reason = if case.reason == DefaultDeny { Reason::None } else { case.reason };
        node.expect((case.way, 1), &case.frame, Forwarded, Told { reason, ..told });
    }
}

fn cut_everywhere(cases: &mut Vec<Case>, way: Way, ends: (IpAddr, IpAddr)) {
    let whole = frame::ip(ends, 6, &frame::tcp((40000, 80), SYN));
    let headers = if ends.0.is_ipv4() { 34 } else { 54 };
    for length in headers..whole.len() {
        let cut = whole[..length].to_vec();
        cases.push(case(format!("cut at {length}"), way, cut, Truncated));
    }
    for (protocol, header) in [(6, 20), (17, 8), (132, 12)] {
        for length in 0..header {
            let short = frame::ip(ends, protocol, &vec![0x55; length]);
            let name = format!("{length} bytes of protocol {protocol}");
            cases.push(case(name, way, short, Truncated));
        }
    }
}

fn transport(cases: &mut Vec<Case>, way: Way, ends: (IpAddr, IpAddr)) {
    let tcp = |flags| frame::ip(ends, 6, &frame::tcp((40000, 80), flags));
    for flags in [0, FIN, SYN | FIN, SYN | RST, FIN | 8 | 32, 0x3f, FIN | RST, 8] {
        cases.push(case(format!("flags {flags:#x}"), way, tcp(flags), Malformed));
    }
    for flags in [ACK, FIN | ACK, RST, SYN | ACK, RST | ACK] {
        cases.push(case(format!("first has flags {flags:#x}"), way, tcp(flags), DefaultDeny));
    }
    for (words, reason) in [(0, Malformed), (4, Malformed), (15, Truncated)] {
        let mut header = frame::tcp((40000, 80), SYN);
        header[12] = words << 4;
        cases.push(case(format!("offset {words}"), way, frame::ip(ends, 6, &header), reason));
    }
    for (length, reason) in [(0, Malformed), (7, Malformed), (13, Truncated), (0xffff, Truncated)] {
        let mut header = frame::udp((5000, 53));
        header[4..6].copy_from_slice(&u16::to_be_bytes(length));
        cases.push(case(format!("length {length}"), way, frame::ip(ends, 17, &header), reason));
    }
    for port in [53, 80] {
        let answer = frame::ip(ends, 17, &frame::udp((port, 40000)));
        cases.push(case(format!("an answer from {port}"), way, answer, DefaultDeny));
    }
    for protocol in [4, 41, 46, 47, 50, 89, 103, 112, 115, 132, 135, 136, 139, 254] {
        let other = frame::ip(ends, protocol, &[0x45; 40]);
        cases.push(case(format!("protocol {protocol}"), way, other, DefaultDeny));
    }
    let vxlan = frame::ip(ends, 17, &frame::udp((40000, 4789)));
    cases.push(case("vxlan", way, vxlan, DefaultDeny));
    let unknown = frame::ip(ends, 255, &[0; 20]);
    cases.push(case("protocol 255", way, unknown, UnknownProtocol));
}

fn link(cases: &mut Vec<Case>, way: Way, ends: (IpAddr, IpAddr)) {
    let inner = frame::ip(ends, 17, &frame::udp((5000, 53)));
    for (kind, reason) in [
        (0x8100, Vlan),
        (0x88a8, Vlan),
        (0x8847, NotIp),
        (0x88f7, NotIp),
        (0x8863, NotIp),
        (0x0026, NotIp),
        (0x0000, NotIp),
        (0x9100, NotIp),
    ] {
        let mut tagged = vec![0, 7];
        tagged.extend(&inner[12..]);
        let name = format!("ethertype {kind:#x}");
        cases.push(case(name, way, frame::ethernet(kind, &tagged), reason));
    }
}

#[test]
pub(crate) fn every_cut_is_a_truncated_packet() {
    let mut cases = Vec::new();
    for outside in families() {
        for (way, ends) in ways(outside) {
            cut_everywhere(&mut cases, way, ends);
        }
    }
    check(cases);
}

#[test]
pub(crate) fn transport_headers_that_lie_and_packets_nobody_asked_for() {
    let mut cases = Vec::new();
    for outside in families() {
        for (way, ends) in ways(outside) {
            transport(&mut cases, way, ends);
            link(&mut cases, way, ends);
        }
    }
    check(cases);
}

#[test]
pub(crate) fn ipv4_headers_that_lie() {
    let mut cases = Vec::new();
    for (way, ends) in ways(families()[0]) {
        let whole = frame::ip(ends, 17, &frame::udp((5000, 53)));
        let with = |at: usize, bytes: &[u8]| {
            let mut frame = whole.clone();
            frame[14 + at..14 + at + bytes.len()].copy_from_slice(bytes);
            frame
        };
        for words in 0..5 {
            cases.push(case(format!("ihl {words}"), way, with(0, &[0x40 | words]), Malformed));
        }
        cases.push(case("ihl beyond the packet", way, with(0, &[0x4f]), Malformed));
        cases.push(case("version 6", way, with(0, &[0x65]), Malformed));
        cases.push(case("version 0", way, with(0, &[0x05]), Malformed));
        cases.push(case("length 0", way, with(2, &[0, 0]), Malformed));
        cases.push(case("length 19", way, with(2, &[0, 19]), Malformed));
        cases.push(case("length beyond the packet", way, with(2, &[0, 33]), Truncated));
        cases.push(case("protocol 0", way, with(9, &[0]), UnknownProtocol));
        let piece = |protocol, field, payload: &[u8]| {
            frame::ethernet(0x0800, &frame::v4(ends, protocol, &[], (9, field), payload))
        };
        cases.push(case("a tiny first piece", way, piece(6, 0x2000, &[0; 8]), Truncated));
        cases.push(case("over TCP's header", way, piece(6, 0x2001, &[0; 16]), Malformed));
        cases.push(case("beyond 65535", way, piece(1, 0x1fff, &[0; 64]), Malformed));
        cases.push(case("no first piece", way, piece(17, 0x2010, &[0; 64]), FragmentUnknown));
        let redirect = frame::ip(ends, 1, &frame::icmp(5, 1, 0, &[0; 28]));
        cases.push(case("redirect", way, redirect, DefaultDeny));
    }
    check(cases);
}

#[test]
pub(crate) fn ipv6_headers_that_lie() {
    let mut cases = Vec::new();
    for (way, ends) in ways(families()[1]) {
        let udp = frame::udp((5000, 53));
        let chain = |first: u8, headers: &[Vec<u8>]| {
            let mut payload: Vec<u8> = headers.concat();
            payload.extend(&udp);
            frame::ethernet(0x86dd, &frame::v6(ends, first, &payload))
        };
        let mut push = |name: &str, frame, reason| cases.push(case(name, way, frame, reason));
        let step = |next| frame::extension(next, 0, 0);
        push("hop-by-hop second", chain(60, &[step(0), step(17)]), BadExtension);
        for (kind, left) in [(0, 0), (0, 1), (2, 1), (4, 1), (3, 2)] {
            let routing = chain(43, &[frame::extension(17, kind, left)]);
            push(&format!("routing {kind}, {left} left"), routing, BadExtension);
        }
        let nine: Vec<Vec<u8>> = (0..9).map(|i| step(if i == 8 { 17 } else { 60 })).collect();
        push("nine headers", chain(60, &nine), BadExtension);
        let two = chain(44, &[frame::piece(44, 0, 1, 5), frame::piece(17, 0, 1, 5)]);
        push("two fragment headers", two, BadExtension);
        let mut long = step(17);
        long[1] = 200;
        push("a header beyond the packet", chain(60, &[long]), Truncated);
        push("nothing next", chain(59, &[]), DefaultDeny);
        push("mobility", chain(135, &[]), DefaultDeny);
        let later = chain(44, &[frame::piece(17, 8, 1, 77)]);
        push("no first piece", later, FragmentUnknown);
        let far = chain(44, &[frame::piece(17, 0x1fff, 0, 77)]);
        push("beyond 65535", far, Malformed);
        let mut jumbo = chain(0, &[step(17)]);
        jumbo[18..20].copy_from_slice(&[0, 0]);
        push("jumbogram", jumbo, Malformed);
        let mut version = chain(17, &[]);
        version[14] = 0x45;
        push("version 4", version, Malformed);
        let mut mapped = chain(17, &[]);
        let (at, v4) = if way == Way::Out { (22, [10, 0, 0, 1]) } else { (22, [203, 0, 113, 9]) };
        mapped[at..at + 12].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
        mapped[at + 12..at + 16].copy_from_slice(&v4);
        push("a mapped source", mapped, Malformed);
        let cut = frame::ethernet(0x86dd, &frame::v6(ends, 44, &frame::piece(6, 0, 1, 3)));
        push("a first piece without ports", cut, Truncated);
        let far_hop = |kind: u8| {
            let mut frame = frame::ip(ends, 58, &frame::icmp(kind, 0, 0, &[0; 16]));
            frame[21] = 64;
            frame
        };
        for kind in 133..=137 {
            push(&format!("neighbour message {kind} from afar"), far_hop(kind), ForbiddenIcmp6);
        }
    }
    check(cases);
}

#[test]
pub(crate) fn a_workload_speaks_for_itself_alone() {
    let mut cases = Vec::new();
    for outside in families() {
        let v4 = ["10.0.0.2", "10.0.0.254", "127.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0"];
        let v6 = ["fd00::2", "fd00::254", "::1", "ff02::1", "fe80::7", "::"];
        for text in if outside.is_ipv4() { v4 } else { v6 } {
            let source: IpAddr = text.parse().expect("an address");
            let udp = frame::ip((source, outside), 17, &frame::udp((5000, 53)));
            cases.push(case(format!("from {text}"), Way::Out, udp, InvalidSource));
            let ping = frame::echo((source, outside), false, 1);
            cases.push(case(format!("ping from {text}"), Way::Out, ping, InvalidSource));
        }
        let own = pod(1, outside);
        let itself = frame::ip((own, own), 17, &frame::udp((5000, 53)));
        cases.push(case("from its own address", Way::In, itself, InvalidSource));
    }
    for text in ["127.0.0.1", "224.0.0.5", "255.255.255.255"] {
        let ends = (text.parse().expect("an address"), pod(1, families()[0]));
        let udp = frame::ip(ends, 17, &frame::udp((5000, 53)));
        cases.push(case(format!("in from {text}"), Way::In, udp, InvalidSource));
    }
    cases.push(case("arp", Way::Out, frame::arp(2, [10, 0, 0, 2], [10, 0, 0, 2]), InvalidSource));
    cases.push(case("arp", Way::Out, frame::arp(1, [10, 0, 0, 9], [10, 0, 0, 2]), InvalidSource));
    let (own, router): (IpAddr, IpAddr) =
        (pod(1, families()[1]), "ff02::1".parse().expect("an address"));
    for kind in [134, 137] {
        let advert = frame::ip((own, router), 58, &frame::icmp(kind, 0, 0, &[0; 16]));
        cases.push(case(format!("message {kind}"), Way::Out, advert, ForbiddenIcmp6));
    }
    let foreign: std::net::Ipv6Addr = "fd00::2".parse().expect("an address");
    let advert = frame::icmp(136, 0, 0, &foreign.octets());
    let advert = frame::ip((own, router), 58, &advert);
    cases.push(case("advert of another's", Way::Out, advert, InvalidSource));
    check(cases);
}

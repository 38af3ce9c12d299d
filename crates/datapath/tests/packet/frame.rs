//! Frames as bytes: every layer is written out, so that every byte of it can also be wrong.

use std::net::IpAddr;

/// TCP flags.
pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const ACK: u8 = 0x10;

/// An Ethernet frame of this type around `payload`.
pub(crate) fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    frame
}

/// An IPv4 header with these options (a multiple of 4 bytes) and fragment field, and its payload.
pub(crate) fn v4(
    ends: (IpAddr, IpAddr),
    protocol: u8,
    options: &[u8],
    piece: (u16, u16),
    payload: &[u8],
) -> Vec<u8> {
    let (IpAddr::V4(source), IpAddr::V4(destination)) = ends else { panic!("both are IPv4") };
    let words = 5 + options.len() / 4;
    let total = u16::try_from(words * 4 + payload.len()).expect("a frame is short");
    let mut ip = vec![0x40 | u8::try_from(words).expect("an option is short"), 0];
    ip.extend(total.to_be_bytes());
    ip.extend(piece.0.to_be_bytes());
    ip.extend(piece.1.to_be_bytes());
    ip.extend([64, protocol, 0, 0]);
    ip.extend(source.octets());
    ip.extend(destination.octets());
    ip.extend(options);
    ip.extend(payload);
    ip
}

/// An IPv6 header and its payload.
pub(crate) fn v6(ends: (IpAddr, IpAddr), next: u8, payload: &[u8]) -> Vec<u8> {
    let (IpAddr::V6(source), IpAddr::V6(destination)) = ends else { panic!("both are IPv6") };
    let mut ip = vec![0x60, 0, 0, 0];
    ip.extend(u16::try_from(payload.len()).expect("a frame is short").to_be_bytes());
    ip.extend([next, 255]);
    ip.extend(source.octets());
    ip.extend(destination.octets());
    ip.extend(payload);
    ip
}

/// A whole frame of the ends' family.
pub(crate) fn ip(ends: (IpAddr, IpAddr), protocol: u8, payload: &[u8]) -> Vec<u8> {
    match ends.0 {
        IpAddr::V4(_) => ethernet(0x0800, &v4(ends, protocol, &[], (1, 0), payload)),
        IpAddr::V6(_) => ethernet(0x86dd, &v6(ends, protocol, payload)),
    }
}

/// A TCP header and 4 bytes behind it.
pub(crate) fn tcp(ports: (u16, u16), flags: u8) -> Vec<u8> {
    let mut tcp = Vec::new();
    tcp.extend(ports.0.to_be_bytes());
    tcp.extend(ports.1.to_be_bytes());
    tcp.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    tcp.extend(*b"data");
    tcp
}

/// A UDP datagram of 4 bytes.
pub(crate) fn udp(ports: (u16, u16)) -> Vec<u8> {
    let mut udp = Vec::new();
    udp.extend(ports.0.to_be_bytes());
    udp.extend(ports.1.to_be_bytes());
    udp.extend([0, 12, 0, 0]);
    udp.extend(*b"data");
    udp
}

/// An ICMP message: type, code, id, and what follows.
pub(crate) fn icmp(kind: u8, code: u8, id: u16, rest: &[u8]) -> Vec<u8> {
    let mut icmp = vec![kind, code, 0, 0];
    icmp.extend(id.to_be_bytes());
    icmp.extend([0, 1]);
    icmp.extend(rest);
    icmp
}

/// The protocol number of ICMP in this family.
pub(crate) fn icmp_protocol(of: IpAddr) -> u8 {
    if of.is_ipv4() { 1 } else { 58 }
}

/// An echo request or its reply.
pub(crate) fn echo(ends: (IpAddr, IpAddr), reply: bool, id: u16) -> Vec<u8> {
    let kind = match (ends.0, reply) {
        (IpAddr::V4(_), false) => 8,
        (IpAddr::V4(_), true) => 0,
        (IpAddr::V6(_), false) => 128,
        (IpAddr::V6(_), true) => 129,
    };
    ip(ends, icmp_protocol(ends.0), &icmp(kind, 0, id, b"ping"))
}

/// An IPv6 extension header of 8 bytes.
pub(crate) fn extension(next: u8, type_or_option: u8, left: u8) -> Vec<u8> {
    vec![next, 0, type_or_option, left, 0, 0, 0, 0]
}

/// An IPv6 fragment header.
pub(crate) fn piece(next: u8, offset: u16, more: u16, id: u32) -> Vec<u8> {
    let mut header = vec![next, 0];
    header.extend((offset << 3 | more).to_be_bytes());
    header.extend(id.to_be_bytes());
    header
}

/// ARP: who has `target`, or an answer, spoken by `sender`.
pub(crate) fn arp(operation: u8, sender: [u8; 4], target: [u8; 4]) -> Vec<u8> {
    let mut arp = vec![0, 1, 8, 0, 6, 4, 0, operation, 2, 0, 0, 0, 0, 2];
    arp.extend(sender);
    arp.extend([0; 6]);
    arp.extend(target);
    ethernet(0x0806, &arp)
}

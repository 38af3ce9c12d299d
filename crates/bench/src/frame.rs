//! TCP frames as a device sees them, for runs without a network.

use std::net::IpAddr;

/// TCP flags.
pub(crate) const SYN: u8 = 0x02;
/// TCP flags.
pub(crate) const ACK: u8 = 0x10;
/// Bytes behind the TCP header, so that the frame has a usual size.
const PAYLOAD: usize = 64;

/// A frame from one address to another of its family.
///
/// # Panics
/// If the families differ.
pub(crate) fn tcp(from: IpAddr, to: IpAddr, ports: (u16, u16), flags: u8) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    let segment = 20 + PAYLOAD;
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            frame.extend([0x08, 0x00, 0x45, 0]);
            frame.extend(((20 + segment) as u16).to_be_bytes());
            frame.extend([0, 0, 0, 0, 64, 6, 0, 0]);
            frame.extend(from.octets());
            frame.extend(to.octets());
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            frame.extend((segment as u16).to_be_bytes());
            frame.extend([6, 64]);
            frame.extend(from.octets());
            frame.extend(to.octets());
        }
        _ => panic!("both ends are of one family"),
    }
    frame.extend(ports.0.to_be_bytes());
    frame.extend(ports.1.to_be_bytes());
    frame.extend([0; 8]);
    frame.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    frame.extend([0; PAYLOAD]);
    frame
}

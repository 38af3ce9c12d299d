//! The question to the kernel and its answer, byte by byte: `struct inet_diag_req_v2` and
//! `struct inet_diag_msg` of `linux/inet_diag.h`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
};
use podwall_model::Protocol;

use super::{Socket, Stage};

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST_DUMP: u16 = 0x301;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const HEADER_BYTES: usize = 16;
const MESSAGE_BYTES: usize = 72;
/// The kernel fills up to 32 KiB at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// All TCP and UDP sockets of the namespace that the thread is in.
pub(super) fn read() -> io::Result<Vec<Socket>> {
    let kind = (SockType::Datagram, SockFlag::SOCK_CLOEXEC);
    let netlink = socket(AddressFamily::Netlink, kind.0, kind.1, SockProtocol::NetlinkSockDiag)?;
    let mut sockets = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        for protocol in [Protocol::TCP, Protocol::UDP] {
            let family = u8::try_from(family).expect("families are small");
            send(netlink.as_raw_fd(), &question(family, protocol), MsgFlags::empty())?;
            answers(&netlink, protocol, &mut sockets)?;
        }
    }
    Ok(sockets)
}

fn question(family: u8, protocol: Protocol) -> Vec<u8> {
    const EVERY_STATE: u32 = u32::MAX;
    const ID_BYTES: usize = 48;
    let mut body = vec![family, protocol.0, 0, 0];
    body.extend(EVERY_STATE.to_ne_bytes());
    body.extend([0; ID_BYTES]);
    let length = u32::try_from(HEADER_BYTES + body.len()).expect("a question is small");
    let mut question = length.to_ne_bytes().to_vec();
    question.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    question.extend(NLM_F_REQUEST_DUMP.to_ne_bytes());
    question.extend([0; 8]);
    question.extend(body);
    question
}

fn answers(netlink: &OwnedFd, protocol: Protocol, sockets: &mut Vec<Socket>) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let length = recv(netlink.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
        let mut rest = &buffer[..length];
        while rest.len() >= HEADER_BYTES {
            let size = u32::from_ne_bytes(bytes(rest, 0)) as usize;
            if size < HEADER_BYTES || size > rest.len() {
                return Err(io::Error::from(io::ErrorKind::InvalidData));
            }
            let body = &rest[HEADER_BYTES..size];
            match u16::from_ne_bytes(bytes(rest, 4)) {
                NLMSG_DONE => return Ok(()),
                NLMSG_ERROR if body.len() >= 4 => {
                    let error = i32::from_ne_bytes(bytes(body, 0));
                    return Err(io::Error::from_raw_os_error(-error));
                }
                _ => sockets.extend(decode(body, protocol)),
            }
            rest = rest.get(size.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}

/// `None` for what is too short to be a socket, or of a family that was not asked for.
fn decode(message: &[u8], protocol: Protocol) -> Option<Socket> {
    if message.len() < MESSAGE_BYTES {
        return None;
    }
    let port = |at: usize| u16::from_be_bytes(bytes(message, at));
    let (peer, peer_port) = (ip(message[0], &message[24..40])?, port(6));
    let has_peer = peer_port != 0 && !peer.is_unspecified();
    Some(Socket {
        protocol,
        local: ip(message[0], &message[8..24])?,
        local_port: port(4),
        peer: has_peer.then_some((peer, peer_port)),
        stage: stage(message[1]),
    })
}

fn ip(family: u8, address: &[u8]) -> Option<IpAddr> {
    match i32::from(family) {
        libc::AF_INET => Some(Ipv4Addr::from(bytes::<4>(address, 0)).into()),
        libc::AF_INET6 => Some(Ipv6Addr::from(bytes::<16>(address, 0)).to_canonical()),
        _ => None,
    }
}

/// The state's number, as `net/tcp_states.h` counts; UDP uses those of TCP.
fn stage(state: u8) -> Stage {
    match state {
        2 => Stage::Asking,
        3 | 12 => Stage::Answering,
        6 | 7 => Stage::Over,
        10 => Stage::Listening,
        _ => Stage::Open,
    }
}

fn bytes<const N: usize>(from: &[u8], at: usize) -> [u8; N] {
    from[at..at + N].try_into().expect("the caller has looked at the length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_answer_is_no_socket() {
        for length in 0..MESSAGE_BYTES {
            assert_eq!(decode(&vec![2; length], Protocol::TCP), None);
        }
        let mut whole = vec![0; MESSAGE_BYTES];
        whole[0] = 10;
        assert!(decode(&whole, Protocol::TCP).is_some());
        whole[0] = 77;
        assert_eq!(decode(&whole, Protocol::TCP), None);
    }
}

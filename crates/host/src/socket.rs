//! The socket tables of a workload: what it listens on, and what was open before anybody watched.
//!
//! Asked of the kernel (`NETLINK_SOCK_DIAG`) on a thread that entered the workload's namespace.
//! Which way a connection was opened is not written anywhere: it came in if its local port is one
//! that the workload listens on.

mod table;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use podwall_model::{Direction, Protocol};
use thiserror::Error;

use crate::namespace::{Namespace, NamespaceError};

/// One socket, as the kernel tells it. Mapped IPv4 addresses are given as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Socket {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Its own address; unspecified where it takes any.
    pub local: IpAddr,
    /// Its own port.
    pub local_port: u16,
    /// The other end; `None` for a listener and for UDP without a peer.
    pub peer: Option<(IpAddr, u16)>,
    /// How far it is.
    pub stage: Stage,
}

/// How far a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It waits for clients.
    Listening,
    /// It has asked a server and has no answer yet.
    Asking,
    /// It answers a client whose handshake is not over.
    Answering,
    /// It is open, or being closed.
    Open,
    /// It is over, or was never used.
    Over,
}

/// A connection that was open when the tables were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conversation {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The workload's address.
    pub local: IpAddr,
    /// Its port.
    pub local_port: u16,
    /// The other end.
    pub peer: IpAddr,
    /// Its port.
    pub peer_port: u16,
    /// In which direction it was opened.
    pub opened: Direction,
}

/// Why a workload's sockets could not be read.
#[derive(Debug, Error)]
pub enum SocketError {
    /// Its namespace could not be entered.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
    /// The kernel did not answer.
    #[error("unable to read the socket tables, hint: run as root on a kernel with INET_DIAG")]
    Read(#[source] io::Error),
}

/// All TCP and UDP sockets of a namespace, of both families.
pub fn sockets(namespace: &Namespace) -> Result<Vec<Socket>, SocketError> {
    namespace.run(table::read)?.map_err(SocketError::Read)
}

/// The connections among these sockets, each with the direction it was opened in.
pub fn conversations(sockets: &[Socket]) -> Vec<Conversation> {
    let mut conversations: Vec<Conversation> =
        sockets.iter().filter_map(|socket| conversation(socket, sockets)).collect();
    conversations.sort_unstable();
    conversations.dedup();
    conversations
}

fn conversation(socket: &Socket, all: &[Socket]) -> Option<Conversation> {
    let (peer, peer_port) = socket.peer?;
    let opened = match socket.stage {
        Stage::Listening | Stage::Over => return None,
        Stage::Asking => Direction::Egress,
        Stage::Answering => Direction::Ingress,
        Stage::Open if all.iter().any(|other| takes(other, socket)) => Direction::Ingress,
        Stage::Open => Direction::Egress,
    };
    let Socket { protocol, local, local_port, .. } = *socket;
    Some(Conversation { protocol, local, local_port, peer, peer_port, opened })
}

/// Whether a client that reached `socket` may have reached it through `listener`.
fn takes(listener: &Socket, socket: &Socket) -> bool {
    // A UDP socket without a peer takes datagrams from anybody.
    let waits = match listener.stage {
        Stage::Listening => true,
        Stage::Asking | Stage::Answering | Stage::Open | Stage::Over => {
            listener.protocol == Protocol::UDP && listener.peer.is_none()
        }
    };
    // A socket on `::` takes IPv4 too, unless it was told not to.
    let any = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    waits
        && listener.protocol == socket.protocol
        && listener.local_port == socket.local_port
        && (listener.local == socket.local || any.contains(&listener.local))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(local: &str, port: u16, peer: Option<(&str, u16)>, stage: Stage) -> Socket {
        Socket {
            protocol: Protocol::TCP,
            local: local.parse().unwrap(),
            local_port: port,
            peer: peer.map(|(ip, port)| (ip.parse().unwrap(), port)),
            stage,
        }
    }

    #[test]
    fn a_connection_at_a_listening_port_came_in() {
        let table = [
            socket("::", 80, None, Stage::Listening),
            socket("10.0.0.1", 80, Some(("10.0.0.2", 4000)), Stage::Open),
            socket("10.0.0.1", 4001, Some(("10.0.0.2", 80)), Stage::Open),
            socket("10.0.0.1", 4002, Some(("10.0.0.2", 80)), Stage::Asking),
            socket("10.0.0.1", 4003, Some(("10.0.0.2", 80)), Stage::Over),
        ];
        let opened: Vec<(u16, Direction)> =
            conversations(&table).iter().map(|c| (c.local_port, c.opened)).collect();
        let expected =
            [(80, Direction::Ingress), (4001, Direction::Egress), (4002, Direction::Egress)];
        assert_eq!(opened, expected);
    }

    #[test]
    fn a_listener_on_another_address_takes_nobody_here() {
        let table = [
            socket("127.0.0.1", 80, None, Stage::Listening),
            socket("10.0.0.1", 80, Some(("10.0.0.2", 4000)), Stage::Open),
        ];
        assert_eq!(conversations(&table)[0].opened, Direction::Egress);
    }

    #[test]
    fn a_udp_socket_without_a_peer_listens() {
        let udp = |socket: Socket| Socket { protocol: Protocol::UDP, ..socket };
        let table = [
            udp(socket("0.0.0.0", 53, None, Stage::Over)),
            udp(socket("10.0.0.1", 53, Some(("10.0.0.2", 4000)), Stage::Open)),
        ];
        assert_eq!(conversations(&table)[0].opened, Direction::Ingress);
    }
}

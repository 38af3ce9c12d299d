//! Socket tables of a real namespace, as root.

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

use podwall_host::socket::{Conversation, conversations, sockets};
use podwall_host::{Made, Namespace, Network, made};
use podwall_model::{Direction, Protocol};

#[test]
fn live_connections_are_found_with_their_direction() {
    let directory = std::env::temp_dir().join(format!("pwsock{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory can be made");
    let record = directory.join("made.json");
    let mut made = Made::open(&record).expect("the record can be made");
    let name = format!("pwsock{}", std::process::id());
    let namespace = Namespace::create(&name, &mut made).expect("tests need root");
    let found = std::panic::catch_unwind(|| look(&namespace));
    made::undo_leftovers(&record).expect("it can be undone");
    let _ = std::fs::remove_dir_all(&directory);
    found.expect("the sockets are as expected");
}

fn look(namespace: &Namespace) {
    Network::open(namespace).expect("it opens").bring_up("lo").expect("lo comes up");
    for text in ["127.0.0.1:7100", "[::1]:7100", "[::]:7200"] {
        let address: SocketAddr = text.parse().expect("an address");
        let target = match address.ip().is_unspecified() {
            true => SocketAddr::new([127, 0, 0, 1].into(), address.port()),
            false => address,
        };
        let enter = || {
            let listener = TcpListener::bind(address).expect("the port is free");
            let client = TcpStream::connect(target).expect("it is reached");
            let server = listener.accept().expect("it is accepted").0;
            let udp = UdpSocket::bind(target).expect("the port is free");
            let peer = UdpSocket::bind(SocketAddr::new(target.ip(), 0)).expect("a port is free");
            peer.connect(target).expect("a peer is named");
            (listener, client, server, udp, peer)
        };
        let (listener, client, server, udp, peer) = namespace.run(enter).expect("it is entered");
        let all = conversations(&sockets(namespace).expect("the kernel answers"));
        let expected = |protocol, local: SocketAddr, far: SocketAddr, opened| Conversation {
            protocol,
            local: local.ip(),
            local_port: local.port(),
            peer: far.ip(),
            peer_port: far.port(),
            opened,
        };
        let ends = (client.local_addr().expect("bound"), client.peer_addr().expect("connected"));
        assert!(all.contains(&expected(Protocol::TCP, ends.0, ends.1, Direction::Egress)));
        assert!(all.contains(&expected(Protocol::TCP, ends.1, ends.0, Direction::Ingress)));
        let own = peer.local_addr().expect("bound");
        assert!(all.contains(&expected(Protocol::UDP, own, target, Direction::Egress)), "{all:?}");
        assert_eq!(all.len(), 3, "listeners are no conversations: {all:?}");
        drop((listener, client, server, udp, peer));
        forget_closed(namespace);
    }
}

/// Waits until the closed connection has left the open ones of the table.
fn forget_closed(namespace: &Namespace) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !conversations(&sockets(namespace).expect("the kernel answers")).is_empty() {
        assert!(std::time::Instant::now() < end, "a closed connection stays");
    }
}

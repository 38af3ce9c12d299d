//! Large things on a real wire: a TCP stream in large segments, datagrams in pieces. With only
//! their ports allowed all of it arrives, and nothing is found wrong with any packet.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use podwall_model::{Direction, Protocol, Reason, Verdict};
use podwall_policy::table::{Decision, Half, Lane, Row, Step, Table};

use crate::lab::{Lab, Workload, bind, rules};

const PORT: u16 = 9000;
const STREAM_BYTES: usize = 20 << 20;
const DATAGRAM_BYTES: usize = 8000;

/// TCP and UDP to one port, nothing else.
fn ports(direction: Direction) -> Half {
    let rule = rules::rule("large", direction);
    let mut half = rules::only(&[], &rule, None);
    let allow =
        Decision { action: podwall_policy::rule::Action::Allow, rule: Some(rule), sheet: None };
    let mut steps = vec![Step { first: Lane(0), decision: Decision::DEFAULT_DENY }];
    for protocol in [Protocol::TCP, Protocol::UDP] {
        let first = Lane::new(protocol, PORT);
        steps.push(Step { first, decision: allow.clone() });
        steps.push(Step { first: Lane(first.0 + 1), decision: Decision::DEFAULT_DENY });
    }
    half.fallback = Arc::new(Row::new(steps));
    half
}

fn closed(direction: Direction) -> Half {
    rules::only(&[], &rules::rule("closed", direction), None)
}

fn stream(client: &Workload, server: &Workload, ip: IpAddr) -> usize {
    let any = SocketAddr::new(IpAddr::from([0u16; 8]), PORT);
    let listener = server.namespace.run(|| TcpListener::bind(any)).expect("entered");
    let listener = listener.expect("a free port");
    let to = SocketAddr::new(ip, PORT);
    let made = client.namespace.run(|| TcpStream::connect_timeout(&to, Duration::from_secs(5)));
    let mut sender = made.expect("entered").expect("it connects");
    let (mut receiver, _) = listener.accept().expect("it came");
    let reading = std::thread::spawn(move || {
        let mut all = Vec::new();
        receiver.read_to_end(&mut all).expect("it ends");
        all.len()
    });
    sender.write_all(&vec![7; STREAM_BYTES]).expect("it is taken");
    drop(sender);
    reading.join().expect("the reader ends")
}

fn datagram_and_back(client: &Workload, server: &Workload, ip: IpAddr) -> bool {
    let any: IpAddr = if ip.is_ipv4() { [0, 0, 0, 0].into() } else { [0u16; 8].into() };
    let listener = bind(server, SocketAddr::new(any, PORT));
    let sender = bind(client, SocketAddr::new(any, 0));
    for socket in [&listener, &sender] {
        socket.set_read_timeout(Some(Duration::from_secs(2))).expect("a socket");
    }
    let mut buffer = vec![0; DATAGRAM_BYTES + 1];
    sender.send_to(&[5; DATAGRAM_BYTES], SocketAddr::new(ip, PORT)).expect("a route");
    let Ok((length, from)) = listener.recv_from(&mut buffer) else { return false };
    listener.send_to(&buffer[..length], from).expect("a route");
    sender.recv(&mut buffer).is_ok_and(|length| length == DATAGRAM_BYTES)
}

#[test]
fn streams_and_datagrams_in_pieces_arrive_whole() {
    let lab = Lab::new(2);
    let [client, server] = &lab.workloads[..] else { panic!("two workloads") };
    let sends = Arc::new(Table::of(closed(Direction::Ingress), ports(Direction::Egress)));
    let serves = Arc::new(Table::of(ports(Direction::Ingress), closed(Direction::Egress)));
    let mut datapath = lab.open();
    let wanted = lab.wanted(&[(sends.clone(), sends), (serves.clone(), serves)]);
    lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
    for ip in [server.v4, server.v6] {
        assert_eq!(stream(client, server, ip), STREAM_BYTES, "{ip}");
        for _ in 0..20 {
            assert!(datagram_and_back(client, server, ip), "{ip}");
        }
    }
    let counters = datapath.counters().expect("counters can be read");
    let wrong: Vec<_> = counters
        .iter()
        .filter(|c| c.reason != Reason::None && c.reason != Reason::DefaultDeny)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let bytes: u64 =
        counters.iter().filter(|c| c.verdict == Verdict::Forwarded).map(|c| c.bytes).sum();
    assert!(bytes > 4 * STREAM_BYTES as u64, "counted at both ends: {bytes}");
    lab.in_node(|| datapath.remove()).expect("everything can be taken away");
}

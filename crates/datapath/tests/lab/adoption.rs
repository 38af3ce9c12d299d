//! Connections that were open before enforcement began, whose server speaks first.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use podwall_datapath::{
    AdoptedConnections, Datapath, Ends, Event, Hook, OpenConnection, Timeouts, Wanted,
};
use podwall_host::socket::{conversations, sockets};
use podwall_model::{Address, Direction, FlowKind, Protocol};
use podwall_policy::table::{IdentityNumber, Table};

use crate::lab::{Lab, Workload, rules};
use crate::proxy::Masquerade;
use crate::service::{BACKEND_PORT, Cluster, PLAIN, SERVICE_PORT, addresses, service};

const PORT: u16 = 7010;

/// Both workloads are isolated in both directions; only the first may connect to the second.
fn guarded(lab: &Lab) -> Wanted {
    let [client, server] = [0, 1].map(|index| lab.workloads[index].identity);
    let half = |peers: &[_], name: &str, direction| {
        rules::only(peers, &rules::rule(name, direction), None)
    };
    let of_client =
        Table::of(half(&[], "none", Direction::Ingress), half(&[server], "out", Direction::Egress));
    let of_server =
        Table::of(half(&[client], "in", Direction::Ingress), half(&[], "none", Direction::Egress));
    let pair = |table: Table| (Arc::new(table.clone()), Arc::new(table));
    lab.wanted(&[pair(of_client), pair(of_server)])
}

fn connect(lab: &Lab, to: SocketAddr) -> (TcpStream, TcpStream) {
    let [client, server] = [0, 1].map(|index| &lab.workloads[index].namespace);
    let listener = server.run(|| TcpListener::bind(to)).expect("it can be entered");
    let listener = listener.expect("the port is free");
    let stream = client.run(|| TcpStream::connect(to)).expect("it can be entered");
    let accepted = listener.accept().expect("a client comes").0;
    // The listener stays, as a server's does: the socket table tells by it who was the client.
    std::mem::forget(listener);
    (stream.expect("it is reached"), accepted)
}

/// Whether what the server says first arrives.
fn speaks(client: &mut TcpStream, server: &mut TcpStream) -> bool {
    client.set_read_timeout(Some(Duration::from_millis(400))).expect("a socket has a timeout");
    server.write_all(b"220 ready").expect("the socket takes it");
    client.read(&mut [0; 16]).is_ok_and(|length| length > 0)
}

fn open_at(workload: &Workload) -> Vec<OpenConnection> {
    let all = conversations(&sockets(&workload.namespace).expect("the kernel answers"));
    let open = all.iter().map(|found| OpenConnection {
        ends: Ends {
            own: Address::from(found.local),
            own_port: found.local_port,
            peer: Address::from(found.peer),
            peer_port: found.peer_port,
            protocol: found.protocol,
        },
        opener: found.opened,
    });
    open.collect()
}

fn adopt(lab: &Lab, datapath: &mut Datapath) -> AdoptedConnections {
    let open: Vec<OpenConnection> = lab.workloads.iter().flat_map(open_at).collect();
    datapath.adopt_connections(&open).expect("connections can be written")
}

#[test]
fn a_server_that_speaks_first_is_heard_when_its_connection_was_adopted() {
    let lab = Lab::new(2);
    let mut datapath = lab.open();
    let open = rules::open_table();
    let watched = lab.wanted(&[(open.clone(), open.clone()), (open.clone(), open)]);
    let server = &lab.workloads[1];
    let mut streams = [server.v4, server.v6].map(|ip| connect(&lab, SocketAddr::new(ip, PORT)));
    lab.in_node(|| datapath.apply(&watched)).expect("it fits");
    let adopted = adopt(&lab, &mut datapath);
    assert_eq!(adopted, AdoptedConnections { written: 4, ..AdoptedConnections::default() });
    lab.in_node(|| datapath.apply(&guarded(&lab))).expect("it fits");
    for (client, server) in &mut streams {
        assert!(speaks(client, server));
    }
    let again = adopt(&lab, &mut datapath);
    assert_eq!((again.written, again.known), (0, 4));
    let timeouts = Timeouts { tcp: Duration::ZERO, ..Timeouts::default() };
    let alive = lab.in_node(|| datapath.expire(&timeouts, |_| true)).expect("it can be read");
    assert_eq!((alive.connections, alive.forgotten), (4, 0), "their sockets live");
}

/// The negative control: what the hooks see first is an answer, and they take it for a question.
#[test]
fn without_adoption_the_server_is_taken_for_a_client() {
    let lab = Lab::new(2);
    let mut datapath = lab.open();
    let server = &lab.workloads[1];
    let (mut client, mut server) = connect(&lab, SocketAddr::new(server.v4, PORT));
    lab.in_node(|| datapath.apply(&guarded(&lab))).expect("it fits");
    assert!(!speaks(&mut client, &mut server));
}

/// Detection saw an answer first and guessed; the socket table knows better.
#[test]
fn a_guessed_direction_is_corrected() {
    let lab = Lab::new(2);
    let mut datapath = lab.open();
    let open = rules::open_table();
    let watched = lab.wanted(&[(open.clone(), open.clone()), (open.clone(), open)]);
    let server = &lab.workloads[1];
    let (mut client, mut server) = connect(&lab, SocketAddr::new(server.v4, PORT));
    lab.in_node(|| datapath.apply(&watched)).expect("it fits");
    assert!(speaks(&mut client, &mut server), "detection stops nothing");
    let adopted = adopt(&lab, &mut datapath);
    assert_eq!((adopted.written, adopted.corrected), (0, 2), "{adopted:?}");
    lab.in_node(|| datapath.apply(&guarded(&lab))).expect("it fits");
    assert!(speaks(&mut client, &mut server));
}

/// Lets nobody in, and out to one alone.
fn closed_but_to(peer: IdentityNumber) -> Arc<Table> {
    let nobody = rules::only(&[], &rules::rule("none", Direction::Ingress), None);
    let out = rules::only(&[peer], &rules::rule("out", Direction::Egress), None);
    Arc::new(Table::of(nobody, out))
}

fn forget_all(cluster: &mut Cluster) {
    let at_once = Timeouts { tcp: Duration::ZERO, ..Timeouts::default() };
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let Cluster { lab, datapath, .. } = &mut *cluster;
        let expired = lab.in_node(|| datapath.expire(&at_once, |_| false)).expect("it is read");
        if expired.connections == expired.forgotten {
            return;
        }
        assert!(Instant::now() < end, "{expired:?}");
        std::thread::yield_now();
    }
}

/// What comes late, after its connection was forgotten, is no connection from the service.
#[test]
fn an_answer_to_a_forgotten_connection_is_the_workloads_own() {
    let mut cluster = Cluster::new(PLAIN);
    for family in [0, 1] {
        let one = addresses(&cluster.lab.workloads[1])[family];
        cluster.judge(0, &closed_but_to(IdentityNumber(257)));
        cluster.lead(Protocol::TCP, &[one]);
        let to = SocketAddr::new(service(one), SERVICE_PORT);
        cluster.translate(to, one, Masquerade::Nothing);
        let [client, server] = [0, 1].map(|index| &cluster.lab.workloads[index].namespace);
        let listener = server.run(|| TcpListener::bind(SocketAddr::new(one, BACKEND_PORT)));
        let listener = listener.expect("it can be entered").expect("the port is free");
        let client = client.run(|| TcpStream::connect(to)).expect("it can be entered");
        let mut client = client.expect("it is reached");
        let (mut server, _) = listener.accept().expect("a client comes");
        forget_all(&mut cluster);
        server.write_all(b"late").expect("the socket takes it");
        client.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket has a timeout");
        client.read_exact(&mut [0; 4]).expect("it is let in as an answer");
        let name = &cluster.lab.workloads[0].name;
        let new = |event: &Event| event.hook == Hook::ToPod && event.kind == FlowKind::New;
        let late = cluster.told(|event| event.workload.as_ref() == Some(name) && new(event));
        assert_eq!(late.direction, Direction::Egress);
        assert_eq!(late.far, Some((Address::from(one), BACKEND_PORT)));
    }
}

//! What happens to others is felt by live connections: a peer gets other labels, another address,
//! a range appears; an endpoint changes its class, goes and comes back.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use podwall_datapath::{ClassId, Datapath, Timeouts, Wanted};
use podwall_model::{Address, Direction};
use podwall_policy::table::IdentityNumber;

use crate::lab::{Lab, Workload, bind, rules};

const STRANGER: IdentityNumber = IdentityNumber(300);

/// One flow of datagrams with fixed ends, so that its packets belong to one connection.
struct Flow {
    client: UdpSocket,
    server: UdpSocket,
    to: SocketAddr,
}

impl Flow {
    fn new(client: &Workload, server: &Workload, to: SocketAddr) -> Flow {
        let from = if to.is_ipv4() { client.v4 } else { client.v6 };
        let flow = Flow {
            client: bind(client, SocketAddr::new(from, to.port())),
            server: bind(server, to),
            to,
        };
        let patience = Some(Duration::from_millis(300));
        flow.server.set_read_timeout(patience).expect("a socket has a timeout");
        flow
    }

    fn passes(&self) -> bool {
        self.client.send_to(b"x", self.to).expect("the socket sends");
        self.server.recv(&mut [0; 8]).is_ok()
    }
}

/// The second workload lets in only the first one's identity.
fn guarded(lab: &Lab) -> Wanted {
    let rule = rules::rule("peer", Direction::Ingress);
    let shut = rules::ingress(rules::only(&[lab.workloads[0].identity], &rule, None));
    let open = rules::open_table();
    lab.wanted(&[(open.clone(), open), (shut.clone(), shut)])
}

fn apply(lab: &Lab, datapath: &mut Datapath, wanted: &Wanted) {
    lab.in_node(|| datapath.apply(wanted)).expect("it fits");
    assert_eq!(datapath.verify().expect("the kernel can be read"), Vec::<String>::new());
}

#[test]
fn a_peer_with_other_labels_is_stopped_on_its_next_packet_and_comes_back() {
    let lab = Lab::new(2);
    let mut datapath = lab.open();
    let wanted = guarded(&lab);
    apply(&lab, &mut datapath, &wanted);
    let [client, server] = [0, 1].map(|index| &lab.workloads[index]);
    let flows =
        [server.v4, server.v6].map(|ip| Flow::new(client, server, SocketAddr::new(ip, 7005)));
    assert!(flows.iter().all(Flow::passes));
    let mut relabelled = wanted.clone();
    relabelled.identities.insert(STRANGER, "k8s:app=other".into());
    for identity in relabelled.addresses.values_mut().filter(|it| **it == client.identity) {
        *identity = STRANGER;
    }
    apply(&lab, &mut datapath, &relabelled);
    assert!(!flows.iter().any(Flow::passes), "its verdict was cached, and must be forgotten");
    apply(&lab, &mut datapath, &wanted);
    assert!(flows.iter().all(Flow::passes));
}

#[test]
fn an_address_that_nobody_has_any_more_is_a_stranger() {
    let lab = Lab::new(2);
    let mut datapath = lab.open();
    let wanted = guarded(&lab);
    apply(&lab, &mut datapath, &wanted);
    let [client, server] = [0, 1].map(|index| &lab.workloads[index]);
    let flow = Flow::new(client, server, SocketAddr::new(server.v4, 7006));
    assert!(flow.passes());
    let mut without = wanted.clone();
    without.addresses.remove(&Address::from(client.v4));
    apply(&lab, &mut datapath, &without);
    assert!(!flow.passes());
    // A range takes its place, first a stranger's, then the client's own identity.
    let range = "10.77.1.0/24".parse().expect("a range");
    without.networks.insert(range, client.identity);
    apply(&lab, &mut datapath, &without);
    assert!(flow.passes());
}

#[test]
fn a_workload_of_another_class_is_judged_anew() {
    let lab = Lab::new(2);
    let mut datapath = lab.open();
    let wanted = guarded(&lab);
    apply(&lab, &mut datapath, &wanted);
    let [client, server] = [0, 1].map(|index| &lab.workloads[index]);
    let back = Flow::new(server, client, SocketAddr::new(client.v4, 7007));
    assert!(back.passes(), "the client is open");
    let mut swapped = wanted.clone();
    swapped.endpoints[0].class = ClassId(1);
    apply(&lab, &mut datapath, &swapped);
    assert!(!back.passes(), "now it lets in nobody but its own kind");
}

#[test]
fn an_endpoint_that_goes_leaves_nothing_and_comes_back_with_fresh_counters() {
    let lab = Lab::new(2);
    let mut datapath = lab.open();
    let wanted = guarded(&lab);
    apply(&lab, &mut datapath, &wanted);
    let [client, server] = [0, 1].map(|index| &lab.workloads[index]);
    let flow = Flow::new(client, server, SocketAddr::new(server.v4, 7008));
    assert!(flow.passes() && flow.passes());
    let packets = |datapath: &Datapath| -> u64 {
        let counters = datapath.counters().expect("counters can be read");
        // What a namespace says by itself, such as looking for routers, is decided by no rule.
        let own = counters.iter().filter(|c| c.workload.as_ref() == Some(&server.name));
        own.filter(|counter| counter.rule.is_some()).map(|counter| counter.packets).sum()
    };
    assert_eq!(packets(&datapath), 2);
    let mut without = wanted.clone();
    without.endpoints.retain(|endpoint| endpoint.workload != server.name);
    apply(&lab, &mut datapath, &without);
    assert!(flow.passes(), "nobody judges there any more");
    assert_eq!(packets(&datapath), 2, "what it counted last can still be read");
    let expire = |datapath: &mut Datapath| {
        lab.in_node(|| datapath.expire(&Timeouts::default(), |_| true)).expect("it can be read")
    };
    let first = expire(&mut datapath);
    assert_eq!(first.forgotten, 1, "its connection: {first:?}");
    packets(&datapath);
    let mut swept = first.swept;
    for _ in 0..3 {
        swept += expire(&mut datapath).swept;
        packets(&datapath);
    }
    assert!(swept > 0);
    assert_eq!(packets(&datapath), 0);
    assert_eq!(datapath.verify().expect("the kernel can be read"), Vec::<String>::new());
    apply(&lab, &mut datapath, &wanted);
    assert!(flow.passes());
    assert_eq!(packets(&datapath), 1);
}

//! Services on real packets: egress holds for the backend that the node chose, ingress for the
//! client that really asked, whatever addresses are rewritten on the way.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use podwall_datapath::{Backend, Datapath, Event, Frontend, LeaveHook, Wanted};
use podwall_host::Namespace;
use podwall_model::{Address, Direction, Protocol, Verdict};
use podwall_policy::table::{Half, IdentityNumber, Lane, Table};

use crate::dial;
use crate::lab::{Lab, Shape, Workload, rules};
use crate::proxy::{Masquerade, Proxy};

/// Where clients ask, and where backends listen.
pub(crate) const SERVICE_PORT: u16 = 80;
pub(crate) const BACKEND_PORT: u16 = 8080;
pub(crate) const OUTSIDE: IdentityNumber = IdentityNumber(400);

/// A lab whose first workload is judged on its way out; the last one stands for the outside.
pub(crate) struct Cluster {
    pub(crate) lab: Lab,
    pub(crate) datapath: Datapath,
    pub(crate) wanted: Wanted,
    pub(crate) proxy: Proxy,
}

/// A node as somebody may have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) shape: Shape,
    pub(crate) leave: LeaveHook,
    pub(crate) proxy: Proxy,
}

pub(crate) const PLAIN: Kind =
    Kind { shape: Shape::Routed, leave: LeaveHook::Netfilter, proxy: Proxy::Nftables };

/// The service's address in the family of `like`.
pub(crate) fn service(like: IpAddr) -> IpAddr {
    if like.is_ipv4() { "10.96.0.1" } else { "fd96::1" }.parse().expect("an address")
}

pub(crate) fn egress(peers: &[IdentityNumber], protocol: Protocol) -> Arc<Table> {
    let rule = rules::rule("out", Direction::Egress);
    let half = rules::only(peers, &rule, Some(Lane::new(protocol, BACKEND_PORT)));
    Arc::new(Table::of(Half::open(), half))
}

impl Cluster {
    pub(crate) fn new(kind: Kind) -> Cluster {
        let lab = Lab::shaped(4, kind.shape);
        let mut settings = lab.settings();
        settings.hooks.leave = kind.leave;
        let datapath = lab.in_node(move || Datapath::open(&settings)).expect("it opens").0;
        let open = rules::open_table();
        let tables = vec![(open.clone(), open); 4];
        let mut wanted = lab.wanted(&tables);
        let outside = wanted.endpoints.pop().expect("four workloads");
        for address in &outside.addresses {
            wanted.addresses.insert(*address, OUTSIDE);
        }
        wanted.identities.insert(OUTSIDE, "cidr:outside".to_owned());
        let mut cluster = Cluster { lab, datapath, wanted, proxy: kind.proxy };
        cluster.apply();
        cluster
    }

    pub(crate) fn apply(&mut self) {
        let Cluster { lab, datapath, wanted, .. } = self;
        lab.in_node(|| datapath.apply(wanted)).expect("it fits");
    }

    /// Sets the tables of one workload.
    pub(crate) fn judge(&mut self, workload: usize, table: &Arc<Table>) {
        let class = self.wanted.endpoints[workload].class;
        let tables = self.wanted.classes.get_mut(&class).expect("each has a class");
        tables.enforce = Arc::clone(table);
        tables.both = Arc::clone(table);
        self.apply();
    }

    /// Says what the service leads to, for the hooks.
    pub(crate) fn lead(&mut self, protocol: Protocol, backends: &[IpAddr]) {
        let address = Address::from(service(backends[0]));
        let frontend = Frontend { address, port: SERVICE_PORT, protocol };
        let backend = |ip: &IpAddr| Backend { address: Address::from(*ip), port: BACKEND_PORT };
        self.wanted.services.insert(frontend, backends.iter().map(backend).collect());
        self.apply();
    }

    /// What the node does with addresses: what is sent to `from` goes to `backend`, and is
    /// masqueraded if that is asked for.
    pub(crate) fn translate(&self, from: SocketAddr, backend: IpAddr, masquerade: Masquerade) {
        let to = SocketAddr::new(backend, BACKEND_PORT);
        self.proxy.lead(&self.lab.node, (from, to), masquerade);
    }

    /// Waits for an event that `found` accepts.
    pub(crate) fn told(&self, mut found: impl FnMut(&Event) -> bool) -> Event {
        let mut events = self.datapath.events().expect("the ring can be mapped");
        let end = Instant::now() + Duration::from_secs(60);
        let mut seen = Vec::new();
        while Instant::now() < end {
            for event in events.drain(64) {
                if found(&event) {
                    return event;
                }
                seen.push(event);
            }
        }
        panic!("no such event among {seen:#?}");
    }
}

/// Whether the client gets an answer when it asks there, while these listen.
pub(crate) fn answered(client: &Namespace, to: SocketAddr, protocol: Protocol, port: u16) -> bool {
    ask(client, to, protocol, port).answered
}

pub(crate) fn ask(
    client: &Namespace,
    to: SocketAddr,
    protocol: Protocol,
    port: u16,
) -> dial::Asked {
    match protocol {
        Protocol::TCP => dial::tcp(client, to, port),
        _ => dial::udp(client, to, port),
    }
}

/// Somebody who answers on the backends' port in each of these.
pub(crate) fn servers_on(namespaces: &[&Namespace]) -> Vec<dial::Server> {
    namespaces.iter().map(|namespace| dial::Server::new(namespace, BACKEND_PORT)).collect()
}

pub(crate) const PROTOCOLS: [Protocol; 2] = [Protocol::TCP, Protocol::UDP];

pub(crate) fn addresses(workload: &Workload) -> [IpAddr; 2] {
    [workload.v4, workload.v6]
}

fn egress_holds_for_the_backend_that_was_chosen(kind: Kind) {
    let mut cluster = Cluster::new(kind);
    let spaces: Vec<&Namespace> = cluster.lab.workloads.iter().map(|w| &w.namespace).collect();
    let servers = servers_on(&spaces);
    let mut port = 20_000;
    for protocol in PROTOCOLS {
        let [one, two, outside] = [1, 2, 3].map(|index| addresses(&cluster.lab.workloads[index]));
        for family in [0, 1] {
            for (allowed, identity) in [(one, 257), (two, 258), (outside, OUTSIDE.0)] {
                cluster.judge(0, &egress(&[IdentityNumber(identity)], protocol));
                let all = [one[family], two[family], outside[family]];
                cluster.lead(protocol, &all);
                let to = SocketAddr::new(service(one[family]), SERVICE_PORT);
                for masquerade in [Masquerade::Nothing, Masquerade::Rewritten] {
                    for chosen in all {
                        cluster.translate(to, chosen, masquerade);
                        port += 1;
                        let client = &cluster.lab.workloads[0].namespace;
                        let passed = answered(client, to, protocol, port);
                        assert_eq!(passed, chosen == allowed[family], "{to} {chosen} {protocol}");
                        let told = cluster.told(|event| event.own_port == port);
                        let far = Some((Address::from(chosen), BACKEND_PORT));
                        assert_eq!((told.far, told.through_service), (far, true));
                        assert_eq!(told.peer, Address::from(to.ip()));
                        assert_eq!(told.verdict.passed(), passed);
                    }
                }
            }
        }
    }
    drop(servers);
}

fn a_stored_backend_does_not_speak_for_the_next_connection(kind: Kind) {
    let mut cluster = Cluster::new(kind);
    let spaces: Vec<&Namespace> = cluster.lab.workloads.iter().map(|w| &w.namespace).collect();
    let servers = servers_on(&spaces);
    for protocol in PROTOCOLS {
        cluster.judge(0, &egress(&[IdentityNumber(257)], protocol));
        for family in [0, 1] {
            let [one, two, outside] =
                [1, 2, 3].map(|index| addresses(&cluster.lab.workloads[index])[family]);
            cluster.lead(protocol, &[one, two, outside]);
            let to = SocketAddr::new(service(one), SERVICE_PORT);
            for (chosen, passes) in
                [(one, true), (two, false), (one, true), (outside, false), (one, true)]
            {
                cluster.translate(to, chosen, Masquerade::Nothing);
                let client = &cluster.lab.workloads[0].namespace;
                assert_eq!(answered(client, to, protocol, 30_000), passes, "{to} {chosen}");
            }
        }
    }
    drop(servers);
}

fn an_address_that_somebody_else_rewrites_is_judged_where_it_leads(kind: Kind) {
    let mut cluster = Cluster::new(kind);
    let spaces: Vec<&Namespace> = cluster.lab.workloads.iter().map(|w| &w.namespace).collect();
    let servers = servers_on(&spaces);
    for protocol in PROTOCOLS {
        // The address that is asked may be reached; no service is known there.
        cluster.judge(0, &egress(&[OUTSIDE, IdentityNumber(257)], protocol));
        for family in [0, 1] {
            let [one, two, outside] =
                [1, 2, 3].map(|index| addresses(&cluster.lab.workloads[index])[family]);
            let to = SocketAddr::new(outside, BACKEND_PORT);
            for (port, chosen, passes) in [(31_000, one, true), (31_001, two, false)] {
                cluster.translate(to, chosen, Masquerade::Nothing);
                let client = &cluster.lab.workloads[0].namespace;
                assert_eq!(answered(client, to, protocol, port), passes, "{to} {chosen}");
            }
        }
    }
    drop(servers);
}

fn holds_on(kind: Kind) {
    egress_holds_for_the_backend_that_was_chosen(kind);
    a_stored_backend_does_not_speak_for_the_next_connection(kind);
    an_address_that_somebody_else_rewrites_is_judged_where_it_leads(kind);
}

#[test]
fn services_hold_with_routes_netfilter_and_nftables() {
    holds_on(PLAIN);
}

#[test]
fn services_hold_with_routes_uplinks_and_iptables() {
    holds_on(Kind { leave: LeaveHook::Uplink, proxy: Proxy::Iptables, ..PLAIN });
}

#[test]
fn services_hold_with_a_bridge_netfilter_and_iptables() {
    holds_on(Kind { shape: Shape::Bridged, proxy: Proxy::Iptables, ..PLAIN });
}

#[test]
fn services_hold_with_a_bridge_uplinks_and_nftables() {
    holds_on(Kind { shape: Shape::Bridged, leave: LeaveHook::Uplink, ..PLAIN });
}

#[test]
fn ingress_is_judged_by_who_asked_and_not_by_who_masquerades() {
    let mut cluster = Cluster::new(PLAIN);
    let servers = servers_on(&[&cluster.lab.workloads[1].namespace]);
    for admitted in [IdentityNumber(256), OUTSIDE] {
        let rule = rules::rule("in", Direction::Ingress);
        cluster.judge(1, &rules::ingress(rules::only(&[admitted], &rule, None)));
        for protocol in PROTOCOLS {
            for family in [0, 1] {
                let server = addresses(&cluster.lab.workloads[1])[family];
                cluster.lead(protocol, &[server]);
                let to = SocketAddr::new(service(server), SERVICE_PORT);
                // Both clients wear the node's address, and in turn the same port of it.
                for (client, identity) in [(0, 256), (2, 258), (3, OUTSIDE.0), (0, 256)] {
                    cluster.translate(to, server, Masquerade::Rewritten);
                    let client = &cluster.lab.workloads[client].namespace;
                    let passed = answered(client, to, protocol, 32_000);
                    assert_eq!(passed, identity == admitted.0, "{to} {protocol} {identity}");
                }
            }
        }
    }
    drop(servers);
}

#[test]
fn a_workload_reaches_itself_through_its_service() {
    let mut cluster = Cluster::new(PLAIN);
    let servers = servers_on(&[&cluster.lab.workloads[0].namespace]);
    let nobody =
        Half { isolated: true, ..rules::only(&[], &rules::rule("none", Direction::Ingress), None) };
    let closed = Arc::new(Table::of(nobody.clone(), nobody));
    cluster.judge(0, &closed);
    for protocol in PROTOCOLS {
        for family in [0, 1] {
            let own = addresses(&cluster.lab.workloads[0])[family];
            cluster.lead(protocol, &[own]);
            let to = SocketAddr::new(service(own), SERVICE_PORT);
            cluster.translate(to, own, Masquerade::Rewritten);
            let client = &cluster.lab.workloads[0].namespace;
            assert!(answered(client, to, protocol, 33_000), "{to} {protocol}");
        }
    }
    drop(servers);
}

#[test]
fn a_backend_on_the_node_itself_is_judged_where_packets_come_in() {
    let mut cluster = Cluster::new(PLAIN);
    let node: [IpAddr; 2] =
        ["10.77.1.1", "fd77:1::1"].map(|text| text.parse().expect("an address"));
    let servers = servers_on(&[&cluster.lab.node]);
    for (identity, passes) in [(IdentityNumber::HOST, true), (IdentityNumber(257), false)] {
        for protocol in PROTOCOLS {
            for node in node {
                cluster.wanted.addresses.insert(Address::from(node), IdentityNumber::HOST);
                cluster.judge(0, &egress(&[identity], protocol));
                let one = &cluster.lab.workloads[1];
                let other = if node.is_ipv4() { one.v4 } else { one.v6 };
                cluster.lead(protocol, &[node, other]);
                let to = SocketAddr::new(service(node), SERVICE_PORT);
                cluster.translate(to, node, Masquerade::Nothing);
                let client = &cluster.lab.workloads[0].namespace;
                assert_eq!(answered(client, to, protocol, 34_000), passes, "{to} {protocol}");
            }
        }
    }
    drop(servers);
}

#[test]
fn a_live_connection_through_a_service_is_cut_and_goes_on() {
    let mut cluster = Cluster::new(PLAIN);
    for family in [0, 1] {
        let one = addresses(&cluster.lab.workloads[1])[family];
        let servers = servers_on(&[&cluster.lab.workloads[1].namespace]);
        let to = SocketAddr::new(service(one), SERVICE_PORT);
        cluster.judge(0, &egress(&[IdentityNumber(257)], Protocol::UDP));
        cluster.lead(Protocol::UDP, &[one]);
        cluster.translate(to, one, Masquerade::Nothing);
        let client = dial::Asker::new(&cluster.lab.workloads[0].namespace, to, 35_000);
        assert!(client.is_answered());
        cluster.judge(0, &egress(&[IdentityNumber(258)], Protocol::UDP));
        assert!(!client.is_answered());
        let cut = cluster.told(|event| event.verdict == Verdict::Dropped);
        assert_eq!(cut.far, Some((Address::from(one), BACKEND_PORT)));
        cluster.judge(0, &egress(&[IdentityNumber(257)], Protocol::UDP));
        assert!(client.is_answered());
        drop(servers);
    }
}

/// For as long as the node's rules are newer than our list, nobody reaches more than may be: a
/// backend that the list lacks is judged as itself, and where no listed one is allowed the client
/// waits until the list is there.
#[test]
fn a_list_of_backends_that_is_old_opens_nothing() {
    let mut cluster = Cluster::new(PLAIN);
    let spaces: Vec<&Namespace> = cluster.lab.workloads.iter().map(|w| &w.namespace).collect();
    let servers = servers_on(&spaces);
    let mut port = 36_000;
    for protocol in PROTOCOLS {
        cluster.judge(0, &egress(&[IdentityNumber(257)], protocol));
        for family in [0, 1] {
            let [one, two] = [1, 2].map(|index| addresses(&cluster.lab.workloads[index])[family]);
            let to = SocketAddr::new(service(one), SERVICE_PORT);
            for (listed, chosen, passes) in [
                (vec![one], two, false),
                (vec![two], one, false),
                (vec![one, two], two, false),
                (vec![one, two], one, true),
            ] {
                cluster.lead(protocol, &listed);
                cluster.translate(to, chosen, Masquerade::Nothing);
                port += 1;
                let client = &cluster.lab.workloads[0].namespace;
                let passed = answered(client, to, protocol, port);
                assert_eq!(passed, passes, "{to} {chosen} {protocol} of {listed:?}");
            }
        }
    }
    drop(servers);
}

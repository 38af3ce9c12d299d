//! Services from outside and to outside: a node port is judged by the client who asks from there,
//! and what leaves by a tunnel is judged where it enters the tunnel.

use std::net::{IpAddr, SocketAddr};

use podwall_datapath::LeaveHook;
use podwall_model::{Address, Direction};
use podwall_policy::table::IdentityNumber;

use crate::lab::rules;
use crate::proxy::{Masquerade, Proxy};
use crate::service::{
    BACKEND_PORT, Cluster, Kind, OUTSIDE, PLAIN, PROTOCOLS, SERVICE_PORT, addresses, answered,
    egress, servers_on, service,
};

const NODE_PORT: u16 = 30_080;
/// Who is at the far end of the tunnel.
const BEHIND: IdentityNumber = IdentityNumber(401);

fn a_node_port_is_judged_by_the_client_outside(proxy: Proxy) {
    let mut cluster = Cluster::new(Kind { proxy, ..PLAIN });
    let servers = servers_on(&[&cluster.lab.workloads[1].namespace]);
    let node: [IpAddr; 2] =
        ["10.77.4.1", "fd77:4::1"].map(|text| text.parse().expect("an address"));
    let mut port = 39_000;
    for admitted in [OUTSIDE, IdentityNumber(256)] {
        let rule = rules::rule("in", Direction::Ingress);
        cluster.judge(1, &rules::ingress(rules::only(&[admitted], &rule, None)));
        for protocol in PROTOCOLS {
            for family in [0, 1] {
                let [server, client] =
                    [1, 3].map(|index| addresses(&cluster.lab.workloads[index])[family]);
                let to = SocketAddr::new(node[family], NODE_PORT);
                cluster.translate(to, server, Masquerade::Rewritten);
                port += 1;
                let outside = &cluster.lab.workloads[3].namespace;
                let passed = answered(outside, to, protocol, port);
                assert_eq!(passed, admitted == OUTSIDE, "{to} {protocol} {admitted:?}");
                let asked = Some((Address::from(client), port));
                let told = cluster.told(|event| event.far == asked);
                assert_eq!(told.verdict.passed(), passed, "{told:?}");
                assert_eq!(told.own_port, BACKEND_PORT);
                assert_ne!(told.peer, Address::from(client), "the node stands in for it");
            }
        }
    }
    drop(servers);
}

#[test]
fn a_node_port_of_nftables_is_judged_by_the_client_outside() {
    a_node_port_is_judged_by_the_client_outside(Proxy::Nftables);
}

#[test]
fn a_node_port_of_iptables_is_judged_by_the_client_outside() {
    a_node_port_is_judged_by_the_client_outside(Proxy::Iptables);
}

/// The tunnel comes after the hooks: whoever watches uplinks has to take it up.
fn what_leaves_by_a_tunnel_is_judged_there(leave: LeaveHook) {
    let mut cluster = Cluster::new(Kind { leave, ..PLAIN });
    let pins = cluster.lab.settings().pins.join("links");
    let links = || std::fs::read_dir(&pins).expect("links are pinned").count();
    let before = links();
    let behind = cluster.lab.add_tunnel(3);
    let Cluster { lab, datapath, .. } = &mut cluster;
    lab.in_node(|| datapath.hold_uplinks()).expect("the tunnel can be watched");
    let watched = usize::from(leave == LeaveHook::Uplink);
    assert_eq!(links(), before + watched, "it is watched from now on");
    let servers = servers_on(&[&cluster.lab.workloads[3].namespace]);
    for address in behind {
        cluster.wanted.addresses.insert(Address::from(address), BEHIND);
    }
    cluster.wanted.identities.insert(BEHIND, "cidr:behind".to_owned());
    let mut port = 40_000;
    for (allowed, passes) in [(BEHIND, true), (IdentityNumber(257), false), (BEHIND, true)] {
        for protocol in PROTOCOLS {
            cluster.judge(0, &egress(&[allowed], protocol));
            for family in [0, 1] {
                let one = addresses(&cluster.lab.workloads[1])[family];
                cluster.lead(protocol, &[behind[family], one]);
                let to = SocketAddr::new(service(one), SERVICE_PORT);
                cluster.translate(to, behind[family], Masquerade::Nothing);
                port += 1;
                let client = &cluster.lab.workloads[0].namespace;
                assert_eq!(answered(client, to, protocol, port), passes, "{to} {protocol}");
                let told = cluster.told(|event| event.own_port == port);
                let far = Some((Address::from(behind[family]), BACKEND_PORT));
                assert_eq!((told.far, told.verdict.passed()), (far, passes));
            }
        }
    }
    drop(servers);
}

#[test]
fn what_leaves_by_a_tunnel_is_judged_by_netfilter() {
    what_leaves_by_a_tunnel_is_judged_there(LeaveHook::Netfilter);
}

#[test]
fn what_leaves_by_a_tunnel_that_came_later_is_judged_at_its_egress() {
    what_leaves_by_a_tunnel_is_judged_there(LeaveHook::Uplink);
}

//! Services as far as the workload's own hook sees them: refused early, or pending.

use std::net::IpAddr;

use podwall_datapath::abi;
use podwall_model::Address;
use podwall_model::Reason::{DefaultDeny, None as Nothing};
use podwall_model::Verdict::{Dropped, Forwarded};

use crate::frame::{self, ACK, SYN};
use crate::node::{ALLOW, DENY, Node, Way, families, lane, pod};
use crate::tally::egress;

/// A service address of this family with these backends on port 8080.
fn service(node: &Node, like: IpAddr, backends: &[&str]) -> IpAddr {
    let address: IpAddr =
        if like.is_ipv4() { "10.96.0.1" } else { "fd96::1" }.parse().expect("an address");
    let frontend = abi::Frontend {
        address: Address::from(address).0,
        port: 80.into(),
        protocol: 6,
        ..Default::default()
    };
    for (index, text) in (10_u32..).zip(backends) {
        let ip: IpAddr = text.parse().expect("an address");
        let backend = abi::Backend { address: Address::from(ip).0, port: 8080.into(), pad: [0; 6] };
        node.put("pw_backends", &index, &backend);
    }
    let count = u32::try_from(backends.len()).expect("a few");
    node.put("pw_services", &frontend, &abi::BackendsOf { first: 10, count });
    address
}

fn node() -> Node {
    let node = Node::new();
    node.table(1, &[(0, DENY, 0)], &[]);
    // Workload 2 may be reached on the backend's port alone.
    let steps = [(0, DENY, 0), (lane(6, 8080), ALLOW, 3), (lane(6, 8081), DENY, 0)];
    node.row(1, abi::EGRESS, 302, &steps);
    node.slot(1, 1, 1, 1);
    node
}

#[test]
pub(crate) fn a_service_whose_every_backend_is_denied_is_refused_at_once() {
    let node = node();
    for outside in families() {
        let others = if outside.is_ipv4() {
            ["198.51.100.1", "198.51.100.2"]
        } else {
            ["2001:db8:5::1", "2001:db8:5::2"]
        };
        let address = service(&node, outside, &others);
        let out = frame::ip((pod(1, outside), address), 6, &frame::tcp((40000, 80), SYN));
        node.expect((Way::Out, 1), &out, Dropped, egress(DefaultDeny, 0));
        let event = node.events().pop().expect("it is told");
        assert_eq!((event.pending, event.known, event.far_port.get()), (1, 1, 8080));
        assert_eq!(event.far, Address::from(others[0].parse::<IpAddr>().expect("one")).0);
    }
    assert_eq!(node.count("pw_connections"), 0);
}

#[test]
pub(crate) fn a_service_with_one_allowed_backend_is_pending_until_somebody_names_it() {
    for outside in families() {
        let node = node();
        let allowed = pod(2, outside).to_string();
        let denied = if outside.is_ipv4() { "198.51.100.1" } else { "2001:db8:5::1" };
        let address = service(&node, outside, &[denied, &allowed]);
        let ends = (pod(1, outside), address);
        let first = frame::ip(ends, 6, &frame::tcp((40000, 80), SYN));
        assert!(node.give(Way::Out, 1, &first));
        assert!(node.counters().is_empty(), "it is counted where it is judged");
        let length = u32::try_from(first.len() - 14).expect("a small frame");
        assert_eq!(node.held(), [(1, 1, length)]);
        assert_eq!(node.count("pw_connections"), 1);
        // An answer that no conntrack explains is from the service's address itself: denied.
        let answer = frame::ip((address, ends.0), 6, &frame::tcp((80, 40000), SYN | ACK));
        node.expect((Way::In, 1), &answer, Dropped, egress(DefaultDeny, 0));
    }
}

#[test]
pub(crate) fn what_nobody_takes_up_is_counted_as_let_pass() {
    for outside in families() {
        let node = node();
        let allowed = pod(2, outside).to_string();
        let address = service(&node, outside, &[&allowed]);
        let first = frame::ip((pod(1, outside), address), 6, &frame::tcp((40000, 80), SYN));
        assert!(node.give(Way::Out, 1, &first));
        node.expect((Way::Out, 1), &first, Forwarded, egress(Nothing, 0));
    }
}

#[test]
pub(crate) fn another_port_of_a_service_address_is_judged_as_it_stands() {
    let node = node();
    let outside = families()[0];
    let address = service(&node, outside, &["10.0.0.2"]);
    let out = frame::ip((pod(1, outside), address), 6, &frame::tcp((40000, 81), SYN));
    node.expect((Way::Out, 1), &out, Dropped, egress(DefaultDeny, 0));
    let direct = frame::ip((pod(1, outside), pod(2, outside)), 6, &frame::tcp((1, 8080), SYN));
    node.expect((Way::Out, 1), &direct, Forwarded, egress(Nothing, 3));
}

#[test]
fn without_sight_of_conntrack_every_backend_must_be_allowed() {
    for outside in families() {
        let node = Node::reading_conntrack(abi::NAT_NONE);
        node.table(1, &[(0, DENY, 0)], &[(0, DENY, 0)]);
        node.table(2, &[(0, DENY, 0)], &[(0, DENY, 0)]);
        let steps = [(0, DENY, 0), (lane(6, 8080), ALLOW, 3), (lane(6, 8081), DENY, 0)];
        node.row(1, abi::EGRESS, 302, &steps);
        node.slot(1, 1, 1, 1);
        let allowed = pod(2, outside).to_string();
        let denied = if outside.is_ipv4() { "198.51.100.1" } else { "2001:db8:5::1" };
        let address = service(&node, outside, &[&allowed, denied]);
        let ends = (pod(1, outside), address);
        let first = frame::ip(ends, 6, &frame::tcp((40000, 80), SYN));
        let data = frame::ip(ends, 6, &frame::tcp((40000, 80), ACK));
        let answer = frame::ip((address, ends.0), 6, &frame::tcp((80, 40000), SYN | ACK));
        node.expect((Way::Out, 1), &first, Dropped, egress(DefaultDeny, 0));
        service(&node, outside, &[&allowed]);
        node.expect((Way::Out, 1), &first, Forwarded, egress(Nothing, 3));
        node.expect((Way::In, 1), &answer, Forwarded, egress(Nothing, 3));
        node.expect((Way::Out, 1), &data, Forwarded, egress(Nothing, 3));
        let kinds: Vec<u8> = node.events().iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [2, 1]);
        node.slot(1, 2, 2, 2);
        node.expect((Way::Out, 1), &data, Dropped, egress(DefaultDeny, 0));
    }
}

#[test]
fn older_kernels_read_conntrack_by_a_probe() {
    let node = Node::reading_conntrack(abi::NAT_PROBE);
    node.table(1, &[], &[(0, ALLOW, 2)]);
    node.slot(1, 1, 1, 1);
    for outside in families() {
        let inward = frame::ip((outside, pod(1, outside)), 6, &frame::tcp((40000, 80), SYN));
        let told = crate::tally::ingress(Nothing, 2);
        node.expect((Way::In, 1), &inward, Forwarded, told);
        let answer = frame::ip((pod(1, outside), outside), 6, &frame::tcp((80, 40000), ACK));
        node.expect((Way::Out, 1), &answer, Forwarded, told);
    }
}

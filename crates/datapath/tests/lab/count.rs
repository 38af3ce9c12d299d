//! Exact to the unit: what was sent is what is counted, what happened is what is told or lost.

use std::net::SocketAddr;
use std::sync::Arc;

use podwall_datapath::{Capacity, Datapath, Settings};
use podwall_model::{Direction, Reason, Verdict};
use podwall_policy::table::{Half, Table};

use crate::lab::{Lab, bind, rules};

/// Denied datagrams: each is told, and far more than the small ring holds.
const DENIED: u64 = 20_000;
const ALLOWED: u64 = 5_000;

#[test]
fn told_and_lost_is_produced_and_counters_live_through_a_restart() {
    let lab = Lab::new(3);
    let [friend, stranger, server] = [0, 1, 2].map(|index| &lab.workloads[index]);
    let rule = rules::rule("db", Direction::Ingress);
    let shut = rules::ingress(rules::only(&[friend.identity], &rule, None));
    let out = rules::rule("out", Direction::Egress);
    let may_go = Table::of(Half::open(), rules::only(&[server.identity], &out, None));
    let may_go = Arc::new(may_go);
    let pair = |table: &Arc<Table>| (Arc::clone(table), Arc::clone(table));
    let wanted = lab.wanted(&[pair(&may_go), pair(&may_go), pair(&shut)]);
    // What a workload's stack says by itself, to find routers and tell of groups, is not ours.
    for workload in &lab.workloads {
        let path = "/proc/sys/net/ipv6/conf/all/disable_ipv6";
        let written = workload.namespace.run(|| std::fs::write(path, "1"));
        written.expect("it can be entered").expect("a sysctl of it can be written");
    }
    let capacity = Capacity { ring_bytes: 1 << 16, ..Capacity::default() };
    let settings = Settings { capacity, ..lab.settings() };
    let open = || lab.in_node(|| Datapath::open(&settings)).expect("it opens").0;
    let mut datapath = open();
    lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
    let to = SocketAddr::new(server.v4, 7009);
    let receiver = bind(server, to);
    let [allowed, denied] =
        [friend, stranger].map(|client| bind(client, SocketAddr::new(client.v4, 7009)));
    for number in 0..DENIED {
        denied.send_to(b"x", to).expect("the socket sends");
        if number < ALLOWED {
            allowed.send_to(b"x", to).expect("the socket sends");
        }
        if number == DENIED / 2 {
            drop(datapath);
            datapath = open();
        }
    }
    drop(receiver);
    let mut events = datapath.events().expect("the ring can be mapped");
    let mut delivered = 0;
    loop {
        match events.drain(1000).len() as u64 {
            0 => break,
            more => delivered += more,
        }
    }
    let (lost, produced) =
        (datapath.lost().expect("it can be read"), datapath.produced().expect("it can be read"));
    assert!(lost > 0 && delivered > 0, "{delivered} delivered, {lost} lost");
    assert_eq!(delivered + lost, produced);
    let counters = datapath.counters().expect("counters can be read");
    let count = |workload, direction, verdict: Verdict| -> u64 {
        let alike = counters.iter().filter(|counter| {
            // ARP is counted too, by no rule.
            let by_rule = counter.rule.is_some() || counter.reason == Reason::DefaultDeny;
            counter.workload.as_ref() == Some(workload)
                && counter.direction == direction
                && counter.verdict == verdict
                && by_rule
        });
        alike.map(|counter| counter.packets).sum()
    };
    assert_eq!(count(&friend.name, Direction::Egress, Verdict::Forwarded), ALLOWED);
    assert_eq!(count(&stranger.name, Direction::Egress, Verdict::Forwarded), DENIED);
    assert_eq!(count(&server.name, Direction::Ingress, Verdict::Forwarded), ALLOWED);
    assert_eq!(count(&server.name, Direction::Ingress, Verdict::Dropped), DENIED);
    // The kernel's events are the denied ones and the first packet of each connection.
    assert_eq!(produced, DENIED + 3);
    assert_eq!(datapath.uncounted().expect("it can be read").packets, 0);
}

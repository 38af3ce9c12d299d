//! Open, apply, attach: a packet between two namespaces passes or is stopped, is counted and told.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use podwall_datapath::{Datapath, Event};
use podwall_model::{Direction, FlowKind, Protocol, Reason, Verdict};
use podwall_policy::table::Lane;

use crate::lab::{Lab, Workload, rules};

const PORT: u16 = 5432;

fn arrives(client: &Workload, server: &Workload, ip: IpAddr) -> bool {
    let lane = SocketAddr::new(ip, PORT);
    crate::lab::arrives(client, server, lane, Duration::from_millis(500))
}

fn wait_for(datapath: &Datapath, mut found: impl FnMut(&Event) -> bool) -> Event {
    let mut events = datapath.events().expect("the ring can be mapped");
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

#[test]
fn a_table_stops_and_lets_pass_real_packets() {
    let lab = Lab::new(3);
    let [server, friend, stranger] = &lab.workloads[..] else { panic!("three workloads") };
    let rule = rules::rule("db", Direction::Ingress);
    let lane = Lane::new(Protocol::UDP, PORT);
    let enforced = rules::ingress(rules::only(&[friend.identity], &rule, Some(lane)));
    let open = rules::open_table();
    let mut datapath = lab.open();
    let wanted = lab.wanted(&[
        (enforced.clone(), enforced),
        (open.clone(), open.clone()),
        (open.clone(), open),
    ]);
    lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
    assert_eq!(datapath.verify().expect("the kernel can be read"), Vec::<String>::new());
    for ip in [server.v4, server.v6] {
        assert!(arrives(friend, server, ip), "{ip}");
        assert!(!arrives(stranger, server, ip), "{ip}");
    }
    let stopped = wait_for(&datapath, |event| event.verdict == Verdict::Dropped);
    assert_eq!(stopped.workload.as_ref(), Some(&server.name));
    assert_eq!((stopped.kind, stopped.reason), (FlowKind::Judged, Reason::DefaultDeny));
    assert_eq!((stopped.identity, stopped.lane), (stranger.identity, lane));
    let counters = datapath.counters().expect("counters can be read");
    let sum = |verdict: Verdict| -> u64 {
        let at_server = counters.iter().filter(|c| {
            c.workload.as_ref() == Some(&server.name)
                && c.direction == Direction::Ingress
                && c.verdict == verdict
                && c.rule.as_ref() == (verdict == Verdict::Forwarded).then_some(&rule)
        });
        at_server.map(|counter| counter.packets).sum()
    };
    assert_eq!((sum(Verdict::Forwarded), sum(Verdict::Dropped)), (2, 2), "{counters:#?}");
    lab.in_node(|| datapath.remove()).expect("everything can be taken away");
    assert!(arrives(stranger, server, server.v4));
}

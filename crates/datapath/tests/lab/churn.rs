//! Workloads come and go for long: their slots and counters are used again, and nothing that was
//! counted is lost or mixed up.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use podwall_datapath::{Capacity, Datapath, Settings, Timeouts};
use podwall_model::{Direction, Verdict, WorkloadName};
use podwall_policy::table::{Half, Table};

use crate::lab::{Lab, arrives, rules};

/// More workloads, each with some counters, than there are slots and counters.
const WORKLOADS: u64 = 40;
const SLOTS: u32 = 6;
const COUNTERS: u32 = 24;

/// What each workload was ever seen to have sent by a rule.
type Sent = BTreeMap<WorkloadName, u64>;

fn read(datapath: &Datapath, sent: &mut Sent) {
    for counter in datapath.counters().expect("counters can be read") {
        let by_rule = counter.rule.is_some() && counter.direction == Direction::Egress;
        if let (Verdict::Forwarded, true, Some(workload)) =
            (counter.verdict, by_rule, counter.workload)
        {
            let seen = sent.entry(workload).or_default();
            *seen = counter.packets.max(*seen);
        }
    }
}

/// How many packets the client sent by its rule, over all its slots.
fn by_rule(datapath: &Datapath) -> u64 {
    let counters = datapath.counters().expect("counters can be read");
    let mut ruled = counters.iter().filter(|counter| counter.rule.is_some());
    let first = ruled.next().map_or(0, |counter| counter.packets);
    assert!(ruled.next().is_none(), "one workload, one rule, one counter: {counters:#?}");
    first
}

#[test]
fn a_workload_that_comes_back_in_another_slot_counts_on() {
    let lab = Lab::new(2);
    let mut datapath = lab.open();
    let out = rules::rule("out", Direction::Egress);
    let [client, server] = [0, 1].map(|index| &lab.workloads[index]);
    let egress = rules::only(&[server.identity], &out, None);
    let may = Arc::new(Table::of(Half::open(), egress));
    let open = rules::open_table();
    let mut wanted = lab.wanted(&[(may.clone(), may), (open.clone(), open)]);
    wanted.endpoints.truncate(1);
    let to = SocketAddr::new(server.v4, 7012);
    for sent in 1..4 {
        lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
        assert!(arrives(client, server, to, Duration::from_secs(5)));
        assert_eq!(by_rule(&datapath), sent);
        let gone = podwall_datapath::Wanted { endpoints: vec![], ..wanted.clone() };
        lab.in_node(|| datapath.apply(&gone)).expect("it fits");
    }
    lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        assert_eq!(by_rule(&datapath), 3, "what was counted in slots that go is not lost");
        let expired = lab.in_node(|| datapath.expire(&Timeouts::default(), |_| true));
        if expired.expect("it expires").swept > 0 {
            break;
        }
        assert!(Instant::now() < end, "its former slots stay");
    }
    assert_eq!(by_rule(&datapath), 3);
}

#[test]
fn counters_of_workloads_that_left_are_used_again() {
    let lab = Lab::new(2);
    let capacity = Capacity { slots: SLOTS, counters: COUNTERS, ..Capacity::default() };
    let settings = Settings { capacity, ..lab.settings() };
    let mut datapath = lab.in_node(|| Datapath::open(&settings)).expect("it opens").0;
    let out = rules::rule("out", Direction::Egress);
    let [client, server] = [0, 1].map(|index| &lab.workloads[index]);
    let egress = rules::only(&[server.identity], &out, None);
    let may = Arc::new(Table::of(Half::open(), egress));
    let open = rules::open_table();
    let mut sent = Sent::new();
    for number in 0..WORKLOADS {
        let mut wanted = lab.wanted(&[(may.clone(), may.clone()), (open.clone(), open.clone())]);
        // The server is a bystander: it has no hook, so that it counts nothing.
        wanted.endpoints.truncate(1);
        wanted.endpoints[0].workload.name = format!("job-{number}");
        let name = wanted.endpoints[0].workload.clone();
        lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
        for _ in 0..=number % 3 {
            let to = SocketAddr::new(server.v4, 7011);
            assert!(arrives(client, server, to, Duration::from_secs(5)), "{name}");
        }
        wanted.endpoints.clear();
        lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
        let end = Instant::now() + Duration::from_secs(10);
        while datapath.counters().expect("they are read").iter().any(|c| c.workload.is_some()) {
            assert!(Instant::now() < end, "its counters stay: {name}");
            read(&datapath, &mut sent);
            lab.in_node(|| datapath.expire(&Timeouts::default(), |_| true)).expect("it expires");
        }
    }
    let expected: Sent = (0..WORKLOADS)
        .map(|number| {
            let name = WorkloadName { namespace: "lab".into(), name: format!("job-{number}") };
            (name, number % 3 + 1)
        })
        .collect();
    assert_eq!(sent, expected);
    assert_eq!(datapath.uncounted().expect("it can be read").packets, 0);
}

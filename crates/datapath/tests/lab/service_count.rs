//! Services counted to the unit: whatever the node rewrites on the way, a packet is counted once,
//! as what became of it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use podwall_datapath::LeaveHook;
use podwall_model::{Direction, Protocol, RuleId, Verdict};
use podwall_policy::rule::Action;
use podwall_policy::table::{Decision, Half, IdentityNumber, Row, Table};

use crate::dial;
use crate::lab::{Shape, rules};
use crate::proxy::{Masquerade, Proxy};
use crate::service::{
    BACKEND_PORT, Cluster, Kind, OUTSIDE, PLAIN, PROTOCOLS, SERVICE_PORT, addresses, ask,
    servers_on, service,
};

/// Packets that a rule let go and that one stopped, and large ones that went on by none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    allowed: u64,
    denied: u64,
    let_pass: u64,
}

/// What makes a datagram large: next to it, finding neighbours weighs nothing.
const LARGE_BYTES: usize = 1400;

/// The first workload may go to the second and outside, and may not go to the third: by rules, so
/// that what its stack says by itself is counted elsewhere.
fn by_rules() -> Arc<Table> {
    let row = |action: Action, name: &str| {
        let rule: Arc<RuleId> = rules::rule(name, Direction::Egress);
        Arc::new(Row::uniform(Decision { action, rule: Some(rule), sheet: None }))
    };
    let rows = BTreeMap::from([
        (IdentityNumber(257), row(Action::Allow, "may")),
        (OUTSIDE, row(Action::Allow, "may")),
        (IdentityNumber(258), row(Action::Deny, "may-not")),
    ]);
    let fallback = Arc::new(Row::uniform(Decision::DEFAULT_DENY));
    let egress = Half { isolated: true, fallback, rows };
    Arc::new(Table::of(Half::open(), egress))
}

fn counts(cluster: &Cluster) -> Counts {
    let client = &cluster.lab.workloads[0].name;
    let mut counts = Counts::default();
    for counter in cluster.datapath.counters().expect("counters can be read") {
        if counter.workload.as_ref() != Some(client) || counter.direction != Direction::Egress {
            continue;
        }
        match (counter.verdict, counter.rule.is_some()) {
            (Verdict::Forwarded, true) => counts.allowed += counter.packets,
            (Verdict::Dropped, true) => counts.denied += counter.packets,
            (Verdict::Forwarded, false) => counts.let_pass += counter.bytes / LARGE_BYTES as u64,
            _ => {}
        }
    }
    counts
}

/// Waits until so much was counted since `before`, and says what is counted then.
#[track_caller]
fn expect(cluster: &Cluster, before: Counts, more: Counts, case: &str) -> Counts {
    let wanted = Counts {
        allowed: before.allowed + more.allowed,
        denied: before.denied + more.denied,
        let_pass: before.let_pass + more.let_pass,
    };
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let now = counts(cluster);
        if now == wanted {
            return now;
        }
        assert!(Instant::now() < end, "{case}: {before:?} and {more:?} is not {now:?}");
        std::thread::yield_now();
    }
}

fn cluster(kind: Kind) -> Cluster {
    let mut cluster = Cluster::new(kind);
    cluster.judge(0, &by_rules());
    cluster.lab.keep_neighbours();
    cluster
}

/// A question that is answered is two packets of its connection, one that is stopped is one.
const ANSWERED: Counts = Counts { allowed: 2, denied: 0, let_pass: 0 };
const STOPPED: Counts = Counts { allowed: 0, denied: 1, let_pass: 0 };

fn a_backend_chosen_anew_is_counted_as_itself(kind: Kind) {
    let mut cluster = cluster(kind);
    let spaces: Vec<_> = cluster.lab.workloads.iter().map(|w| &w.namespace).collect();
    let servers = servers_on(&spaces);
    for family in [0, 1] {
        let [one, two, outside] =
            [1, 2, 3].map(|index| addresses(&cluster.lab.workloads[index])[family]);
        cluster.lead(Protocol::UDP, &[one, two, outside]);
        let to = SocketAddr::new(service(one), SERVICE_PORT);
        let mut counted = counts(&cluster);
        let client = dial::Asker::new(&cluster.lab.workloads[0].namespace, to, 36_000);
        for chosen in [one, two, one, outside, two, two, outside] {
            cluster.translate(to, chosen, Masquerade::Nothing);
            for time in ["first", "second"] {
                assert_eq!(client.is_answered(), chosen != two, "{to} {chosen}");
                let more = if chosen == two { STOPPED } else { ANSWERED };
                counted = expect(&cluster, counted, more, &format!("{to} {chosen} {time}"));
            }
        }
    }
    drop(servers);
}

fn what_somebody_else_rewrites_is_counted_once(kind: Kind) {
    let cluster = cluster(kind);
    let spaces: Vec<_> = cluster.lab.workloads.iter().map(|w| &w.namespace).collect();
    let servers = servers_on(&spaces);
    for family in [0, 1] {
        let [two, outside] = [2, 3].map(|index| addresses(&cluster.lab.workloads[index])[family]);
        let to = SocketAddr::new(outside, BACKEND_PORT);
        cluster.translate(to, two, Masquerade::Nothing);
        let mut counted = counts(&cluster);
        for protocol in PROTOCOLS {
            for time in ["first", "second"] {
                let client = &cluster.lab.workloads[0].namespace;
                let asked = ask(client, to, protocol, 37_000);
                assert!(!asked.answered, "{to} {protocol}");
                let case = format!("{to} {protocol} {time}");
                let more = Counts { denied: asked.sent, ..Counts::default() };
                counted = expect(&cluster, counted, more, &case);
            }
        }
    }
    drop(servers);
}

#[test]
fn a_backend_chosen_anew_is_counted_as_itself_by_netfilter() {
    a_backend_chosen_anew_is_counted_as_itself(PLAIN);
}

#[test]
fn a_backend_chosen_anew_is_counted_as_itself_by_uplinks() {
    let kind = Kind { shape: Shape::Bridged, leave: LeaveHook::Uplink, proxy: Proxy::Iptables };
    a_backend_chosen_anew_is_counted_as_itself(kind);
}

#[test]
fn what_somebody_else_rewrites_is_counted_once_by_netfilter() {
    what_somebody_else_rewrites_is_counted_once(PLAIN);
}

#[test]
fn what_somebody_else_rewrites_is_counted_once_by_uplinks() {
    what_somebody_else_rewrites_is_counted_once(Kind { leave: LeaveHook::Uplink, ..PLAIN });
}

/// A datagram that overtakes the first answer is judged by nobody; the same is true, and easier to
/// bring about, of one that the node sends nowhere.
#[test]
fn what_nobody_judges_is_counted_as_let_pass() {
    let mut cluster = cluster(PLAIN);
    for family in [0, 1] {
        let one: IpAddr = addresses(&cluster.lab.workloads[1])[family];
        cluster.lead(Protocol::UDP, &[one]);
        let to = SocketAddr::new(service(one), SERVICE_PORT);
        let mut counted = counts(&cluster);
        let client = dial::Asker::new(&cluster.lab.workloads[0].namespace, to, 38_000);
        for time in 1..4 {
            // The node leads it nowhere, and may have said so of an earlier one.
            let large = [0; LARGE_BYTES];
            while client.send(&large).is_err() {}
            let more = Counts { let_pass: 1, ..Counts::default() };
            counted = expect(&cluster, counted, more, &format!("{to} {time}"));
        }
    }
}

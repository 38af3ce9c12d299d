//! What is counted is what was sent, and no event is lost without being counted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use podwall_wire::node::{Counter, Losses, ToControl};
use podwall_wire::rest::{Direction, Mode, Verdict};

use crate::enforcing::{POLICY, started};
use crate::place::Place;
use crate::runner::Case;
use crate::talk::{Agent, BOUND, Control};

pub(crate) const CASES: [Case; 2] = [
    ("packets_sent_are_packets_counted_across_a_restart", packets_are_counted),
    ("events_delivered_and_lost_are_events_produced", events_are_accounted_for),
];

/// How long the reader of events is stopped.
const STOPPED: Duration = Duration::from_secs(10);

/// `web` may send to `db` whatever it likes, and a rule says so: neighbour discovery, which nobody
/// here sends and no rule is about, then counts apart.
const SENDING: &str = "
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: sending, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: web}}
  enableDefaultDeny: {egress: false}
  egress:
  - toEndpoints: [{matchLabels: {app: db}}]
    toPorts: [{ports: [{port: '0', protocol: UDP}]}]
";

/// Packets by workload, direction and verdict; what passed without a rule apart.
type Sums = BTreeMap<(String, &'static str, &'static str), u64>;

fn sums(counters: &[Counter]) -> Sums {
    let mut sums = Sums::new();
    let passes = |counter: &&Counter| counter.verdict == Verdict::Forwarded;
    for counter in counters.iter().filter(|c| !passes(c) || c.rule.is_some()) {
        let direction = match counter.direction {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        };
        let verdict = match counter.verdict {
            Verdict::Forwarded => "forwarded",
            Verdict::WouldDrop => "would drop",
            Verdict::Dropped => "dropped",
            Verdict::WouldAllow => "would allow",
        };
        let key = (counter.workload.name.clone(), direction, verdict);
        *sums.entry(key).or_default() += counter.packets;
    }
    sums
}

/// Sends so many datagrams from `web` to a port of `db`, of either family in turn.
fn send(place: &Place, port: u16, count: u64) {
    let (v4, v6) = (place.socket("web", "0.0.0.0:0"), place.socket("web", "[::]:0"));
    for number in 0..count {
        let sent = if number % 2 == 0 {
            v4.send_to(b"counted", ("10.77.2.2", port))
        } else {
            v6.send_to(b"counted", ("fd77:2::2", port))
        };
        sent.unwrap();
    }
}

/// Sockets that take what is let pass, so that nobody answers "unreachable".
fn sinks(place: &Place) -> Vec<std::net::UdpSocket> {
    let ports = [5432, 5433, 5434];
    let of = |port: u16| {
        [format!("10.77.2.2:{port}"), format!("[fd77:2::2]:{port}")]
            .map(|address| place.socket("db", &address))
    };
    ports.into_iter().flat_map(of).collect()
}

fn packets_are_counted() {
    let place = Place::new();
    let policies = format!("{POLICY}{SENDING}");
    let (mut control, mut agent) = started(&place);
    let _sinks = sinks(&place);
    control.put_in_force(&place, &policies);
    send(&place, 5432, 1_001);
    send(&place, 5433, 502);
    agent.kill();
    send(&place, 5432, 2_003);
    send(&place, 5434, 404);
    let mut agent = Agent::start(&place, &[]);
    control.accept(&mut agent);
    control.put_in_force(&place, &policies);
    send(&place, 5434, 96);
    control.mode = Mode::Detect;
    control.put_in_force(&place, &policies);
    send(&place, 5433, 333);
    let wanted: Sums = [
        (("db".to_owned(), "ingress", "forwarded"), 3_004),
        (("db".to_owned(), "ingress", "dropped"), 1_002),
        (("db".to_owned(), "ingress", "would drop"), 333),
        (("web".to_owned(), "egress", "forwarded"), 3_004 + 1_002 + 333),
    ]
    .into();
    let total: u64 = wanted.values().sum();
    let counters = control.counters(|all| sums(all).values().sum::<u64>() >= total);
    assert_eq!(sums(&counters), wanted);
}

fn events_are_accounted_for() {
    let place = Place::new();
    let (mut control, agent) = started(&place);
    let _sinks = sinks(&place);
    control.put_in_force(&place, POLICY);
    let mut told = 0;
    agent.signal(Signal::SIGSTOP);
    let until = Instant::now() + STOPPED;
    let mut sent = 0;
    while Instant::now() < until {
        send(&place, 5434, 1_000);
        sent += 1_000;
    }
    agent.signal(Signal::SIGCONT);
    let losses = settled(&mut control, &mut told, sent);
    println!("  {sent} packets denied: {losses:?}");
    assert!(losses.lost_kernel > 0, "the ring was full for a while");
    assert_eq!(losses.produced, losses.read + losses.lost_kernel);
    assert_eq!(losses.read, losses.delivered + losses.lost_agent);
    assert_eq!(told, losses.delivered);
}

/// Reads on until everything that was produced is delivered or lost.
fn settled(control: &mut Control, told: &mut u64, sent: u64) -> Losses {
    let until = Instant::now() + BOUND;
    loop {
        assert!(Instant::now() < until, "events do not come to an end");
        let losses = control.wait_for("losses", |message| match message {
            ToControl::Flows { flows } => {
                *told += flows.iter().map(|flow| flow.count).sum::<u64>();
                None
            }
            ToControl::Losses(losses) => Some(losses),
            _ => None,
        });
        let Losses { produced, lost_kernel, read, delivered, lost_agent, .. } = losses;
        let all_read = produced >= sent && produced == read + lost_kernel;
        if all_read && read == delivered + lost_agent && *told == delivered {
            return losses;
        }
    }
}

//! The numbers of the page are those of a prober that knows what it sent: packets and bytes, in
//! each window, over a restart of the agent and of the whole run.

use std::net::UdpSocket;
use std::time::{SystemTime, UNIX_EPOCH};

use podwall_wire::rest::{AgentState, Flows, PolicyDetail, Stats, VerdictCounts, WorkloadDetail};

use crate::node::Node;
use crate::run::{Place, Run, signal, until};

/// The windows of the page.
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WINDOWS: [u64; 7] = [5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY];

const OUT: &str = "NetworkPolicy/a/out";
const INTO: &str = "NetworkPolicy/b/in";

/// Datagrams to one port may leave `a`, and come into `b`.
const POLICIES: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out, namespace: a}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: [{ports: [{port: 9001, protocol: UDP}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: in, namespace: b}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress: [{ports: [{port: 9001, protocol: UDP}]}]
";

/// What is in each datagram, and how long that is with what IPv4 and UDP put before it.
const BODY: [u8; 93] = [7; 93];
const EACH: u64 = 20 + 8 + 93;

/// Sends, and remembers how much.
struct Prober {
    client: UdpSocket,
    /// They take what comes, so that nobody answers that nobody listens.
    _servers: [UdpSocket; 2],
    allowed: u64,
    denied: u64,
}

impl Prober {
    fn new(node: &Node) -> Prober {
        let server = |port: u16| node.datagrams("b", &format!("10.77.2.2:{port}"));
        Prober {
            client: node.datagrams("a", "0.0.0.0:0"),
            _servers: [server(9001), server(9002)],
            allowed: 0,
            denied: 0,
        }
    }

    fn send(&mut self, allowed: u64, denied: u64) {
        for (port, count) in [(9001, allowed), (9002, denied)] {
            for _ in 0..count {
                self.client.send_to(&BODY, ("10.77.2.2", port)).unwrap();
            }
        }
        self.allowed += allowed;
        self.denied += denied;
    }

    /// Waits until every window tells what was sent, by every way to ask.
    #[track_caller]
    fn check(&self, place: &Place, when: &str) {
        for window in WINDOWS {
            let mut seen = String::new();
            until(&format!("{when}: the numbers of {} minutes", window / MINUTE), || {
                let told = self.told(place, window);
                if format!("{told:?}") != seen {
                    seen = format!("{told:?}");
                    eprintln!("{when}, {} minutes: {seen}", window / MINUTE);
                }
                (told == self.wanted()).then_some(())
            });
        }
    }

    fn wanted(&self) -> Vec<(&'static str, u64, u64)> {
        let sent = |count: u64| (count, count * EACH);
        let both = |name, (packets, bytes): (u64, u64)| (name, packets, bytes);
        vec![
            both("out's rule", sent(self.allowed)),
            both("in's rule", sent(self.allowed)),
            both("out's default deny", sent(self.denied)),
            both("in's default deny", sent(self.denied)),
            both("would drop in all", sent(2 * self.denied)),
            both("would drop, in samples and gaps", sent(2 * self.denied)),
            both("would drop of both namespaces", sent(2 * self.denied)),
            both("would drop into b", sent(self.denied)),
            both("would drop out of a, in samples", sent(self.denied)),
        ]
    }

    fn told(&self, place: &Place, window: u64) -> Vec<(&'static str, u64, u64)> {
        let until = now();
        // The page asks from the start of a step.
        let step = (window / 300).max(1_000);
        let since = (until - window) / step * step;
        let span = format!("since={since}&until={until}&step={step}");
        let stats: Stats = place.get(&format!("/api/v1/stats?{span}&by=rule"));
        let rule = |policy: &str| {
            let mut groups = stats.groups.iter().filter(|group| group.name.starts_with(policy));
            groups.next().map_or((0, 0), |group| (group.packets.forwarded, group.bytes.forwarded))
        };
        let deny = |policy: &str| {
            let path = format!("/api/v1/policies/{policy}?since={since}&until={until}");
            let detail: PolicyDetail = place.get(&path);
            let of_rule: u64 = detail.rules.iter().map(|rule| rule.packets.forwarded).sum();
            assert!(of_rule <= self.allowed, "{policy}: {of_rule}");
            let deny = detail.default_deny;
            (deny.packets.would_drop, deny.bytes.would_drop)
        };
        let placed = stats.samples.iter().map(|sample| (sample.packets, sample.bytes));
        let gaps = stats.gaps.iter().map(|gap| (gap.packets, gap.bytes));
        let spaces = stats.namespaces.iter().map(|space| (space.packets, space.bytes));
        let into: WorkloadDetail = place.get(&format!("/api/v1/workloads/b/b?{span}"));
        let out: WorkloadDetail = place.get(&format!("/api/v1/workloads/a/a?{span}"));
        let into = (into.workload.into.packets.would_drop, into.workload.into.bytes.would_drop);
        let out = (out.workload.out_of.packets.would_drop, out.workload.out_of.bytes.would_drop);
        let total = (stats.total.packets.would_drop, stats.total.bytes.would_drop);
        let named = |name, (packets, bytes)| (name, packets, bytes);
        vec![
            named("out's rule", rule(OUT)),
            named("in's rule", rule(INTO)),
            named("out's default deny", deny(OUT)),
            named("in's default deny", deny(INTO)),
            named("would drop in all", total),
            named("would drop, in samples and gaps", would_drop(placed.chain(gaps))),
            named("would drop of both namespaces", would_drop(spaces)),
            named("would drop into b", into),
            named("would drop out of a, in samples", out),
        ]
    }
}

fn would_drop(parts: impl Iterator<Item = (VerdictCounts, VerdictCounts)>) -> (u64, u64) {
    parts.fold((0, 0), |sum, (packets, bytes)| {
        (sum.0 + packets.would_drop, sum.1 + bytes.would_drop)
    })
}

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

#[test]
fn every_window_tells_what_a_prober_sent_over_restarts_of_the_agent_and_of_the_run() {
    let (place, node) = (Place::new("numbers"), Node::new("x"));
    place.write("policies/ports.yaml", POLICIES);
    let mut run = Run::start(&place, node.up(&place, &[]));
    let agent = run.ready().nodes[0].pid.unwrap();
    let mut prober = Prober::new(&node);
    prober.send(301, 102);
    prober.check(&place, "at first");
    signal("-KILL", agent);
    prober.send(203, 54);
    until("another agent has adopted", || {
        let node = place.status()?.nodes[0].clone();
        (node.agent == AgentState::Running && node.pid != Some(agent)).then_some(())
    });
    prober.send(97, 11);
    prober.check(&place, "with another agent");
    run.kill();
    prober.send(150, 33);
    let mut run = Run::start(&place, node.up(&place, &[]));
    run.ready();
    prober.send(5, 7);
    prober.check(&place, "with another run");
    let flows: Flows = place.get("/api/v1/flows?verdict=would_drop&port=9002&limit=10");
    assert!(!flows.flows.is_empty(), "records of before and after are there");
    run.interrupt();
}

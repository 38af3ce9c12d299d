//! The history of a cluster, from a fixed seed. A third of its counters is moved by something that
//! never rests (probes, scrapes, queues), the others now and then; each workload talks to some
//! twenty others and is stopped now and then.

use podwall_ledger::{Key, Ledger, Party, Past, Record, RuleName};
use podwall_model::{Direction, Protocol, Reason, Verdict};

pub(crate) const NAMESPACES: u64 = 200;
pub(crate) const WORKLOADS: u64 = 2_000;
pub(crate) const POLICIES: u64 = 1_000;
pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;
/// A moment at which files of every grain begin.
pub(crate) const END: u64 = 2_010 * 10 * DAY;
/// Flows that are kept one by one: those that were stopped in eight days, one in two seconds, and
/// the newest that passed, as many as may be.
const STOPPED: u64 = 400_000;
const PASSED: u64 = 200_000;

/// The numbers of a fixed seed (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % limit
    }
}

/// Makes all of it; says what.
pub(crate) fn fill(ledger: &mut Ledger, days: u64) -> String {
    let keys = keys();
    let edges = edges();
    counters(ledger, &keys, days);
    sums(ledger, &edges, days);
    flows(ledger, &edges);
    last_hour(ledger, &keys);
    assert_eq!(ledger.trouble(), None);
    format!(
        "{NAMESPACES} namespaces, {WORKLOADS} workloads, {POLICIES} policies, {} counters, {} \
         edges, {} flows",
        keys.len(),
        edges.len(),
        STOPPED + PASSED
    )
}

fn name(workload: u64) -> String {
    format!("team-{}/service-{workload}", workload % NAMESPACES)
}

/// Each workload, both directions, one to three rules, and a default deny with some.
fn keys() -> Vec<Key> {
    let mut chance = Chance(42);
    let mut keys = Vec::new();
    for workload in 0..WORKLOADS {
        let namespace = workload % NAMESPACES;
        for direction in Direction::BOTH {
            let mut put = |verdict, reason, policy: Option<u64>| {
                keys.push(Key {
                    node: "node".into(),
                    workload: name(workload),
                    direction,
                    verdict,
                    reason,
                    rule: policy.map(|policy| RuleName {
                        policy: format!("NetworkPolicy/team-{namespace}/allow-{policy}"),
                        rule: format!(
                            "NetworkPolicy/team-{namespace}/allow-{policy}#{direction}[0]"
                        ),
                        content: policy,
                    }),
                });
            };
            // The policies of a namespace: those with its number in their own.
            for _ in 0..=chance.below(3) {
                let policy = namespace + NAMESPACES * chance.below(POLICIES / NAMESPACES);
                put(Verdict::Forwarded, Reason::None, Some(policy));
            }
            if chance.below(4) == 0 {
                put(Verdict::WouldDrop, Reason::DefaultDeny, None);
            }
        }
    }
    keys.sort();
    keys.dedup();
    keys
}

/// As fine as each age is kept: ten minutes, a minute for a week, ten seconds for six hours.
fn counters(ledger: &mut Ledger, keys: &[Key], days: u64) {
    let mut chance = Chance(7);
    let mut time = END - days * DAY;
    while time < END {
        if (END - time).is_multiple_of(5 * DAY) {
            eprintln!("making counters: {} of {days} days to go", (END - time) / DAY);
        }
        // How long a bucket is, and in how many of them a counter moves that moves now and then.
        let (step, quiet) = match END - time {
            age if age > 7 * DAY => (10 * MINUTE, 2),
            age if age > 6 * HOUR => (MINUTE, 6),
            _ => (10 * SECOND, 20),
        };
        let stop = (time + if step == 10 * SECOND { HOUR } else { 6 * HOUR }).min(END);
        let mut past = Past { keys: keys.to_vec(), times: Vec::new() };
        while time < stop {
            time += step;
            let mut added = Vec::new();
            for key in 0..keys.len() {
                if key % 3 == 0 || chance.below(quiet) == 0 {
                    let packets = 1 + chance.below(step / 100);
                    added.push((key, packets, packets * (60 + chance.below(900))));
                }
            }
            past.times.push((time, added));
        }
        ledger.take_past(past, END);
    }
}

/// Who talks to whom: seen from both sides, with what becomes of it.
fn edges() -> Vec<Record> {
    let mut chance = Chance(11);
    let mut edges = Vec::new();
    for client in 0..WORKLOADS {
        for peer in 0..10 {
            // Most talk within their namespace, some to others, some to the outside.
            let server = match peer {
                0..5 => Some(client % NAMESPACES + NAMESPACES * chance.below(10)),
                5..9 => Some(chance.below(WORKLOADS)),
                _ => None,
            };
            let port = [80, 443, 5432, 6379, 8080, 9090][chance.below(6) as usize];
            let verdict = match chance.below(10) {
                0 => Verdict::WouldDrop,
                _ => Verdict::Forwarded,
            };
            for direction in Direction::BOTH {
                let judge = match (direction, server) {
                    (Direction::Egress, _) => client,
                    (Direction::Ingress, Some(server)) => server,
                    (Direction::Ingress, None) => continue,
                };
                let edge = edge(client, server, judge, direction);
                edges.push(Record { port, verdict, ..edge });
            }
        }
    }
    edges
}

fn edge(client: u64, server: Option<u64>, judge: u64, direction: Direction) -> Record {
    let address = |workload: u64| format!("10.{}.{}.9", workload / 250, workload % 250);
    let party = |workload: u64| Party {
        workload: Some(name(workload)),
        address: address(workload),
        names: Vec::new(),
    };
    let outside = Party {
        workload: None,
        address: format!("198.51.100.{}", client % 250),
        names: vec![format!("api-{}.example.com", client % 500)],
    };
    let namespace = judge % NAMESPACES;
    Record {
        time: 0,
        verdict: Verdict::Forwarded,
        direction,
        workload: name(judge),
        source: party(client),
        destination: server.map_or(outside, party),
        protocol: Protocol::TCP,
        port: 443,
        policy: Some(format!("NetworkPolicy/team-{namespace}/allow-{namespace}")),
        count: 1,
        body: String::new(),
    }
}

/// Who talked to whom: by the day, for eight days by the hour, for six hours by the minute.
fn sums(ledger: &mut Ledger, edges: &[Record], days: u64) {
    let mut chance = Chance(13);
    let mut time = END - days * DAY;
    while time < END {
        // Nearly all talk in a day, half in an hour, one in eight in a minute.
        let (step, quiet) = match END - time {
            age if age > 8 * DAY => (DAY, 1),
            age if age > 6 * HOUR => (HOUR, 2),
            _ => (MINUTE, 8),
        };
        let mut some: Vec<Record> =
            edges.iter().filter(|_| chance.below(quiet) == 0).cloned().collect();
        for record in &mut some {
            record.time = time + chance.below(MINUTE);
            record.count = 1 + chance.below(step / SECOND);
        }
        time += step;
        ledger.take_past_sums(&some, time.min(END));
    }
}

/// Flows one by one, with a body as long as a real one.
fn flows(ledger: &mut Ledger, edges: &[Record]) {
    let mut chance = Chance(17);
    let (stopped, passed): (Vec<&Record>, Vec<&Record>) =
        edges.iter().partition(|edge| edge.verdict != Verdict::Forwarded);
    let body = format!("{{\"source\":\"{}\"}}", "a label and its value, ".repeat(30));
    let first_passed = 2 * HOUR / (PASSED / 1_000);
    for batch in 0..(STOPPED + PASSED) / 1_000 {
        let late = batch.checked_sub(STOPPED / 1_000);
        let records: Vec<Record> = (0..1_000)
            .map(|_| {
                let (from, time) = match late {
                    None => (&stopped, END - 8 * DAY + batch * (8 * DAY * 1_000 / STOPPED)),
                    Some(late) => (&passed, END - 2 * HOUR + late * first_passed),
                };
                let edge = from[chance.below(from.len() as u64) as usize];
                Record { time, body: body.clone(), ..edge.clone() }
            })
            .collect();
        ledger.append(&records);
        if batch % 20 == 19 {
            ledger.settle_flows();
        }
    }
}

/// An hour second by second, as the page looks at it.
fn last_hour(ledger: &mut Ledger, keys: &[Key]) {
    let mut chance = Chance(19);
    let mut counts = vec![0; keys.len()];
    for second in 0..=15 * 60 {
        for (key, count) in counts.iter_mut().enumerate() {
            if key % 3 == 0 || chance.below(60) == 0 {
                *count += 1 + chance.below(20);
            }
        }
        let counters = keys.iter().zip(&counts).map(|(key, c)| (key.clone(), *c, *c * 500));
        ledger.read(&podwall_ledger::Reading {
            node: "node".into(),
            time: END - 15 * MINUTE + second * SECOND,
            fresh: false,
            counters: counters.collect(),
        });
    }
}

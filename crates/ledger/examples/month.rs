//! `./dev bench ledger`: thirty days of history at 200 namespaces, 2,000 workloads and 1,000
//! policies, made from a fixed seed; then the page's questions, each many times, and the size on
//! disk. Arguments: days, then rounds.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use podwall_ledger::{Bounds, By, Key, Ledger, Past, Question, RuleName, Scope, Series};
use podwall_model::{Direction, Reason, Verdict};

const NAMESPACES: u64 = 200;
const WORKLOADS: u64 = 2_000;
const POLICIES: u64 = 1_000;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// A moment at which files of every grain begin.
const END: u64 = 2_010 * 10 * DAY;
/// What a question of the page may take, nineteen times out of twenty.
const TARGET: Duration = Duration::from_millis(100);

/// The numbers of a fixed seed (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % limit
    }
}

fn main() {
    let number = |at: usize, usual: u64| {
        std::env::args().nth(at).and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (days, rounds) = (number(1, 30), number(2, 40));
    let folder = std::env::temp_dir().join(format!("pw-bench-ledger-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the temporary directory can be written");
    let began = Instant::now();
    let mut ledger = Ledger::open(&folder.join("ledger.sqlite"), Bounds::default());
    let keys = keys();
    fill(&mut ledger, &keys, days);
    println!(
        "{days} days, {NAMESPACES} namespaces, {WORKLOADS} workloads, {POLICIES} policies, {} \
         counters; made in {:.0} s",
        keys.len(),
        began.elapsed().as_secs_f64()
    );
    println!("size on disk: {:.1} MB", size(&folder) as f64 / 1e6);
    let mut missed = 0;
    for (name, question) in questions(days) {
        missed += usize::from(measure(&mut ledger, name, &question, rounds) > TARGET);
    }
    println!("{missed} questions over the target of {TARGET:?}");
    drop(ledger);
    let _ = fs::remove_dir_all(&folder);
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
                    workload: format!("team-{namespace}/service-{workload}"),
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
fn fill(ledger: &mut Ledger, keys: &[Key], days: u64) {
    let mut chance = Chance(7);
    let mut time = END - days * DAY;
    while time < END {
        if (END - time).is_multiple_of(DAY) {
            eprintln!("making history: {} of {days} days to go", (END - time) / DAY);
        }
        let step = match END - time {
            age if age > 7 * DAY => 10 * MINUTE,
            age if age > 6 * HOUR => MINUTE,
            _ => 10_000,
        };
        let stop = (time + if step == 10_000 { HOUR } else { 6 * HOUR }).min(END);
        let mut past = Vec::new();
        while time < stop {
            time += step;
            // Nearly all of them within ten minutes, a third within ten seconds.
            let quiet = match step {
                10_000 => 3,
                MINUTE => 2,
                _ => 1,
            };
            let active = keys.iter().filter(|_| chance.below(quiet) == 0).cloned();
            let added: Vec<_> = active.collect();
            let added = added.into_iter().map(|key| {
                let packets = 1 + chance.below(step / 100);
                (key, packets, packets * (60 + chance.below(900)))
            });
            past.push(Past { end: time, added: added.collect() });
        }
        ledger.take_past(past);
        ledger.settle(time);
        ledger.archive_all(time);
        assert_eq!(ledger.trouble(), None);
    }
}

fn questions(days: u64) -> Vec<(&'static str, Question)> {
    let span = |length: u64, parts: u64| Question {
        since: END - length,
        until: END,
        step: length / parts,
        ..Question::default()
    };
    let month = days.min(30) * DAY;
    let workload = Scope { workloads: vec!["team-7/service-7".into()], ..Scope::default() };
    let policies = vec!["NetworkPolicy/team-7/allow-7".into()];
    let policy = Scope { policies, ..Scope::default() };
    let by = |by: By, question: Question| Question { by: Some(by), ..question };
    let sums = |question: Question| Question { series: Series::SumsAlone, ..question };
    vec![
        ("overview, 15 minutes", by(By::Namespace, span(15 * MINUTE, 90))),
        ("overview, 6 hours", by(By::Namespace, span(6 * HOUR, 300))),
        ("overview, 1 day", by(By::Namespace, span(DAY, 300))),
        ("overview, 7 days", by(By::Namespace, span(7 * DAY, 300))),
        ("overview, 30 days", by(By::Namespace, span(month, 300))),
        ("all workloads, 15 minutes", sums(by(By::Side, span(15 * MINUTE, 1)))),
        ("all workloads, 1 day", sums(by(By::Side, span(DAY, 1)))),
        ("all workloads, 30 days", sums(by(By::Side, span(month, 1)))),
        ("one workload, 1 day", Question { scope: workload.clone(), ..span(DAY, 300) }),
        ("one workload, 30 days", Question { scope: workload, ..span(month, 300) }),
        (
            "one policy by rule, 1 day",
            by(By::Rule, Question { scope: policy.clone(), ..span(DAY, 300) }),
        ),
        (
            "one policy by rule, 30 days",
            by(By::Rule, Question { scope: policy, ..span(month, 300) }),
        ),
        ("by direction, 30 days", by(By::Direction, span(month, 300))),
        ("by policy, 30 days", by(By::Policy, span(month, 300))),
    ]
}

fn measure(ledger: &mut Ledger, name: &str, question: &Question, rounds: u64) -> Duration {
    let mut took: Vec<Duration> = (0..rounds)
        .map(|_| {
            let began = Instant::now();
            let answer = ledger.answer(question).expect("the ledger answers");
            assert!(answer.total.forwarded.packets > 0, "{name} is about something");
            began.elapsed()
        })
        .collect();
    took.sort();
    let at = |part: usize| took[(took.len() * part / 100).min(took.len() - 1)];
    let mark = if at(95) > TARGET { "over the target" } else { "" };
    println!(
        "{name:<32} median {:>7.1} ms   p95 {:>7.1} ms {mark}",
        at(50).as_secs_f64() * 1e3,
        at(95).as_secs_f64() * 1e3
    );
    at(95)
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("the folder is ours").filter_map(Result::ok);
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(of).sum()
}

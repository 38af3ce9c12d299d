//! Counters over time: the same numbers at every grain, over restarts, crashes, damage and clocks
//! that go back.

use std::fs;
use std::path::Path;

use crate::scratch::Scratch;
use podwall_ledger::{
    Answer, Bounds, By, Key, Ledger, Question, Reading, RuleName, Scope, Series, Sums,
};
use podwall_model::{Direction, Reason, Verdict};

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
/// A moment at which chunks, files and buckets of every grain begin.
const START: u64 = 2_000 * 10 * DAY / 10;

/// A workload that sends so many packets each reading.
struct Source {
    key: Key,
    packets: u64,
    sent: u64,
}

/// Somebody who knows what was sent.
struct Prober {
    sources: Vec<Source>,
    time: u64,
}

fn key(workload: &str, direction: Direction, verdict: Verdict, rule: Option<&str>) -> Key {
    Key {
        node: "n".into(),
        workload: workload.into(),
        direction,
        verdict,
        reason: if verdict.passed() { Reason::None } else { Reason::DefaultDeny },
        rule: rule.map(|rule| RuleName {
            policy: "NetworkPolicy/a/p".into(),
            rule: format!("NetworkPolicy/a/p#{rule}"),
            content: 7,
        }),
    }
}

impl Prober {
    fn new(time: u64) -> Prober {
        let source = |key, packets| Source { key, packets, sent: 0 };
        let rule = Some("ingress[0]");
        let sources = vec![
            source(key("a/x", Direction::Ingress, Verdict::Forwarded, rule), 3),
            source(key("a/x", Direction::Egress, Verdict::Forwarded, None), 5),
            source(key("a/y", Direction::Ingress, Verdict::Dropped, None), 1),
            source(key("b/z", Direction::Ingress, Verdict::Forwarded, Some("ingress[1]")), 2),
        ];
        Prober { sources, time }
    }

    /// Sends and is read once, after so many milliseconds.
    fn beat(&mut self, ledger: &mut Ledger, after_ms: i64) {
        self.time = self.time.saturating_add_signed(after_ms);
        self.send();
        self.read(ledger);
    }

    fn send(&mut self) {
        self.sources.iter_mut().for_each(|source| source.sent += source.packets);
    }

    fn read(&self, ledger: &mut Ledger) {
        let counters = self.sources.iter();
        let counters = counters.map(|s| (s.key.clone(), s.sent, s.sent * 100)).collect();
        ledger.read(&Reading { node: "n".into(), time: self.time, fresh: false, counters });
    }

    /// Reads each five seconds for so long, settling with each full bucket.
    fn run(&mut self, ledger: &mut Ledger, minutes: u64) {
        for beat in 0..minutes * 12 {
            self.beat(ledger, 5_000);
            if beat % 2 == 1 {
                ledger.settle(self.time);
            }
        }
    }

    fn sent(&self) -> (u64, u64) {
        let of = |passed: bool| {
            let those = self.sources.iter().filter(|source| source.key.verdict.passed() == passed);
            those.map(|source| source.sent).sum()
        };
        (of(true), of(false))
    }
}

fn ask(ledger: &mut Ledger, step: u64, by: Option<By>, scope: Scope) -> Answer {
    let (since, until) = (START - 30 * DAY, START + 30 * DAY);
    let question = Question { since, until, step, scope, by, series: Series::Told };
    ledger.answer(&question).unwrap()
}

fn packets(sums: &Sums) -> (u64, u64) {
    assert_eq!(sums.forwarded.bytes, sums.forwarded.packets * 100);
    (sums.forwarded.packets + sums.would_drop.packets, sums.dropped.packets)
}

/// Every way to ask gives what was sent.
fn check(ledger: &mut Ledger, prober: &Prober) {
    let sent = prober.sent();
    for minutes in [1, 10, 60] {
        for by in [None, Some(By::Namespace), Some(By::Direction), Some(By::Workload)] {
            let answer = ask(ledger, minutes * MINUTE, by, Scope::default());
            assert_eq!(packets(&answer.total), sent, "{minutes} min by {by:?}");
            let placed = answer.samples.iter().chain(&answer.gaps);
            let placed = placed.fold((0, 0), |sum, sample| {
                let own = packets(&sample.sums);
                (sum.0 + own.0, sum.1 + own.1)
            });
            assert_eq!(placed, sent, "samples and gaps, {minutes} min by {by:?}");
            if by.is_some() {
                let groups = answer.groups.iter().fold((0, 0), |sum, group| {
                    let own = packets(&group.total);
                    (sum.0 + own.0, sum.1 + own.1)
                });
                assert_eq!(groups, sent, "groups, {minutes} min by {by:?}");
            }
        }
    }
    for source in &prober.sources {
        let scope = Scope {
            workloads: vec![source.key.workload.clone()],
            direction: Some(source.key.direction),
            ..Scope::default()
        };
        let answer = ask(ledger, 10 * MINUTE, None, scope);
        let (passed, stopped) = packets(&answer.total);
        assert_eq!(passed + stopped, source.sent, "{}", source.key.workload);
    }
    let policies = vec!["NetworkPolicy/a/p".to_owned()];
    let of_policy = Scope { policies, ..Scope::default() };
    let rules = ask(ledger, 10 * MINUTE, Some(By::Rule), of_policy);
    assert_eq!(rules.groups.len(), 2);
    assert_eq!(rules.groups[0].total.forwarded.packets, prober.sources[0].sent);
    assert_eq!(rules.groups[1].total.forwarded.packets, prober.sources[3].sent);
}

/// The sides of workloads as the list of workloads asks for them.
fn sides(ledger: &mut Ledger, since: u64, until: u64) -> Vec<(String, u64)> {
    let by = Some(By::Side);
    let series = Series::SumsAlone;
    let question =
        Question { since, until, step: until - since, by, series, ..Question::default() };
    let answer = ledger.answer(&question).unwrap();
    let mut sides: Vec<_> = answer
        .groups
        .iter()
        .map(|group| (group.name.clone(), packets(&group.total).0 + packets(&group.total).1))
        .collect();
    sides.sort();
    sides
}

#[test]
fn the_numbers_are_those_of_whoever_sent_at_every_grain_and_over_restarts() {
    let scratch = Scratch::new("grains");
    let mut prober = Prober::new(START);
    for _ in 0..3 {
        let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
        assert_eq!((ledger.trouble(), ledger.damage()), (None, None));
        prober.run(&mut ledger, 25);
        // Killed: what was read since the last bucket is in the kernel still.
        prober.beat(&mut ledger, 1_000);
        drop(ledger);
        prober.send();
        prober.time += 3 * MINUTE;
    }
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    prober.read(&mut ledger);
    check(&mut ledger, &prober);
    let gaps = ask(&mut ledger, MINUTE, None, Scope::default()).gaps;
    assert_eq!(gaps.len(), 3, "each time nobody read is a gap: {gaps:?}");
    assert!(gaps.iter().all(|gap| gap.end - gap.start >= 3 * MINUTE));
    let sent = |at: usize| prober.sources[at].sent;
    let wanted = [("a/x egress", 1), ("a/x ingress", 0), ("a/y ingress", 2), ("b/z ingress", 3)];
    let wanted = wanted.map(|(name, at)| (name.to_owned(), sent(at)));
    assert_eq!(sides(&mut ledger, START - 100 * MINUTE, START + 200 * MINUTE), wanted);
}

#[test]
fn a_window_has_what_passed_in_it_and_no_more() {
    let scratch = Scratch::new("window");
    let mut prober = Prober::new(START);
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    prober.run(&mut ledger, 30);
    let (since, until) = (START + 7 * MINUTE, START + 23 * MINUTE);
    // Twelve readings a minute, five packets each.
    assert_eq!(sides(&mut ledger, since, until)[0], ("a/x egress".into(), 16 * 12 * 5));
    let question = Question { since, until, step: 10_000, ..Question::default() };
    let answer = ledger.answer(&question).unwrap();
    assert_eq!(answer.samples.len(), 16 * 6);
    assert_eq!((answer.samples[0].start, answer.samples[95].end), (since, until));
    assert_eq!(packets(&answer.total).0, 16 * 12 * 10);
}

#[test]
fn a_crash_between_the_archive_and_the_ledger_doubles_nothing() {
    let scratch = Scratch::new("between");
    let mut prober = Prober::new(START);
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    prober.run(&mut ledger, 9);
    drop(ledger);
    let copy = scratch.path().join("before");
    fs::copy(scratch.file(), &copy).unwrap();
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    drop(std::mem::replace(&mut ledger, Ledger::memory(Bounds::default())));
    // The archive has the tail; the ledger is as it was before it knew.
    fs::copy(&copy, scratch.file()).unwrap();
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    prober.beat(&mut ledger, 5_000);
    check(&mut ledger, &prober);
}

#[test]
fn a_damaged_file_costs_its_time_and_is_said_so() {
    let scratch = Scratch::new("damaged");
    let mut prober = Prober::new(START);
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    prober.run(&mut ledger, 30);
    drop(ledger);
    let history = scratch.path().join("history");
    let file = history.join(format!("1m-{START}.sqlite"));
    assert!(file.exists());
    fs::write(&file, vec![7; 20_000]).unwrap();
    let _ = fs::remove_file(history.join(format!("1m-{START}.sqlite-wal")));
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    prober.beat(&mut ledger, 5_000);
    let (since, until) = (START, START + DAY);
    let ask = |ledger: &mut Ledger, step| {
        let question = Question { since, until, step, ..Question::default() };
        ledger.answer(&question).unwrap().total.forwarded.packets
    };
    assert!(ask(&mut ledger, MINUTE) < prober.sent().0);
    assert!(ledger.damage().is_some_and(|why| why.contains(".damaged")), "{:?}", ledger.damage());
    assert_eq!(ask(&mut ledger, 10 * MINUTE), prober.sent().0, "the others have it");
    prober.run(&mut ledger, 12);
    assert_eq!(ledger.trouble(), None, "and it goes on");
}

#[test]
fn a_ledger_that_is_deleted_while_running_is_made_anew_and_doubles_nothing() {
    let scratch = Scratch::new("deleted");
    let mut prober = Prober::new(START);
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    prober.run(&mut ledger, 15);
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{end}", scratch.file().display()));
    }
    prober.run(&mut ledger, 3);
    assert!(ledger.damage().is_some_and(|why| why.contains("taken away")));
    check(&mut ledger, &prober);
    drop(ledger);
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    prober.beat(&mut ledger, 5_000);
    check(&mut ledger, &prober);
}

#[test]
fn a_clock_that_is_set_back_a_day_loses_nothing() {
    let scratch = Scratch::new("clock");
    let mut prober = Prober::new(START + DAY);
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    prober.run(&mut ledger, 25);
    prober.beat(&mut ledger, -(DAY as i64));
    prober.run(&mut ledger, 25);
    check(&mut ledger, &prober);
    drop(ledger);
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    prober.beat(&mut ledger, 5_000);
    check(&mut ledger, &prober);
}

/// How many files begin at the test's start.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().filter_map(Result::ok);
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name.contains(&format!("-{START}.sqlite"))).count()
}

#[test]
fn what_is_too_old_goes_with_its_file() {
    let scratch = Scratch::new("old");
    let mut prober = Prober::new(START);
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    prober.run(&mut ledger, 25);
    let history = scratch.path().join("history");
    assert!(files(&history) >= 3);
    prober.time += 120 * DAY;
    prober.run(&mut ledger, 1);
    assert_eq!(files(&history), 0, "all of it is older than ninety days");
}

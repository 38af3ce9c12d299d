//! Counters: absolute values in, exact sums out, whoever restarts in between.

use crate::scratch::Scratch;
use podwall_ledger::{Bounds, Key, Ledger, Question, Reading, RuleName};
use podwall_model::{Direction, Reason, Verdict};

fn key(workload: &str, verdict: Verdict, rule: Option<u64>) -> Key {
    Key {
        node: "n".into(),
        workload: workload.into(),
        direction: Direction::Ingress,
        verdict,
        reason: if verdict.passed() { Reason::None } else { Reason::DefaultDeny },
        rule: rule.map(|content| RuleName {
            policy: "NetworkPolicy/a/p".into(),
            rule: "NetworkPolicy/a/p#ingress[0]".into(),
            content,
        }),
    }
}

fn reading(time: u64, counters: &[(Key, u64)]) -> Reading {
    let counters = counters.iter().map(|(key, packets)| (key.clone(), *packets, packets * 100));
    Reading { node: "n".into(), time, fresh: false, counters: counters.collect() }
}

/// All packets and bytes that are counted, over all keys.
fn sums(ledger: &Ledger) -> (u64, u64) {
    ledger.counters().fold((0, 0), |sum, (_, count)| (sum.0 + count.packets, sum.1 + count.bytes))
}

#[test]
fn a_sample_is_what_was_added_since_the_last_reading() {
    let mut ledger = Ledger::memory(Bounds::default());
    let passed = key("a/x", Verdict::Forwarded, Some(1));
    let dropped = key("b/y", Verdict::Dropped, None);
    ledger.read(&reading(1_000, &[(passed.clone(), 5)]));
    let sample = ledger.read(&reading(2_000, &[(passed, 8), (dropped, 2)]));
    assert_eq!((sample.start, sample.end), (1_000, 2_000));
    assert_eq!((sample.sums.forwarded.packets, sample.sums.forwarded.bytes), (3, 300));
    assert_eq!(sample.sums.dropped.packets, 2);
    let window = ledger.window(0, 2_000, 1_000).unwrap();
    assert_eq!(window.samples.len(), 2);
    assert_eq!(window.total.forwarded.packets, 8);
    assert_eq!(window.namespaces["b"].1[0].dropped.packets, 0);
    assert_eq!(window.namespaces["b"].1[1].dropped.packets, 2);
}

#[test]
fn a_workload_that_comes_back_counts_from_its_sum_on() {
    let mut ledger = Ledger::memory(Bounds::default());
    let passed = key("a/x", Verdict::Forwarded, Some(1));
    ledger.read(&reading(1_000, &[(passed.clone(), 5)]));
    ledger.read(&reading(2_000, &[]));
    ledger.read(&reading(3_000, &[(passed, 7)]));
    assert_eq!(sums(&ledger), (12, 1_200), "its counter had begun anew");
}

#[test]
fn a_restart_neither_loses_nor_doubles() {
    let scratch = Scratch::new("restart");
    let counter = key("a/x", Verdict::WouldDrop, Some(u64::MAX));
    {
        let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
        ledger.read(&reading(1_000, &[(counter.clone(), 10)]));
        ledger.settle(1_000);
        // Read, and never settled: the kernel still has it.
        ledger.read(&reading(2_000, &[(counter.clone(), 15)]));
    }
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    assert_eq!(ledger.trouble(), None);
    let sample = ledger.read(&reading(60_000, &[(counter, 17)]));
    assert_eq!(sample.sums.would_drop.packets, 7);
    assert_eq!((sample.start, sample.end), (1_000, 60_000));
    assert_eq!(sums(&ledger), (17, 1_700));
    assert!(!ledger.has_seconds(0), "what an earlier run read is in the history alone");
    let question = Question { until: 60_000, step: 10_000, ..Question::default() };
    let answer = ledger.answer(&question).unwrap();
    assert_eq!(answer.total.would_drop.packets, 17, "the sum has what the gap holds");
    assert_eq!(answer.samples.len(), 1, "nobody knows when in the gap: {:?}", answer.samples);
    let window = ledger.window(1_000, 60_000, 1_000).unwrap();
    assert_eq!((window.samples.len(), window.gaps.len()), (0, 1));
    assert_eq!(window.gaps[0].sums.would_drop.packets, 7);
}

#[test]
fn a_kernel_that_begins_anew_is_added_to_what_was() {
    let mut ledger = Ledger::memory(Bounds::default());
    let counter = key("a/x", Verdict::Forwarded, None);
    ledger.read(&reading(1_000, &[(counter.clone(), 10)]));
    let fresh = Reading { fresh: true, ..reading(2_000, &[(counter.clone(), 12)]) };
    assert_eq!(ledger.read(&fresh).sums.forwarded.packets, 12);
    assert_eq!(sums(&ledger), (22, 2_200));
    // One that went back without telling began anew as well.
    ledger.read(&reading(3_000, &[(counter, 4)]));
    assert_eq!(sums(&ledger).0, 26);
}

#[test]
fn a_rule_with_another_content_is_another_counter() {
    let mut ledger = Ledger::memory(Bounds::default());
    let (old, new) =
        (key("a/x", Verdict::Forwarded, Some(1)), key("a/x", Verdict::Forwarded, Some(2)));
    ledger.read(&reading(1_000, &[(old.clone(), 10), (new.clone(), 1)]));
    ledger.read(&reading(2_000, &[(old, 10), (new, 3)]));
    assert_eq!(sums(&ledger).0, 13);
}

#[test]
fn a_second_in_which_nothing_moved_is_known_and_no_gap() {
    let mut ledger = Ledger::memory(Bounds::default());
    ledger.read(&reading(1_000, &[]));
    ledger.read(&reading(2_000, &[]));
    ledger.read(&reading(60_000, &[]));
    let window = ledger.window(0, 60_000, 1_000).unwrap();
    let starts: Vec<u64> = window.samples.iter().map(|sample| sample.start).collect();
    assert_eq!(starts, [0, 1_000], "what nobody read is no zero");
}

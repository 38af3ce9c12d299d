//! Edges and pairs: sums of flows that are the same at every grain, over restarts and clocks that
//! go back, bounded, with what is beyond counted.

use crate::scratch::Scratch;
use podwall_ledger::{Bounds, EdgeQuestion, Edges, Filter, Ledger, Party, Record};
use podwall_model::{Direction, Protocol, Verdict};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const START: u64 = 20_000 * DAY;

fn record(time: u64, port: u16, verdict: Verdict) -> Record {
    let workload = |name: &str| Party {
        workload: Some(name.into()),
        address: "10.0.0.5".into(),
        names: vec![],
    };
    Record {
        time,
        verdict,
        direction: Direction::Egress,
        workload: "shop/web".into(),
        source: workload("shop/web"),
        destination: workload("data/db"),
        protocol: Protocol::TCP,
        port,
        policy: Some("NetworkPolicy/shop/web".into()),
        count: 2,
        body: "{}".into(),
    }
}

fn edges(ledger: &Ledger, since: u64, until: u64) -> Edges {
    let question = EdgeQuestion { since, until, ..EdgeQuestion::default() };
    ledger.edges(&question).unwrap()
}

/// Port, count, first and last of each edge, by port.
fn told(ledger: &Ledger, since: u64, until: u64) -> Vec<(u16, u64, u64, u64)> {
    let found = edges(ledger, since, until).edges.into_iter();
    let mut told: Vec<_> = found.map(|e| (e.port, e.count, e.first, e.last)).collect();
    told.sort_unstable();
    told
}

#[test]
fn sums_are_the_same_by_the_minute_the_hour_and_the_day_and_after_a_restart() {
    let scratch = Scratch::new("edge-grains");
    let mut ledger = Ledger::open(&scratch.file(), Bounds { flows: 10, ..Bounds::default() });
    // One each ten minutes for ten days, and one that is stopped each day.
    let times: Vec<u64> = (0..10 * 144).map(|at| START + at * 10 * MINUTE).collect();
    for time in &times {
        ledger.append(&[record(*time, 80, Verdict::Forwarded)]);
        if time % DAY == 0 {
            ledger.append(&[record(time + 5, 22, Verdict::WouldDrop)]);
        }
        ledger.settle(*time);
    }
    let check = |ledger: &Ledger| {
        let last = times[times.len() - 1];
        let all = [(22, 20, START + 5, START + 9 * DAY + 5), (80, 2 * 1_440, START, last)];
        assert_eq!(told(ledger, START - DAY, START + 20 * DAY), all, "the whole");
        // Of the last hours to the minute, of the last week to the hour, before that to the day.
        for (since, until) in [
            (last - 90 * MINUTE, last - 30 * MINUTE),
            (START + 7 * DAY + 3 * HOUR, START + 8 * DAY + 5 * HOUR - 1),
            (START + DAY, START + 3 * DAY - 1),
        ] {
            let within: Vec<_> = times.iter().filter(|t| (since..=until).contains(t)).collect();
            let (_, count, first, end) =
                *told(ledger, since, until).iter().find(|edge| edge.0 == 80).unwrap();
            assert_eq!(count, 2 * within.len() as u64, "{since} to {until}");
            assert_eq!((first, end), (*within[0], *within[within.len() - 1]));
        }
    };
    check(&ledger);
    let pairs = ledger.pairs(START, START + 20 * DAY).unwrap();
    assert_eq!(pairs.iter().map(|pair| (pair.port, pair.count)).collect::<Vec<_>>(), [(22, 20)]);
    drop(ledger);
    let ledger = Ledger::open(&scratch.file(), Bounds::default());
    assert_eq!((ledger.trouble(), ledger.damage()), (None, None));
    check(&ledger);
}

#[test]
fn flows_that_passed_are_bounded_and_stay_in_the_sums() {
    let scratch = Scratch::new("edge-bound");
    let bounds = Bounds { flows: 10, ..Bounds::default() };
    let mut ledger = Ledger::open(&scratch.file(), bounds);
    ledger.append(&[record(START, 22, Verdict::Dropped)]);
    for second in 0..50 {
        ledger.append(&[record(START + second * 1_000, 80, Verdict::Forwarded)]);
        ledger.settle(START + second * 1_000);
    }
    let found = ledger.flows(&Filter::default()).unwrap();
    assert_eq!(found.entries.len(), 11, "ten that passed, and the one that was stopped");
    assert_eq!(found.passed_from, Some(START + 40_000), "what is older is in the sums alone");
    assert_eq!(told(&ledger, START, START + HOUR)[1].1, 100);
    let stopped = Filter { verdicts: vec![Verdict::Dropped], ..Filter::default() };
    assert_eq!(ledger.flows(&stopped).unwrap().entries.len(), 1);
}

#[test]
fn a_clock_that_is_set_back_loses_no_flow_and_doubles_none() {
    let scratch = Scratch::new("edge-clock");
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    let mut sent = 0;
    let mut run = |ledger: &mut Ledger, start: u64| {
        for at in 0..200 {
            let time = start + at * MINUTE;
            ledger.append(&[record(time, 80, Verdict::Forwarded)]);
            ledger.settle(time);
            sent += 2;
        }
    };
    run(&mut ledger, START + 2 * DAY);
    run(&mut ledger, START + DAY + HOUR);
    run(&mut ledger, START + 4 * DAY);
    assert_eq!(told(&ledger, START, START + 9 * DAY)[0].1, sent);
    drop(ledger);
    let ledger = Ledger::open(&scratch.file(), Bounds::default());
    assert_eq!(told(&ledger, START, START + 9 * DAY)[0].1, sent);
}

#[test]
fn a_sweep_fills_its_own_share_and_what_is_beyond_is_counted() {
    let mut ledger = Ledger::memory(Bounds::default());
    let sweep: Vec<Record> =
        (1..=6_000).map(|port| record(START, port, Verdict::Dropped)).collect();
    ledger.append(&sweep);
    let other = Record { workload: "shop/cart".into(), ..record(START, 80, Verdict::Forwarded) };
    ledger.append(&[other]);
    let found = edges(&ledger, START, START + MINUTE);
    assert_eq!(found.edges.len(), 5_001, "the share of one workload, and the other one");
    assert_eq!(found.unnamed, 2_000, "events of a thousand ports more");
}

#[test]
fn a_pair_is_new_if_it_was_never_seen_before_at_either_end_on_that_port() {
    let mut ledger = Ledger::memory(Bounds::default());
    let yesterday = START + 9 * DAY;
    assert_eq!(ledger.new_pairs(yesterday, START + 10 * DAY).unwrap().known_from, None);
    let ingress = |time, port, verdict| Record {
        direction: Direction::Ingress,
        workload: "data/db".into(),
        ..record(time, port, verdict)
    };
    ledger.append(&[
        record(START, 80, Verdict::Forwarded),
        record(yesterday + 5, 80, Verdict::Dropped),
        ingress(yesterday + 7, 80, Verdict::Forwarded),
    ]);
    assert_eq!(ledger.new_pairs(yesterday, START + 10 * DAY).unwrap().pairs, []);
    ledger.append(&[
        record(yesterday + 10, 5432, Verdict::Forwarded),
        ingress(yesterday + 11, 5432, Verdict::WouldDrop),
        record(yesterday + HOUR, 9000, Verdict::Forwarded),
        record(yesterday + 2 * HOUR, 9000, Verdict::Forwarded),
    ]);
    ledger.settle(yesterday + 3 * HOUR);
    let found = ledger.new_pairs(yesterday, START + 10 * DAY).unwrap();
    let told = found.pairs.iter().map(|pair| (pair.port, pair.verdict, pair.count, pair.first));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (5432, Verdict::WouldDrop, 2, yesterday + 10),
            (9000, Verdict::Forwarded, 4, yesterday + HOUR),
        ]
    );
    assert_eq!((found.left_out, found.known_from), (0, Some(START)));
    // Where nothing is known of the time before, nobody knows what is new.
    let found = ledger.new_pairs(START, START + 10 * DAY).unwrap();
    assert_eq!((found.pairs, found.known_from), (vec![], Some(START)));
}

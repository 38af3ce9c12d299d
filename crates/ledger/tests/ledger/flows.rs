//! Flows: appended, found by filters, paged, kept within bounds, and held when the disk is full.

use std::fs;

use crate::scratch::Scratch;
use podwall_ledger::{Bounds, Filter, Ledger, Party, Pattern, Record};
use podwall_model::{Direction, Protocol, Verdict};

fn record(time: u64) -> Record {
    Record {
        time,
        verdict: Verdict::WouldDrop,
        direction: Direction::Egress,
        workload: "shop/web-1".into(),
        source: Party {
            workload: Some("shop/web-1".into()),
            address: "10.0.0.5".into(),
            names: vec![],
        },
        destination: Party {
            workload: None,
            address: "198.51.100.7".into(),
            names: vec!["api.example.com".into()],
        },
        protocol: Protocol::TCP,
        port: 443,
        policy: Some("CiliumNetworkPolicy/shop/egress".into()),
        count: 1,
        body: format!("body of {time}"),
    }
}

fn bodies(ledger: &Ledger, filter: &Filter) -> Vec<String> {
    ledger.flows(filter).unwrap().entries.into_iter().map(|entry| entry.body).collect()
}

#[test]
fn flows_come_newest_first_and_page_by_page() {
    let mut ledger = Ledger::memory(Bounds::default());
    assert_eq!(ledger.append(&[record(1), record(2), record(3)]), 1);
    let first = ledger.flows(&Filter { limit: 2, ..Filter::default() }).unwrap();
    assert_eq!(first.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 2]);
    let next = Filter { limit: 2, before: first.next, ..Filter::default() };
    assert_eq!(bodies(&ledger, &next), ["body of 1"]);
    assert_eq!(ledger.flows(&next).unwrap().next, None);
    assert_eq!(bodies(&ledger, &Filter { after: Some(2), ..Filter::default() }), ["body of 3"]);
}

#[test]
fn each_word_of_a_filter_counts() {
    let record = record(1_000);
    let pattern = |text: &str| vec![Pattern::parse(text)];
    let some: [(&str, Filter); 16] = [
        ("all", Filter::default()),
        ("verdict", Filter { verdicts: vec![Verdict::WouldDrop], ..Filter::default() }),
        ("workload", Filter { from: pattern("shop/web-1"), ..Filter::default() }),
        ("its beginning", Filter { from: pattern("shop/we"), ..Filter::default() }),
        ("namespace of it", Filter { from: pattern("shop/"), ..Filter::default() }),
        ("any namespace", Filter { from: pattern("/web"), ..Filter::default() }),
        ("name alone", Filter { from: pattern("web"), ..Filter::default() }),
        ("address", Filter { to: pattern("198.51.100.7"), ..Filter::default() }),
        ("dns name", Filter { to: pattern("api.example.com"), ..Filter::default() }),
        ("namespace", Filter { namespaces: vec!["shop".into()], ..Filter::default() }),
        ("port", Filter { ports: vec![53, 443], ..Filter::default() }),
        ("protocol", Filter { protocols: vec![Protocol::TCP], ..Filter::default() }),
        ("policy", Filter { policies: vec!["shop/egress".into()], ..Filter::default() }),
        ("direction", Filter { direction: Some(Direction::Egress), ..Filter::default() }),
        ("since", Filter { since: Some(1_000), ..Filter::default() }),
        ("until", Filter { until: Some(1_000), ..Filter::default() }),
    ];
    for (word, filter) in some {
        assert!(filter.matches(&record), "{word}");
    }
    let none: [(&str, Filter); 12] = [
        ("verdict", Filter { verdicts: vec![Verdict::Dropped], ..Filter::default() }),
        ("another workload", Filter { from: pattern("shop/db"), ..Filter::default() }),
        ("another namespace", Filter { from: pattern("pay/web-1"), ..Filter::default() }),
        ("the other end", Filter { to: pattern("shop/web-1"), ..Filter::default() }),
        ("another address", Filter { to: pattern("198.51.100.8"), ..Filter::default() }),
        ("namespace", Filter { namespaces: vec!["sho".into()], ..Filter::default() }),
        ("port", Filter { ports: vec![80], ..Filter::default() }),
        ("protocol", Filter { protocols: vec![Protocol::UDP], ..Filter::default() }),
        ("part of a policy", Filter { policies: vec!["gress".into()], ..Filter::default() }),
        ("direction", Filter { direction: Some(Direction::Ingress), ..Filter::default() }),
        ("since", Filter { since: Some(1_001), ..Filter::default() }),
        ("until", Filter { until: Some(999), ..Filter::default() }),
    ];
    for (word, filter) in none {
        assert!(!filter.matches(&record), "{word}");
    }
}

#[test]
fn what_has_settled_is_there_after_a_restart_and_numbers_go_on() {
    let scratch = Scratch::new("kept");
    {
        let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
        ledger.append(&[record(1), record(2)]);
        ledger.settle(10);
        assert_eq!(ledger.trouble(), None);
    }
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    assert_eq!(ledger.append(&[record(3)]), 3);
    let found = ledger.flows(&Filter::default()).unwrap().entries;
    assert_eq!(found.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 2, 1]);
}

#[test]
fn no_more_are_kept_than_the_bound_says() {
    let scratch = Scratch::new("bound");
    let mut ledger = Ledger::open(&scratch.file(), Bounds { stopped: 10, ..Bounds::default() });
    for time in 0..35 {
        ledger.append(&[record(time)]);
        ledger.settle(time);
    }
    assert_eq!(bodies(&ledger, &Filter::default()).len(), 10);
    assert_eq!(bodies(&ledger, &Filter::default())[0], "body of 34");
}

#[test]
fn pairs_are_counted_by_what_stopped_them() {
    let mut ledger = Ledger::memory(Bounds::default());
    let passed = Record { verdict: Verdict::Forwarded, ..record(3) };
    ledger.append(&[record(1), Record { count: 4, ..record(2) }, passed]);
    let pairs = ledger.window(0, 10, 1).unwrap().pairs;
    assert_eq!(pairs.len(), 1);
    assert_eq!((pairs[0].count, pairs[0].first, pairs[0].last), (5, 1, 2));
    assert_eq!(pairs[0].source, "shop/web-1");
    assert_eq!(pairs[0].destination, "api.example.com");
    assert_eq!(pairs[0].policy.as_deref(), Some("CiliumNetworkPolicy/shop/egress"));
}

#[test]
fn losses_are_told_for_their_time() {
    let mut ledger = Ledger::memory(Bounds::default());
    ledger.lose(100, 7);
    ledger.lose(200, 1);
    assert_eq!(ledger.lost(0, 150).unwrap(), 7);
    assert_eq!(ledger.lost(0, 200).unwrap(), 8);
}

#[test]
fn a_full_disk_costs_history_and_nothing_else_and_mends_by_itself() {
    let scratch = Scratch::small("full", 512);
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    ledger.append(&[record(1)]);
    ledger.settle(1);
    assert_eq!(ledger.trouble(), None);
    let ballast = scratch.path().join("ballast");
    while fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&ballast)
        .and_then(|mut file| std::io::Write::write_all(&mut file, &[0; 4096]))
        .is_ok()
    {}
    let long = Record { body: "x".repeat(20_000), ..record(2) };
    ledger.append(&[long.clone(), long.clone(), long]);
    ledger.settle(2);
    assert!(ledger.trouble().is_some_and(|why| why.contains("full")), "{:?}", ledger.trouble());
    assert_eq!(bodies(&ledger, &Filter::default()).len(), 4, "held in memory, old ones on disk");
    fs::remove_file(&ballast).unwrap();
    ledger.settle(3);
    assert_eq!(ledger.trouble(), None);
    drop(ledger);
    let ledger = Ledger::open(&scratch.file(), Bounds::default());
    assert_eq!(bodies(&ledger, &Filter::default()).len(), 4);
}

#[test]
fn a_file_that_is_no_ledger_is_left_alone_and_said_so() {
    let scratch = Scratch::new("odd");
    fs::write(scratch.file(), "not a database, but somebody's".repeat(100)).unwrap();
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    assert!(ledger.trouble().is_some());
    ledger.append(&[record(1)]);
    ledger.settle(1);
    assert_eq!(bodies(&ledger, &Filter::default()), ["body of 1"]);
    assert!(ledger.trouble().is_some(), "it goes on being said");
    assert!(fs::read_to_string(scratch.file()).unwrap().starts_with("not a database"));
}

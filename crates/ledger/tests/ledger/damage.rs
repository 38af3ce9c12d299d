//! Files that are damaged, and a disk that is full where the history lies: said so, and it goes on.

use std::fs;
use std::io::{Seek, Write};
use std::path::Path;

use crate::scratch::Scratch;
use podwall_ledger::{Bounds, Filter, Key, Ledger, Party, Question, Reading, Record};
use podwall_model::{Direction, Protocol, Reason, Verdict};

const START: u64 = 2_000 * 86_400_000;

fn record(time: u64) -> Record {
    Record {
        time,
        verdict: Verdict::Dropped,
        direction: Direction::Ingress,
        workload: "data/db".into(),
        source: Party { workload: None, address: "192.0.2.7".into(), names: vec![] },
        destination: Party {
            workload: Some("data/db".into()),
            address: "10.0.0.6".into(),
            names: vec![],
        },
        protocol: Protocol::TCP,
        port: 22,
        policy: None,
        count: 1,
        body: "b".repeat(900),
    }
}

/// Reads a counter that stands at so many packets.
fn read(ledger: &mut Ledger, time: u64, packets: u64) {
    let key = Key {
        node: "n".into(),
        workload: "data/db".into(),
        direction: Direction::Ingress,
        verdict: Verdict::Dropped,
        reason: Reason::DefaultDeny,
        rule: None,
    };
    let counters = vec![(key, packets, packets * 60)];
    ledger.read(&Reading { node: "n".into(), time, fresh: false, counters });
}

fn dropped(ledger: &mut Ledger) -> u64 {
    let question = Question {
        since: START - 86_400_000,
        until: START + 86_400_000,
        step: 600_000,
        ..Question::default()
    };
    ledger.answer(&question).unwrap().total.dropped.packets
}

/// Writes nonsense over all pages of a database but the first.
fn damage(path: &Path) {
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    assert!(length > 8_192, "there is something to damage");
    file.seek(std::io::SeekFrom::Start(4_096)).unwrap();
    file.write_all(&vec![0x5a; usize::try_from(length - 4_096).unwrap()]).unwrap();
}

#[test]
fn a_ledger_that_is_damaged_at_the_start_is_moved_aside_and_said_so() {
    let scratch = Scratch::new("damaged-start");
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    (0..50).for_each(|time| {
        ledger.append(&[record(START + time)]);
    });
    ledger.settle(START);
    drop(ledger);
    damage(&scratch.file());
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    assert_eq!(ledger.trouble(), None);
    assert!(ledger.damage().is_some_and(|why| why.contains("ledger.sqlite.damaged")));
    assert!(scratch.path().join("ledger.sqlite.damaged").exists());
    ledger.append(&[record(START)]);
    ledger.settle(START);
    drop(ledger);
    let ledger = Ledger::open(&scratch.file(), Bounds::default());
    assert_eq!(ledger.damage(), None, "it is said once");
    assert_eq!(ledger.flows(&Filter::default()).unwrap().entries.len(), 1);
}

#[test]
fn a_ledger_that_is_damaged_while_running_is_replaced_and_doubles_nothing() {
    let scratch = Scratch::new("damaged-run");
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    let records: Vec<Record> = (0..3_000).map(|at| record(START + at)).collect();
    ledger.append(&records);
    for second in 0..100 {
        read(&mut ledger, START + second * 1_000, second);
    }
    ledger.settle(START + 100_000);
    drop(ledger);
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    damage(&scratch.file());
    for second in 100..400 {
        ledger.append(&[record(START + second * 1_000)]);
        read(&mut ledger, START + second * 1_000, second);
        ledger.settle(START + second * 1_000);
    }
    assert_eq!(ledger.trouble(), None, "it goes on");
    assert!(ledger.damage().is_some_and(|why| why.contains("damaged")), "{:?}", ledger.damage());
    assert_eq!(dropped(&mut ledger), 399);
    drop(ledger);
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    assert_eq!(ledger.trouble(), None);
    read(&mut ledger, START + 401_000, 410);
    assert_eq!(dropped(&mut ledger), 410, "nothing twice after a restart");
}

/// Fills a disk.
fn fill(ballast: &Path) {
    let mut file = fs::File::create(ballast).unwrap();
    while file.write_all(&[0; 4_096]).is_ok() {}
}

#[test]
fn a_disk_that_is_full_for_the_history_alone_is_said_so_and_made_up_for() {
    let scratch = Scratch::new("full-history");
    let disk = Scratch::small("full-history-disk", 2_048);
    std::os::unix::fs::symlink(disk.path(), scratch.path().join("history")).unwrap();
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    let mut packets = 0;
    let mut run = |ledger: &mut Ledger, from: u64, to: u64| {
        for at in from..to {
            packets += 3;
            read(ledger, START + at * 5_000, packets);
            ledger.settle(START + at * 5_000);
        }
        packets
    };
    run(&mut ledger, 0, 150);
    assert_eq!(ledger.trouble(), None);
    let ballast = disk.path().join("ballast");
    fill(&ballast);
    run(&mut ledger, 150, 2_000);
    assert!(ledger.trouble().is_some_and(|why| why.contains("full")), "{:?}", ledger.trouble());
    ledger.append(&[record(START)]);
    ledger.settle(START + 2_000 * 5_000);
    assert_eq!(ledger.flows(&Filter::default()).unwrap().entries.len(), 1, "flows are kept");
    fs::remove_file(&ballast).unwrap();
    let sent = run(&mut ledger, 2_000, 2_200);
    assert_eq!(ledger.trouble(), None);
    assert_eq!(dropped(&mut ledger), sent);
    drop(ledger);
    let mut ledger = Ledger::open(&scratch.file(), Bounds::default());
    assert_eq!(dropped(&mut ledger), sent, "and all of it is on disk");
}

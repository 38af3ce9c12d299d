//! The soak: the demo for a long time, its modes switched and its agent killed again and again. The
//! application loses nothing, and the run holds no more at its end than when it was warm.

use std::fs;
use std::time::{Duration, Instant};

use crate::run::{Place, Run, signal, until};
use crate::story::{CLIENTS, lines, now};

/// How long it lasts unless `PODWALL_SOAK_SECONDS` says otherwise.
const LENGTH: Duration = Duration::from_secs(600);
/// Between two switches; every third one is followed by a kill of the agent.
const ROUND: Duration = Duration::from_secs(10);
/// What a run may hold more at its end than when it was warm: SQLite's caches fill for a while.
const GROWTH_KIB: u64 = 32 * 1024;
/// Descriptors that come and go with clients.
const DESCRIPTORS: usize = 8;

#[test]
#[ignore = "ten minutes: `./dev slow` runs it"]
fn a_long_run_with_switches_and_kills_loses_nothing_and_does_not_grow() {
    let length = std::env::var("PODWALL_SOAK_SECONDS")
        .map_or(LENGTH, |text| Duration::from_secs(text.parse().unwrap()));
    let place = Place::new("soak");
    let mut run = Run::start(&place, place.command(&["up", "--demo", "--listen", "127.0.0.1:0"]));
    run.ready();
    let began = Instant::now();
    let first_line = now();
    let mut warm = None;
    let mut kills = 0;
    for round in 1.. {
        let next = ROUND * round;
        if next > length {
            break;
        }
        until("the next round", || (began.elapsed() >= next).then_some(()));
        let mode = if round % 2 == 1 { "enforce" } else { "detect" };
        place.say(&["mode", "--global", mode]);
        run.ready();
        if round % 3 == 0 {
            signal("-KILL", agent_of(&place));
            kills += 1;
            until("a new agent holds everything", || place.status().filter(|status| status.ready));
        }
        if warm.is_none() && began.elapsed() >= length / 3 {
            warm = Some(Held::by(run.pid()));
        }
    }
    let (warm, end) = (warm.unwrap(), Held::by(run.pid()));
    println!("{kills} kills, warm {warm:?}, at the end {end:?}");
    assert!(end.memory_kib <= warm.memory_kib + GROWTH_KIB, "{warm:?} became {end:?}");
    assert!(end.descriptors <= warm.descriptors + DESCRIPTORS, "{warm:?} became {end:?}");
    for name in CLIENTS {
        for line in lines(&place, name, first_line) {
            assert_eq!(line["outcome"], "ok", "{name}: {line}");
        }
    }
    let probes = lines(&place, "probe", first_line);
    let gaps = probes.iter().filter(|line| !line["gap"].is_null()).count();
    assert_eq!(gaps, 0, "every numbered probe came in");
    run.interrupt();
}

/// What a process holds.
#[derive(Debug)]
struct Held {
    memory_kib: u64,
    descriptors: usize,
}

impl Held {
    fn by(pid: u32) -> Held {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let memory_kib = resident.trim().trim_end_matches(" kB").parse().unwrap();
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
        Held { memory_kib, descriptors }
    }
}

/// The agent of this place's run, by what it was started with.
fn agent_of(place: &Place) -> u32 {
    let state = place.state();
    let is_agent = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<_> = line.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
        words.iter().any(|word| word == "agent")
            && words.iter().any(|word| word.contains(state.to_str().unwrap()))
    };
    until("there is an agent", || {
        let entries = fs::read_dir("/proc").unwrap().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(is_agent)
    })
}

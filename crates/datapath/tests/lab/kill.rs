//! Killed between any two writes, at any moment: packets never notice, and the next process goes
//! on.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use podwall_datapath::{Datapath, Settings, Wanted};
use podwall_model::{Direction, Protocol};
use podwall_policy::table::{Lane, Table};

use crate::lab::{Lab, rules};
use crate::prober::Prober;

const OPEN: u16 = 7001;
const SHUT: u16 = 7002;

/// What the victim reads to know whose victim it is.
const TASK: &str = "PODWALL_TEST_VICTIM";
/// What the victim says when the datapath is open.
const READY: &str = "ready";

/// Two sets that agree on what the prober sends and differ in rules, lanes and identities.
fn sets(lab: &Lab) -> [Wanted; 2] {
    let [friend, stranger, server] = [0, 1, 2].map(|index| lab.workloads[index].identity);
    let open = rules::open_table();
    let lane = Lane::new(Protocol::UDP, OPEN);
    let table = |name: &str, peers: &[_], lane: Option<Lane>| -> Arc<Table> {
        rules::ingress(rules::only(peers, &rules::rule(name, Direction::Ingress), lane))
    };
    let one = table("one", &[friend], Some(lane));
    let two = table("two", &[friend, server], None);
    let both = table("three", &[friend, stranger], Some(lane));
    let with = |enforce: Arc<Table>, both: Arc<Table>| {
        lab.wanted(&[(open.clone(), open.clone()), (open.clone(), open.clone()), (enforce, both)])
    };
    [with(one.clone(), one), with(two, both)]
}

/// Run by a test in a process of its own it does what its task says; alone it is a test that what
/// the others kill would end well if it were let live.
#[test]
fn a_victim_that_is_let_live_ends_well() {
    let Ok(task) = std::env::var(TASK) else {
        let lab = Lab::new(3);
        let mut datapath = lab.open();
        for wanted in sets(&lab) {
            lab.in_node(|| datapath.apply(&wanted)).expect("it fits");
            assert_eq!(datapath.verify().expect("the kernel can be read"), Vec::<String>::new());
        }
        return;
    };
    let (limit, interfaces) = task.split_once(' ').expect("a limit and the lab");
    let (pins, interfaces) = interfaces.split_once(' ').expect("pins and interfaces");
    let interfaces = interfaces.split(',').map(|number| number.parse().expect("a number"));
    let lab = Lab::elsewhere(interfaces.collect());
    let settings =
        Settings { fail_after_writes: limit.parse().ok(), ..Settings::new(PathBuf::from(pins)) };
    let (mut datapath, adopted) = Datapath::open(&settings).expect("the datapath opens");
    assert!(!adopted.fresh, "the victim adopts");
    let [one, two] = sets(&lab);
    println!("{READY}");
    if settings.fail_after_writes.is_some() {
        datapath.apply(&two).expect("it fits");
        return;
    }
    loop {
        datapath.apply(&two).expect("it fits");
        datapath.apply(&one).expect("it fits");
    }
}

fn victim(lab: &Lab, limit: Option<u64>) -> Child {
    let limit = limit.map_or("none".to_owned(), |limit| limit.to_string());
    let interfaces: Vec<String> =
        lab.workloads.iter().map(|workload| workload.interface.to_string()).collect();
    let pins = lab.settings().pins;
    let task = format!("{limit} {} {}", pins.display(), interfaces.join(","));
    let spawn = || {
        Command::new(std::env::current_exe().expect("this test is a file"))
            .args(["--exact", "--nocapture", "kill::a_victim_that_is_let_live_ends_well"])
            .env(TASK, &task)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    };
    lab.in_node(spawn).expect("a victim can be made")
}

fn wait(mut child: Child) -> ExitStatus {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            return status;
        }
        assert!(Instant::now() < end, "a victim never ended");
        std::thread::yield_now();
    }
}

fn wait_until_ready(child: &mut Child) {
    let mut said = String::new();
    let stdout = child.stdout.as_mut().expect("its words are piped");
    let mut byte = [0];
    while !said.ends_with(READY) {
        assert_eq!(stdout.read(&mut byte).expect("it speaks"), 1, "it ended after `{said}`");
        said.push(char::from(byte[0]));
    }
}

fn start(lab: &Lab) -> Prober {
    let mut datapath = lab.open();
    lab.in_node(|| datapath.apply(&sets(lab)[0])).expect("it fits");
    drop(datapath);
    let [friend, stranger, server] = [0, 1, 2].map(|index| &lab.workloads[index]);
    Prober::start([friend, stranger, server], [OPEN, SHUT])
}

fn assert_unnoticed(prober: Prober) {
    let seen = prober.stop();
    println!("{seen:?}");
    assert_eq!((seen.allowed_lost, seen.denied_arrived), (0, 0), "{seen:?}");
    assert!(seen.allowed_sent > 1000 && seen.denied_sent > 1000, "{seen:?}");
}

#[test]
fn after_each_write_of_a_change_the_next_process_goes_on() {
    let lab = Lab::new(3);
    let prober = start(&lab);
    let [one, two] = sets(&lab);
    let mut killed = 0;
    loop {
        let status = wait(victim(&lab, Some(killed + 1)));
        let mut successor = lab.open();
        assert_eq!(successor.verify().expect("the kernel can be read"), Vec::<String>::new());
        for wanted in [&two, &one] {
            lab.in_node(|| successor.apply(wanted)).expect("it fits");
            let again = lab.in_node(|| successor.apply(wanted)).expect("it fits");
            assert_eq!(again.writes, 0, "applying again writes nothing");
        }
        assert_eq!(successor.verify().expect("the kernel can be read"), Vec::<String>::new());
        if status.success() {
            break;
        }
        assert_eq!(status.signal(), Some(libc::SIGABRT), "a victim aborts: {status:?}");
        killed += 1;
    }
    assert!(killed > 30, "only {killed} writes");
    println!("killed after each of {killed} writes");
    assert_unnoticed(prober);
}

#[test]
fn killed_at_any_moment_nobody_notices() {
    const KILLS: u64 = 100;
    let lab = Lab::new(3);
    let prober = start(&lab);
    for number in 0..KILLS {
        let mut child = victim(&lab, None);
        wait_until_ready(&mut child);
        // A moment that differs each time, spread over a few changes of the set.
        let end = Instant::now() + Duration::from_micros(number * 7919 % 60_000);
        while Instant::now() < end {
            std::thread::yield_now();
        }
        child.kill().expect("it is our child");
        child.wait().expect("it is our child");
    }
    let successor = lab.open();
    assert_eq!(successor.verify().expect("the kernel can be read"), Vec::<String>::new());
    assert_unnoticed(prober);
}

/// The negative control: a link that nobody holds goes with its process, and the prober sees it.
#[test]
fn without_pins_the_prober_notices() {
    let lab = Lab::new(3);
    let prober = start(&lab);
    let links = lab.settings().pins.join("links");
    for entry in std::fs::read_dir(links).expect("there are links") {
        std::fs::remove_file(entry.expect("a link").path()).expect("it can be unpinned");
    }
    // The kernel lets go of a link when it comes to it.
    let end = Instant::now() + Duration::from_secs(30);
    while prober.denied_arrived() == 0 {
        assert!(Instant::now() < end, "{:?}", prober.stop());
        std::thread::yield_now();
    }
    let seen = prober.stop();
    assert!(seen.denied_arrived > 0, "{seen:?}");
}

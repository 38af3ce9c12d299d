//! The demo on a machine of its own, as root: it works, and it leaves nothing behind.
//!
//! Each test runs in fresh network, mount and process namespaces, so that "as it was found" can be
//! compared whole, whatever else the real machine does meanwhile.

#![allow(clippy::unwrap_used)] // functions beside the tests are part of them

mod listing;
mod logs;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use listing::Listing;
use logs::{Log, wait_until};
use podwall_demo::{Demo, Settings, record_in};
use podwall_host::{Namespace, made};

/// Set in the process that runs inside a machine of its own.
const INSIDE: &str = "PODWALL_TEST_MACHINE";

/// Runs `test` in a machine of its own: this binary again, behind `unshare`.
fn in_a_machine(name: &str, test: impl FnOnce(&Path)) {
    if std::env::var_os(INSIDE).is_some() {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "none", "/run"]).status();
        assert!(mounted.unwrap().success());
        let state = PathBuf::from("/run/state");
        fs::create_dir(&state).unwrap();
        return test(&state);
    }
    let status = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(INSIDE, "1")
        .status()
        .expect("these tests need root and the package util-linux");
    assert!(status.success(), "{name}, inside its machine");
}

/// The demo's binary: the example of this crate, which `cargo test` builds beside the tests.
fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.ancestors().nth(2).unwrap().join("examples/demo");
    assert!(path.exists(), "build the example first: cargo build -p podwall-demo --example demo");
    path
}

fn settings(state: &Path, instance: &str) -> Settings {
    Settings { state: state.to_owned(), instance: instance.into(), binary: binary() }
}

#[test]
fn the_application_works_the_intruder_gets_around_and_nothing_stays() {
    in_a_machine("the_application_works_the_intruder_gets_around_and_nothing_stays", |state| {
        let before = Listing::take();
        let demo = Demo::start(&settings(state, "a")).unwrap();
        let log = |name: &str| Log::of(&demo.logs, name);
        for name in ["customers", "web", "cart-1", "cart-2", "orders", "orders-payments", "report"]
        {
            wait_until(Duration::from_secs(20), name, || {
                let log = log(name);
                log.count("v4", "ok") >= 3 && log.count("v6", "ok") >= 3
            });
        }
        for name in ["customers", "web", "cart-1", "cart-2", "orders", "orders-payments", "report"]
        {
            assert_eq!(log(name).outcomes(), BTreeSet::from(["ok".to_owned()]), "{name}");
            log(name).assert_numbered();
        }
        wait_until(Duration::from_secs(60), "probes of both families", || {
            log("probe").last("v4", "received") >= 40 && log("probe").last("v6", "received") >= 40
        });
        assert_eq!(log("probe").gaps(), 0);

        wait_until(Duration::from_secs(15), "two rounds of the intruder", || {
            log("intruder").actions("metadata") >= 2 && log("intruder").actions("node port") >= 2
        });
        let moves = log("intruder");
        let came = |action: &str| moves.outcomes_of(action);
        assert_eq!(came("metadata"), BTreeSet::from(["connected, credentials read".into()]));
        assert_eq!(came("login"), BTreeSet::from(["connected, wrong password".into()]));
        assert_eq!(came("service"), BTreeSet::from(["connected".into()]));
        assert_eq!(came("node port"), BTreeSet::from(["connected".into()]));
        assert_eq!(came("sweep"), BTreeSet::from(["connected".into(), "refused".into()]));

        before.assert_same_network();
        before.assert_more();
        assert_eq!(demo.ended(), Vec::<String>::new());
        assert!(demo.stop().unwrap().left.is_empty());
        before.assert_same();
    });
}

#[test]
fn each_workload_is_found_at_its_own_interface() {
    in_a_machine("each_workload_is_found_at_its_own_interface", |state| {
        let demo = Demo::start(&settings(state, "b")).unwrap();
        let node = Namespace::open(&demo.node_netns).unwrap();
        let outside = podwall_host::Outside::read(&node).unwrap();
        let found: BTreeSet<u32> = demo
            .world
            .workloads
            .iter()
            .map(|workload| demo.attachments[&workload.name].resolve(&outside).unwrap())
            .collect();
        assert_eq!(found.len(), demo.world.workloads.len());
        assert!(demo.world.workloads.len() >= 6);
        let named = |w: &podwall_model::Workload| demo.world.namespace(&w.name.namespace).is_some();
        assert!(demo.world.workloads.iter().all(named));
        for service in &demo.world.services {
            for port in &service.ports {
                assert!(demo.world.backends(service, port).count() >= 2, "{}", service.name);
            }
        }
        demo.stop().unwrap();
    });
}

#[test]
fn what_a_killed_run_left_is_undone_from_its_record() {
    in_a_machine("what_a_killed_run_left_is_undone_from_its_record", |state| {
        let theirs = Theirs::make();
        let before = Listing::take();
        let mut parent = start_example(state, "c");
        let log = || Log::of(&state.join("logs"), "customers");
        wait_until(Duration::from_secs(60), "customers", || log().count("v4", "ok") >= 2);
        parent.kill().unwrap();
        parent.wait().unwrap();
        wait_until(Duration::from_secs(60), "the end of all programs", || {
            listing::processes() == before.processes
        });
        assert!(Path::new("/run/netns/pwc-node").exists());

        assert!(made::undo_leftovers(&record_in(state)).unwrap().left.is_empty());
        before.assert_same();
        assert!(made::undo_leftovers(&record_in(state)).unwrap().undone.is_empty());

        // The same state directory serves the next run, and its policies are still the user's.
        let policy = state.join("policies/20-shop-web.yaml");
        fs::write(&policy, "# mine\n").unwrap();
        Demo::start(&settings(state, "c")).unwrap().stop().unwrap();
        assert_eq!(fs::read_to_string(policy).unwrap(), "# mine\n");
        before.assert_same();
        theirs.assert_whole();
    });
}

#[test]
fn a_run_killed_after_any_step_of_its_start_is_undone() {
    in_a_machine("a_run_killed_after_any_step_of_its_start_is_undone", |state| {
        let before = Listing::take();
        let steps = || fs::read_to_string(record_in(state)).unwrap_or_default().lines().count();
        // One line for the boot, two for the directory, then namespaces and programs.
        for step in 1..=24 {
            let mut parent = Command::new(binary());
            parent.arg(state).arg("k").stdin(Stdio::piped()).stdout(Stdio::null());
            let mut parent = parent.spawn().unwrap();
            wait_until(Duration::from_secs(60), "the step", || steps() >= step);
            parent.kill().unwrap();
            parent.wait().unwrap();
            wait_until(Duration::from_secs(60), "the end of all programs", || {
                listing::processes() == before.processes
            });
            let undone = made::undo_leftovers(&record_in(state)).unwrap();
            assert!(undone.left.is_empty(), "step {step}: {:?}", undone.left);
            before.assert_same();
        }
    });
}

#[test]
fn a_start_that_does_not_succeed_undoes_itself() {
    in_a_machine("a_start_that_does_not_succeed_undoes_itself", |state| {
        let before = Listing::take();
        let broken = Settings { binary: "/bin/false".into(), ..settings(state, "d") };
        let error = format!("{:#}", Demo::start(&broken).unwrap_err());
        assert!(error.contains("everything it had made was undone"), "{error}");
        assert!(error.contains("program ended at once: `metadata`"), "{error}");
        before.assert_same();
    });
}

#[test]
fn a_second_run_of_the_same_name_leaves_the_first_alone() {
    in_a_machine("a_second_run_of_the_same_name_leaves_the_first_alone", |state| {
        let first = Demo::start(&settings(state, "e")).unwrap();
        let running = Listing::take();
        let elsewhere = state.join("second");
        let error = format!("{:#}", Demo::start(&settings(&elsewhere, "e")).unwrap_err());
        assert!(error.contains("namespace exists already: `/run/netns/pwe-node`"), "{error}");
        running.assert_same();
        assert_eq!(first.ended(), Vec::<String>::new());
        first.stop().unwrap();
    });
}

/// What somebody else has on the machine: a namespace beside ours, with a file system.
struct Theirs;

impl Theirs {
    fn make() -> Theirs {
        let made = Command::new("ip").args(["netns", "add", "theirs"]).status().unwrap();
        fs::create_dir("/run/theirs").unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "theirs", "/run/theirs"]).status();
        assert!(made.success() && mounted.unwrap().success());
        fs::write("/run/theirs/file", "").unwrap();
        Theirs
    }

    fn assert_whole(&self) {
        let inside = ["netns", "exec", "theirs", "true"];
        assert!(Command::new("ip").args(inside).status().unwrap().success());
        assert!(Path::new("/run/theirs/file").exists());
    }
}

fn start_example(state: &Path, instance: &str) -> Child {
    let mut child = Command::new(binary())
        .arg(state)
        .arg(instance)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("running in "), "{line}");
    child
}

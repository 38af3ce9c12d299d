//! The demo, from its first packet to the machine as it was found.

use std::fs;

use podwall_wire::rest::Verdict;

use crate::run::{Place, Run, is_mounted_below, processes_with, until};

#[test]
fn the_demo_shows_an_intruder_and_stops_it_when_told_to() {
    let place = Place::new("demo");
    let command = place.command(&["up", "--demo", "--for", "600s", "--listen", "127.0.0.1:0"]);
    let mut run = Run::start(&place, command);
    let status = run.ready();
    assert!(status.coverage.workloads >= 6, "{status:?}");
    assert_eq!(status.policies.enforce, 0, "it ships in detection");
    let page = status.page.unwrap();
    assert!(run.heard().contains(&page), "the address is printed");

    let audit = until("the intruder's attempts are seen", || {
        let flows = place.flows(&["--verdict", "AUDIT"]);
        flows.into_iter().find(|flow| {
            flow.source.workload.as_deref().is_some_and(|name| name.contains("intruder"))
        })
    });
    assert!(audit.policy.is_some(), "with who isolates: {audit:?}");
    assert!(place.flows(&["--verdict", "DROPPED"]).is_empty(), "and nothing is dropped");
    for output in ["compact", "table", "jsonpb"] {
        let said = place.say(&["observe", "--last", "5", "-o", output]);
        assert!(said.lines().count() >= 5, "{output}: {said}");
    }

    place.say(&["mode", "--global", "enforce"]);
    run.ready();
    until("the intruder is stopped", || {
        let flows = place.flows(&["--verdict", "DROPPED"]);
        flows.into_iter().find(|flow| {
            flow.source.workload.as_deref().is_some_and(|name| name.contains("intruder"))
        })
    });
    let dropped = place.flows(&["--verdict", "DROPPED", "--last", "1000"]);
    let intruder = |flow: &podwall_wire::rest::Flow| {
        flow.source.workload.as_deref().is_some_and(|name| name.contains("intruder"))
    };
    let others: Vec<_> = dropped.iter().filter(|flow| !intruder(flow)).collect();
    assert!(others.is_empty(), "the application loses nothing: {others:?}");
    place.say(&["mode", "--global", "detect"]);
    let revision = run.ready().revision;
    // Flows that were on their way when the mode changed are told a moment later.
    until("it passes again", || {
        let newest = place.flows(&["--since", "2s"]);
        let stopped = newest.iter().any(|flow| flow.verdict == Verdict::Dropped);
        (!newest.is_empty() && !stopped).then_some(())
    });
    assert!(revision >= 3);
    run.interrupt();
    assert!(!is_mounted_below(&place.state()), "no mount is left");
    let left = processes_with(&place.state());
    assert!(left.is_empty(), "no process is left: {left:?}");
    assert!(namespaces_of(run.pid()).is_empty(), "no namespace is left");
}

#[test]
fn a_demo_that_is_killed_is_cleaned_up_by_down() {
    let place = Place::new("demokill");
    let mut run = Run::start(&place, place.command(&["up", "--demo", "--listen", "127.0.0.1:0"]));
    run.ready();
    run.kill();
    let said = place.say(&["down"]);
    assert!(said.contains("of a killed run undone"), "{said}");
    assert!(!is_mounted_below(&place.state()));
    assert!(namespaces_of(run.pid()).is_empty(), "no namespace is left");
    until("its programs have ended", || processes_with(&place.state()).is_empty().then_some(()));
}

#[test]
fn the_run_ends_by_itself_when_its_time_is_over() {
    let place = Place::new("for");
    let command = place.command(&["up", "--demo", "--for", "3s", "--listen", "127.0.0.1:0"]);
    let mut run = Run::start(&place, command);
    assert!(run.ended().success(), "{}", run.heard());
    assert!(run.heard().contains("its time is over"));
    assert!(!is_mounted_below(&place.state()));
}

/// The namespaces that the demo of this run has made.
fn namespaces_of(pid: u32) -> Vec<String> {
    let prefix = format!("pw{pid:x}-");
    let entries = fs::read_dir("/run/netns").into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(&prefix)).collect()
}

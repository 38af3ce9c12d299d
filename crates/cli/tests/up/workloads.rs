//! Workloads that exist: detection touches nothing, enforcement stops, and whatever is broken or
//! killed meanwhile changes nothing.

use podwall_wire::rest::{AgentState, Verdict};

use crate::node::{CLOSED, Node};
use crate::run::{Place, Run, is_mounted_below, signal, until};

const POLICY: &str = "NetworkPolicy/b/closed";

#[test]
fn a_policy_is_watched_enforced_and_given_up_again() {
    let (place, node) = (Place::new("modes"), Node::new("m"));
    let mut run = Run::start(&place, node.up(&place, &[]));
    let status = run.ready();
    assert_eq!((status.coverage.workloads, status.coverage.ingress.detected), (2, 1));
    assert!(node.reaches(), "detection lets it pass");
    let flow = until("what would drop is seen", || {
        place.flows(&["--verdict", "AUDIT", "--to-pod", "b/b", "--port", "8080"]).pop()
    });
    assert_eq!((flow.source.workload.as_deref(), flow.verdict), (Some("a/a"), Verdict::WouldDrop));
    assert_eq!(flow.policy.as_deref(), Some(POLICY));
    let said = place.say(&["explain", "--from", "a/a", "--to", "b/b", "--port", "8080"]);
    assert!(said.starts_with("would drop:"), "{said}");

    let said = place.say(&["mode", "closed", "enforce"]);
    assert!(said.contains("enforce, revision"), "{said}");
    let text = std::fs::read_to_string(place.path("policies/closed.yaml")).unwrap();
    assert!(text.contains("podwall.io/mode: enforce") && text.contains("# nobody"), "{text}");
    run.ready();
    assert!(!node.reaches(), "enforcement stops it");
    let dropped = until("what was dropped is seen", || {
        place.flows(&["--verdict", "DROPPED", "--from-pod", "a/a"]).pop()
    });
    assert_eq!(dropped.reason.as_deref(), Some("default_deny"));
    let table = place.say(&["status"]);
    let line = table.lines().find(|line| line.starts_with(POLICY)).unwrap();
    assert!(line.contains("enforce"), "{table}");

    place.say(&["mode", "closed", "none"]);
    run.ready();
    assert!(node.reaches(), "and lets it pass again");
    run.interrupt();
    assert!(!is_mounted_below(&place.state()), "the pins are gone");
    assert!(node.reaches());
}

#[test]
fn killing_the_agent_changes_nothing_and_another_takes_over() {
    let (place, node) = (Place::new("kill"), Node::new("k"));
    let mut run = Run::start(&place, node.up(&place, &[]));
    run.ready();
    place.say(&["mode", "closed", "enforce"]);
    let before = run.ready().nodes[0].clone();
    assert!(!node.reaches());
    signal("-KILL", before.pid.unwrap());
    assert!(!node.reaches(), "nobody watches, and the kernel enforces");
    let after = until("another agent has adopted", || {
        let status = place.status()?;
        let node = &status.nodes[0];
        (status.ready && node.agent == AgentState::Running && node.pid != before.pid)
            .then(|| node.clone())
    });
    assert_eq!(after.revision, before.revision);
    assert!(!node.reaches());
    run.interrupt();
}

#[test]
fn a_run_that_is_killed_goes_on_enforcing_until_down() {
    let (place, node) = (Place::new("down"), Node::new("d"));
    let mut run = Run::start(&place, node.up(&place, &[]));
    run.ready();
    place.say(&["mode", "--global", "enforce"]);
    run.ready();
    run.kill();
    assert!(!node.reaches(), "the kernel goes on");
    assert!(is_mounted_below(&place.state()));
    let mut again = Run::start(&place, node.up(&place, &[]));
    again.ready();
    assert!(!node.reaches(), "a new run remembers the mode and adopts");
    again.kill();
    let said = place.say(&["down"]);
    assert!(said.contains("nothing is left"), "{said}");
    assert!(!is_mounted_below(&place.state()));
    assert!(node.reaches(), "everything is as it was");
    let again = place.say(&["down"]);
    assert!(again.contains("nothing is left"), "{again}");
}

#[test]
fn down_ends_a_run_that_is_there() {
    let (place, node) = (Place::new("stop"), Node::new("s"));
    let mut run = Run::start(&place, node.up(&place, &[]));
    run.ready();
    place.say(&["down"]);
    assert!(run.ended().success(), "{}", run.heard());
    assert!(!is_mounted_below(&place.state()));
}

#[test]
fn broken_files_change_nothing_under_enforcement() {
    let (place, node) = (Place::new("broken"), Node::new("b"));
    let mut run = Run::start(&place, node.up(&place, &[]));
    run.ready();
    place.say(&["mode", "closed", "enforce"]);
    let revision = run.ready().revision;
    let enforced =
        CLOSED.replace("  namespace", "  annotations: {podwall.io/mode: enforce}\n  namespace");
    for (broken, message) in [
        ("kind: [", "closed.yaml:1:"),
        (&enforced.replace("policyTypes", "policyTipes"), "policyTipes"),
        (
            &enforced.replace(
                "policyTypes: [Ingress]",
                "policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: 10.1.2.3/8}}]}]",
            ),
            "10.1.2.3/8",
        ),
    ] {
        place.write("policies/closed.yaml", broken);
        let status = until("the file is refused", || {
            let status = place.status()?;
            let problem = status.problems.iter().find(|p| p.code == "policy_refused")?;
            problem.message.contains(message).then_some(status)
        });
        assert_eq!(status.revision, revision, "{broken}");
        assert!(!node.reaches(), "{broken}");
    }
    let big = std::fs::File::create(place.path("policies/closed.yaml")).unwrap();
    big.set_len(100 << 20).unwrap();
    until("its size is refused", || {
        let status = place.status()?;
        status.problems.iter().find(|p| p.message.contains("too long")).map(|_| ())
    });
    assert!(!node.reaches());
    place.write("workloads.yaml", "pods: [{name: a, colour: red}]\n");
    until("the workload file is refused", || {
        let status = place.status()?;
        status.problems.iter().find(|p| p.code == "workloads_refused").map(|_| ())
    });
    assert!(!node.reaches());
    assert!(run.heard().contains("colour"), "the log says so too: {}", run.heard());
}

#[test]
fn an_empty_folder_holds_nobody_and_says_so() {
    let (place, node) = (Place::new("empty"), Node::new("e"));
    let command = node.up(&place, &[]);
    std::fs::remove_file(place.path("policies/closed.yaml")).unwrap();
    let mut run = Run::start(&place, command);
    let status = run.ready();
    assert_eq!(status.coverage.ingress.open, 2);
    assert!(place.say(&["status"]).contains("there are no policies"));
    assert!(node.reaches());
}

#[test]
fn a_workload_that_vanishes_is_told_and_the_others_stay_held() {
    let (place, node) = (Place::new("vanish"), Node::new("v"));
    let mut run = Run::start(&place, node.up(&place, &[]));
    run.ready();
    place.say(&["mode", "closed", "enforce"]);
    run.ready();
    node.lose_a();
    let problem = until("the workload is told to be gone", || {
        let status = place.status()?;
        status.problems.into_iter().find(|p| p.subject.as_deref() == Some("a/a"))
    });
    assert!(!problem.message.is_empty());
    let status = place.status().unwrap();
    assert_eq!(status.coverage.ingress.enforced, 1);
    assert_eq!(status.nodes[0].agent, AgentState::Running);
    run.interrupt();
}

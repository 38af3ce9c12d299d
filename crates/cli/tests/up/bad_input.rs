//! What cannot be begun, and what goes wrong around a run: each with its message, and enforcement
//! as it was.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use crate::node::Node;
use crate::run::{Place, Run, podwall, until};

/// Runs a command that has to be refused; what it says.
#[track_caller]
fn refused(mut command: Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("hint: "), "{said}");
    said
}

fn demo(place: &Place, more: &[&str]) -> Command {
    place.command(&[&["up", "--demo"], more].concat())
}

/// Puts the node's policy in force and leaves it there without a run.
fn leave_enforcing(place: &Place, node: &Node) {
    let mut run = Run::start(place, node.up(place, &[]));
    run.ready();
    place.say(&["mode", "closed", "enforce"]);
    run.ready();
    run.kill();
    assert!(!node.reaches(), "it is in force");
}

#[test]
fn whoever_is_not_root_is_told_so() {
    let (place, node) = (Place::new("root"), Node::new("r"));
    leave_enforcing(&place, &node);
    // Copied, since nobody else can read where it was built.
    let copy = place.path("podwall");
    fs::copy(env!("CARGO_BIN_EXE_podwall"), &copy).unwrap();
    let mut command = Command::new(&copy);
    command.args(["up", "--demo"]).uid(65534).gid(65534);
    assert!(refused(command).contains("not root"));
    assert!(!node.reaches(), "what is in force stays in force");
}

#[test]
fn hidden_types_of_the_kernel_are_told() {
    let (place, node) = (Place::new("btf"), Node::new("t"));
    leave_enforcing(&place, &node);
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c"])
        .arg("mount --bind /dev/null /sys/kernel/btf/vmlinux && exec \"$0\" \"$@\"")
        .arg(env!("CARGO_BIN_EXE_podwall"))
        .args(["up", "--workloads"])
        .arg(place.path("workloads.yaml"))
        .arg("--policies")
        .arg(place.path("policies"))
        .arg("--state")
        .arg(place.state());
    let said = refused(command);
    assert!(said.contains("/sys/kernel/btf/vmlinux"), "{said}");
    assert!(!node.reaches(), "what is in force stays in force");
}

#[test]
fn a_port_in_use_is_told_and_nothing_is_made() {
    let place = Place::new("port");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refused(demo(&place, &["--listen", &address]));
    assert!(said.contains(&format!("port in use: `{address}`")), "{said}");
    assert!(!place.path("state/made.json").exists());
    let node = Node::new("p");
    leave_enforcing(&place, &node);
    let taken = node.listen();
    let address = taken.local_addr().unwrap().to_string();
    let said = refused(node.up(&place, &["--listen", &address]));
    assert!(said.contains(&format!("port in use: `{address}`")), "{said}");
    assert!(!node.reaches(), "what is in force stays in force");
}

#[test]
fn an_address_that_others_reach_is_refused() {
    let place = Place::new("open");
    let said = refused(demo(&place, &["--listen", "0.0.0.0:0"]));
    assert!(said.contains("not a loopback address"), "{said}");
}

#[test]
fn two_runs_at_once_are_one_too_many() {
    let (place, node) = (Place::new("two"), Node::new("w"));
    let mut run = Run::start(&place, node.up(&place, &[]));
    run.ready();
    place.say(&["mode", "closed", "enforce"]);
    run.ready();
    let said = refused(demo(&place, &[]));
    assert!(!node.reaches(), "what is in force stays in force");
    assert!(said.contains("another podwall runs"), "{said}");
    assert!(said.contains(&format!("process {}", run.pid())), "{said}");
    assert!(place.status().unwrap().ready, "the first goes on");
    run.interrupt();
}

#[test]
fn files_that_cannot_be_used_at_the_start_are_told_with_their_place() {
    let place = Place::new("start");
    let up = |workloads: &str, policies: &str| {
        place.write("workloads.yaml", workloads);
        let mut command = place.command(&["up", "--workloads"]);
        command.arg(place.path("workloads.yaml")).arg("--policies").arg(place.path(policies));
        command
    };
    let said = refused(up("pods: [{name: a, colour: red}]\n", "policies"));
    assert!(said.contains("workloads.yaml:1:18: unknown field `colour`"), "{said}");
    let said = refused(up("", "nowhere"));
    assert!(said.contains("unable to list the policy folder"), "{said}");
}

#[test]
fn a_command_without_a_run_says_so_by_its_exit_code() {
    let place = Place::new("none");
    let output = place.command(&["status"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("nothing runs with this state directory"), "{said}");
    let output = podwall().args(["up", "--demo", "--for", "soon"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// A small disk for the state, unmounted with the test.
struct SmallDisk<'a>(&'a Place);

impl SmallDisk<'_> {
    fn new(place: &Place) -> SmallDisk<'_> {
        fs::create_dir_all(place.state()).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m,mode=0700", "podwall-test"]).arg(place.state());
        assert!(mount.status().unwrap().success(), "this test needs root: it mounts a small disk");
        SmallDisk(place)
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = self.0.command(&["down"]).output();
        let _ = Command::new("umount").arg("-l").arg(self.0.state()).output();
    }
}

#[test]
fn a_full_disk_costs_history_and_not_enforcement() {
    let (place, node) = (Place::new("full"), Node::new("f"));
    let _disk = SmallDisk::new(&place);
    let mut run = Run::start(&place, node.up(&place, &[]));
    run.ready();
    let ballast = place.path("state/ballast");
    let mut file = fs::File::create(&ballast).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let problem = until("the ledger says so", || {
        node.reaches();
        let status = place.status()?;
        status.problems.into_iter().find(|problem| problem.code == "ledger_full")
    });
    assert!(problem.message.contains("enforcement is untouched"), "{}", problem.message);
    place.say(&["mode", "closed", "enforce"]);
    run.ready();
    assert!(!node.reaches(), "a change takes effect all the same");
    until("new flows are seen from memory", || {
        place.flows(&["--verdict", "DROPPED", "--from-pod", "a/a"]).pop()
    });
    drop(file);
    fs::remove_file(&ballast).unwrap();
    until("the disk keeps again", || {
        let status = place.status()?;
        status.problems.iter().all(|problem| problem.code != "ledger_full").then_some(())
    });
    run.interrupt();
}

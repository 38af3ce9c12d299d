//! The ledger is broken, taken away, or lies on a disk that takes nothing, and somebody listens who
//! never reads: each is said, enforcement stays as it was, and recording goes on.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::process::Command;

use crate::node::Node;
use crate::run::{Place, Run, until};

/// A run that enforces, with some flows on disk.
fn enforcing<'a>(place: &'a Place, node: &Node) -> Run<'a> {
    let mut run = Run::start(place, node.up(place, &[]));
    run.ready();
    place.say(&["mode", "--global", "enforce"]);
    run.ready();
    assert!(!node.reaches());
    dropped_flow(place, node, "1h");
    run
}

/// Waits for a flow that was dropped since then, while `a` goes on trying.
fn dropped_flow(place: &Place, node: &Node, since: &str) {
    until("what was dropped is recorded", || {
        assert!(!node.reaches(), "it is enforced all the time");
        place.flows(&["--verdict", "DROPPED", "--from-pod", "a/a", "--since", since]).pop()
    });
}

#[track_caller]
fn problem(place: &Place, node: &Node, code: &str) -> String {
    until(&format!("the banner says {code}"), || {
        assert!(!node.reaches(), "it is enforced all the time");
        let problems = place.status()?.problems;
        problems.into_iter().find(|problem| problem.code == code).map(|problem| problem.message)
    })
}

#[test]
fn a_ledger_that_is_taken_away_while_running_is_made_anew() {
    let (place, node) = (Place::new("taken"), Node::new("t"));
    let mut run = enforcing(&place, &node);
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(place.path(&format!("state/ledger.sqlite{end}")));
    }
    let said = problem(&place, &node, "ledger_damaged");
    assert!(said.contains("taken away") && said.contains("enforcement are untouched"), "{said}");
    assert!(place.path("state/ledger.sqlite").exists());
    dropped_flow(&place, &node, "5s");
    run.interrupt();
}

#[test]
fn a_ledger_that_is_damaged_is_moved_aside_while_nobody_reads_the_stream() {
    let (place, node) = (Place::new("broken"), Node::new("o"));
    let mut run = enforcing(&place, &node);
    run.kill();
    let path = place.path("state/ledger.sqlite");
    let _ = fs::remove_file(place.path("state/ledger.sqlite-wal"));
    let mut file = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    // Behind the head of the file; what was written last lies in the log, which is gone.
    let length = usize::try_from(file.metadata().unwrap().len()).unwrap();
    file.seek(SeekFrom::Start(100)).unwrap();
    file.write_all(&vec![0x5a; length - 100]).unwrap();
    drop(file);
    assert!(!node.reaches(), "the kernel goes on");
    let mut run = Run::start(&place, node.up(&place, &[]));
    run.ready();
    // Somebody who asks for the stream and never reads it.
    let mut deaf: Vec<_> = (0..8).map(|_| place.ask("/api/v1/stream")).collect();
    let said = problem(&place, &node, "ledger_damaged");
    assert!(said.contains("ledger.sqlite.damaged"), "{said}");
    assert!(place.path("state/ledger.sqlite.damaged").exists());
    dropped_flow(&place, &node, "5s");
    let mut first = [0; 15];
    deaf[0].read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK", "it was served all the time");
    run.interrupt();
}

/// The state on a disk that can only be read; unmounted with the test.
struct ReadOnly<'a>(&'a Place);

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.state()).output();
    }
}

#[test]
fn a_state_directory_that_can_only_be_read_is_said_so_and_nothing_is_begun() {
    let (place, node) = (Place::new("readonly"), Node::new("y"));
    fs::create_dir_all(place.state()).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "ro,size=1m,mode=0700", "podwall-test"]).arg(place.state());
    assert!(mount.status().unwrap().success(), "this test needs root: it mounts a small disk");
    let _mounted = ReadOnly(&place);
    let output = node.up(&place, &[]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.to_lowercase().contains("read-only") && said.contains("hint: "), "{said}");
    assert!(node.reaches(), "nothing was put in force");
}

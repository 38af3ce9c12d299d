//! The programs of the witnesses: built by Go from modules of their own, asked a line at a time.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};

/// What a witness once answered, by the name of its file under `crates/policy/tests/oracle`.
pub fn sample(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy/tests/oracle");
    let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
    assert!(!text.is_empty(), "nothing is recorded: `{name}`, hint: see docs/adr/0011");
    text
}

/// Questions that may wait for their answers.
const WAITING: usize = 64;

/// A program that answers a line for each line.
#[derive(Clone, Debug)]
pub struct Program(PathBuf);

impl Program {
    /// Builds `tools/MODULE/COMMAND`, which needs Go. One at a time: what is up to date is left
    /// alone, and what another test runs must not be written.
    pub fn build(module: &str, command: &str) -> Program {
        static BUILDING: Mutex<()> = Mutex::new(());
        let _one = BUILDING.lock().expect("no build panicked");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let program = root.join("target").join(module).join(command);
        let status = Command::new("go")
            .current_dir(root.join("tools").join(module))
            .args(["build", "-o"])
            .arg(&program)
            .arg(format!("./{command}"))
            .status()
            .expect("go runs, hint: install Go 1.26");
        assert!(status.success(), "go ended with {status}");
        Program(program)
    }

    /// A process of it that is not started yet.
    pub fn command(&self) -> Command {
        Command::new(&self.0)
    }

    /// Puts questions to a new process; writing and reading go on side by side, so that no pipe
    /// fills up. Each question comes back with the line that answers it.
    pub fn ask<Q: Send + 'static>(
        &self,
        questions: impl Iterator<Item = (Q, String)> + Send + 'static,
        mut each: impl FnMut(Q, &str),
    ) {
        let mut child = self
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the witness starts");
        let mut input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (send, asked) = mpsc::sync_channel(WAITING);
        let writer = std::thread::spawn(move || {
            for (question, line) in questions {
                writeln!(input, "{line}").expect("the witness reads");
                send.send(question).expect("its answer is waited for");
            }
        });
        for line in output.lines() {
            let line = line.expect("the answers of a witness are text");
            each(asked.recv().expect("a question for each answer"), &line);
        }
        writer.join().expect("every question was written");
        assert!(asked.recv().is_err(), "the witness left questions without an answer");
        finish(child);
    }
}

fn finish(mut child: Child) {
    let status = child.wait().expect("the witness ends");
    assert!(status.success(), "the witness ended with {status}");
}

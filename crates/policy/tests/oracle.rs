//! Our meaning of policies beside Cilium's own engine.
//!
//! A plain run holds us against a recorded sample of its answers and needs neither Go nor Cilium.
//! The long run asks the engine itself (`tools/cilium`, Go 1.26): `PODWALL_WORLDS` says about how
//! many flows, `PODWALL_SEED` with which case to begin, and `PODWALL_RECORD` names a file that the
//! answers are written to, as a new sample.

use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;

use podwall_testkit::oracle::{
    Answer, Case, Comparison, Difference, Recorded, Tally, WANTED, WANTED_DOCUMENTS, compare,
};

/// Answers to the first cases of the generator.
const SAMPLE: &str = include_str!("oracle/sample.txt");
/// Flows that the long run asks about where nothing else is said.
const FLOWS: u64 = 1_000_000;
/// Cases of one process: dead caches of the engine stay in its memory.
const CASES_OF_A_PROCESS: u64 = 2_000;
/// Differences that are shown before giving up.
const SHOWN: usize = 20;

#[test]
fn recorded_verdicts_of_cilium_are_ours() {
    let mut total = Total::default();
    for line in SAMPLE.lines() {
        let Recorded { digest, answer } = line.parse().expect("a recorded answer");
        let case = Case::new(answer.id);
        assert_eq!(
            digest,
            case.digest(),
            "case {} is no longer the one that was asked, hint: record the sample again with \
             `PODWALL_RECORD=$PWD/crates/policy/tests/oracle/sample.txt PODWALL_WORLDS=100000 \
             cargo test -p podwall-policy --test oracle -- --ignored`",
            case.seed
        );
        total.add(compare(&case, &answer));
    }
    total.finish();
}

#[test]
fn wanted_differences_are_few_and_have_reasons() {
    assert!(WANTED.len() + WANTED_DOCUMENTS.len() <= 10);
    assert!(WANTED.iter().all(|wanted| !wanted.reason.is_empty()));
    assert!(WANTED_DOCUMENTS.iter().all(|wanted| !wanted.reason.is_empty()));
}

#[test]
#[ignore = "asks Cilium's engine, which needs Go and minutes to build: the slow run does"]
fn cilium_says_what_we_say() {
    let number = |name: &str, otherwise| match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("not a number: `{name}={text}`")),
        Err(_) => otherwise,
    };
    let (wanted, first) = (number("PODWALL_WORLDS", FLOWS), number("PODWALL_SEED", 1));
    let mut record =
        env::var_os("PODWALL_RECORD").map(|path| BufWriter::new(File::create(path).expect("file")));
    let program = build();
    let mut total = Total::default();
    let mut seed = first;
    while total.tally.flows < wanted && total.differences.len() < SHOWN {
        let last = seed + CASES_OF_A_PROCESS.min((wanted - total.tally.flows).div_ceil(20));
        ask(&program, seed..last, |case, answer| {
            if let Some(record) = &mut record {
                writeln!(record, "{}", answer.clone().record(case)).expect("the sample is written");
            }
            total.add(compare(case, &answer));
        });
        seed = last;
    }
    total.finish();
}

/// Everything that was compared.
#[derive(Default)]
struct Total {
    tally: Tally,
    differences: Vec<Difference>,
}

impl Total {
    fn add(&mut self, comparison: Comparison) {
        self.tally += comparison.tally;
        self.differences.extend(comparison.differences);
    }

    fn finish(self) {
        println!("{}", self.tally);
        for difference in self.differences.iter().take(SHOWN) {
            println!("{difference}");
        }
        if let Some(first) = self.differences.first() {
            println!("the first case, as the oracle reads it:\n{}", Case::new(first.seed).line());
        }
        assert!(self.differences.is_empty(), "{} differences", self.differences.len());
        for (name, count) in &self.tally.said {
            let enough = count * 50 >= self.tally.flows;
            assert!(enough, "too few are {name} to prove anything: {}", self.tally);
        }
        let [taken, refused] = self.tally.documents;
        assert!(refused * 50 >= taken, "too few documents are refused: {}", self.tally);
    }
}

/// Puts cases to the engine; writing and reading go on side by side, so that no pipe fills up.
fn ask(program: &Path, seeds: std::ops::Range<u64>, mut each: impl FnMut(&Case, Answer)) {
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the oracle starts");
    let input = child.stdin.take().expect("a pipe");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    let (send, cases) = mpsc::sync_channel(64);
    let writer = std::thread::spawn(move || write_cases(input, seeds, &send));
    for line in output.lines() {
        let line = line.expect("the oracle's answers are text");
        let answer: Answer = serde_json::from_str(&line).expect("an answer");
        let case: Case = cases.recv().expect("a case for each answer");
        assert_eq!(case.seed, answer.id);
        each(&case, answer);
    }
    writer.join().expect("every case was written");
    finish(child);
}

fn write_cases(mut input: ChildStdin, seeds: std::ops::Range<u64>, send: &mpsc::SyncSender<Case>) {
    for seed in seeds {
        let case = Case::new(seed);
        writeln!(input, "{}", case.line()).expect("the oracle reads");
        send.send(case).expect("its answer is waited for");
    }
}

fn finish(mut child: Child) {
    let status = child.wait().expect("the oracle ends");
    assert!(status.success(), "the oracle ended with {status}");
}

fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let program = root.join("target/cilium/oracle");
    let status = Command::new("go")
        .current_dir(root.join("tools/cilium"))
        .args(["build", "-o"])
        .arg(&program)
        .arg("./oracle")
        .status()
        .expect("go runs, hint: install Go 1.26");
    assert!(status.success(), "go ended with {status}");
    program
}

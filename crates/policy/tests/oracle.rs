//! Our meaning of policies beside Cilium's own engine.
//!
//! A plain run holds us against a recorded sample of its answers and needs neither Go nor Cilium.
//! The long run asks the engine itself (`tools/cilium`, Go 1.26): `PODWALL_WORLDS` says about how
//! many flows, `PODWALL_SEED` with which case to begin, and `PODWALL_RECORD` names a file that the
//! answers are written to, as a new sample.

use std::env;
use std::fmt::Write;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use podwall_testkit::oracle::{
    Answer, Case, Comparison, Difference, Program, Recorded, Tally, WANTED, WANTED_DOCUMENTS,
    compare, sample,
};

/// Flows that the long run asks about where nothing else is said.
const FLOWS: u64 = 1_000_000;
/// Flows of one case.
const FLOWS_OF_A_CASE: u64 = 20;
/// Cases about documents alone in the long run; each has twenty.
const CASES_OF_DOCUMENTS: u64 = 5_000;
/// Cases of one process: dead caches of the engine stay in its memory.
const CASES_OF_A_PROCESS: u64 = 2_000;
/// Engines that are asked at once.
const ENGINES: usize = 2;
/// Differences that are shown before giving up.
const SHOWN: usize = 20;

#[test]
fn recorded_verdicts_of_cilium_are_ours() {
    let total = recorded(&sample("sample.txt"), Case::new);
    total.finish();
    total.covers_each_word();
}

#[test]
fn documents_are_taken_and_refused_as_cilium_did() {
    let total = recorded(&sample("documents.txt"), Case::of_documents);
    total.finish();
    total.covers_both_answers();
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
    let cases = number("PODWALL_WORLDS", FLOWS).div_ceil(FLOWS_OF_A_CASE);
    let total = asked(cases, Case::new);
    total.finish();
    total.covers_each_word();
}

#[test]
#[ignore = "asks Cilium's engine, which needs Go and minutes to build: the slow run does"]
fn cilium_takes_the_documents_that_we_take() {
    let cases = number("PODWALL_WORLDS", FLOWS).div_ceil(FLOWS / CASES_OF_DOCUMENTS);
    let total = asked(cases, Case::of_documents);
    total.finish();
    total.covers_both_answers();
}

fn number(name: &str, otherwise: u64) -> u64 {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("not a number: `{name}={text}`")),
        Err(_) => otherwise,
    }
}

/// Everything that was compared.
#[derive(Default)]
struct Total {
    tally: Tally,
    differences: Vec<Difference>,
    /// The first case that was told apart.
    first: Option<Case>,
}

impl Total {
    fn add(&mut self, case: &Case, comparison: Comparison) {
        self.tally += comparison.tally;
        if !comparison.differences.is_empty() && self.first.is_none() {
            self.first = Some(case.clone());
        }
        self.differences.extend(comparison.differences);
    }

    fn finish(&self) {
        println!("{}", self.tally);
        for difference in self.differences.iter().take(SHOWN) {
            println!("{difference}");
        }
        if let Some(first) = &self.first {
            println!("the first case, as the oracle reads it:\n{}", first.line());
        }
        assert!(self.differences.is_empty(), "{} differences", self.differences.len());
    }

    fn covers_each_word(&self) {
        for (name, count) in &self.tally.said {
            let enough = count * 200 >= self.tally.flows;
            assert!(enough, "too few are {name} to prove anything: {}", self.tally);
        }
        assert_eq!(self.tally.said.len(), 4, "allow, redirect, deny, drop: {}", self.tally);
        self.covers_both_answers();
    }

    fn covers_both_answers(&self) {
        let [taken, refused] = self.tally.documents;
        assert!(refused * 50 >= taken, "too few documents are refused: {}", self.tally);
        assert!(taken * 5 >= refused, "too few documents are taken: {}", self.tally);
    }
}

/// Holds cases against a recorded sample.
fn recorded(sample: &str, case: fn(u64) -> Case) -> Total {
    let mut total = Total::default();
    for line in sample.lines() {
        let Recorded { digest, answer } = line.parse().expect("a recorded answer");
        let case = case(answer.id);
        assert_eq!(
            digest,
            case.digest(),
            "case {} is no longer the one that was asked, hint: record the samples again with \
             `PODWALL_RECORD=FILE PODWALL_WORLDS=100000 cargo test -p podwall-policy --test oracle \
             -- --ignored TEST`, as docs/adr/0011-cilium-as-witness.md says",
            case.seed
        );
        total.add(&case, compare(&case, &answer));
    }
    total
}

/// Asks the engine about so many cases.
fn asked(cases: u64, case: fn(u64) -> Case) -> Total {
    let program = Program::build("cilium", "oracle");
    let first = number("PODWALL_SEED", 1);
    let (next, end) = (AtomicU64::new(first), first + cases);
    let total = Mutex::new((Total::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..ENGINES {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(CASES_OF_A_PROCESS, Ordering::Relaxed);
                    let shown = total.lock().expect("no thread panicked").0.differences.len();
                    if seed >= end || shown >= SHOWN {
                        return;
                    }
                    let last = end.min(seed + CASES_OF_A_PROCESS);
                    let (part, records) = ask(&program, seed..last, case);
                    let mut total = total.lock().expect("no thread panicked");
                    total.1.extend(records);
                    total.0.tally += part.tally;
                    total.0.differences.extend(part.differences);
                    total.0.first = total.0.first.take().or(part.first);
                }
            });
        }
    });
    let (total, mut records) = total.into_inner().expect("no thread panicked");
    if let Some(path) = env::var_os("PODWALL_RECORD") {
        records.sort_by_key(|record: &Recorded| record.answer.id);
        let text = records.iter().fold(String::new(), |mut text, record| {
            writeln!(text, "{record}").expect("text grows");
            text
        });
        fs::write(path, text).expect("the sample is written");
    }
    total
}

/// Puts cases to one process of the engine.
fn ask(
    program: &Program,
    seeds: std::ops::Range<u64>,
    case: fn(u64) -> Case,
) -> (Total, Vec<Recorded>) {
    let (mut total, mut records) = (Total::default(), Vec::new());
    let questions = seeds.map(move |seed| {
        let case = case(seed);
        let line = case.line();
        (case, line)
    });
    program.ask(questions, |case, line| {
        let answer: Answer = serde_json::from_str(line).expect("an answer");
        assert_eq!(case.seed, answer.id);
        total.add(&case, compare(&case, &answer));
        records.push(answer.record(&case));
    });
    (total, records)
}

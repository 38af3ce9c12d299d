//! `podwall test`.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::Context;
use podwall_author::spec::{Failure, Judge, Report, Spec, Test, run as run_spec};
use podwall_files::spec::{Defaults, Named, SpecError, find_tests, read_with};
use podwall_files::{SourceText, read_source};
use podwall_model::World;
use serde_json::json;

use super::flags::{self, TestOutput};
use super::junit::{self, Case, Suite};
use super::{EXIT_FINE, EXIT_FOUND, EXIT_UNUSABLE, texts};

/// What came of one file.
type Outcome = Result<Vec<(Spec, Report)>, SpecError>;

/// Runs test files.
pub(crate) fn run(arguments: &flags::Test) -> anyhow::Result<u8> {
    let world = arguments.world.as_deref().map(texts::world).transpose()?.unwrap_or_default();
    let policies: Vec<SourceText> =
        arguments.policies.as_deref().map(read_source).transpose()?.unwrap_or_default();
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for path in &arguments.paths {
        files.extend(find_tests(path)?);
    }
    anyhow::ensure!(!files.is_empty(), "no test file here, hint: one says `kind: PolicyTest`");
    let outcomes = run_all(arguments, &files, &world, &policies);
    let unusable = outcomes.iter().any(|(_, outcome)| outcome.is_err());
    let results: Vec<&(Spec, Report)> =
        outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref().ok()).flatten().collect();
    let failed = results.iter().any(|(_, report)| !report.failures.is_empty());
    let judged: usize = results.iter().map(|(_, report)| report.judged).sum();
    for error in outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref().err()) {
        eprintln!("podwall: {error}");
    }
    write(arguments.output, &results)?;
    if unusable || judged == 0 {
        if judged == 0 && !unusable {
            eprintln!("podwall: no test was chosen, hint: look at --select and --filter");
        }
        return Ok(EXIT_UNUSABLE);
    }
    Ok(if failed { EXIT_FOUND } else { EXIT_FINE })
}

/// Runs every file on so many threads; results in the order of the files.
fn run_all(
    arguments: &flags::Test,
    files: &[(PathBuf, String)],
    world: &World,
    policies: &[SourceText],
) -> Vec<(usize, Outcome)> {
    let defaults = Defaults { world, policies, named: Named::OnDisk };
    let available = thread::available_parallelism().map_or(1, usize::from);
    let jobs = arguments.jobs.map_or(available, usize::from).min(files.len());
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs {
            let sender = sender.clone();
            scope.spawn(|| {
                let sender = sender;
                while !stop.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((path, text)) = files.get(at) else { break };
                    let outcome = run_file(arguments, path, text, &defaults);
                    let fails = |results: &Vec<(Spec, Report)>| {
                        results.iter().any(|(_, report)| !report.failures.is_empty())
                    };
                    if arguments.fail_fast && outcome.as_ref().map_or(true, fails) {
                        stop.store(true, Ordering::Relaxed);
                    }
                    // The receiver outlives every sender.
                    let _ = sender.send((at, outcome));
                }
            });
        }
    });
    drop(sender);
    let mut outcomes: Vec<(usize, Outcome)> = receiver.iter().collect();
    outcomes.sort_by_key(|(at, _)| *at);
    outcomes
}

fn run_file(arguments: &flags::Test, path: &Path, text: &str, defaults: &Defaults<'_>) -> Outcome {
    let mut results = Vec::new();
    for mut spec in read_with(text, path, defaults)? {
        let chosen = |(key, value): &(String, String)| spec.labels.get(key) == Some(value);
        if !arguments.select.iter().all(chosen) {
            continue;
        }
        if let Some(part) = &arguments.filter {
            keep(&mut spec, part);
        }
        let report = run_spec(&spec, &mut Judge);
        if let Some(why) = report.unfit.first() {
            let file = path.display().to_string();
            return Err(SpecError { file, line: 0, message: why.clone() });
        }
        results.push((spec, report));
    }
    Ok(results)
}

/// Leaves the tests that have this in their names. Steps stay, since the later ones rest on them.
fn keep(spec: &mut Spec, part: &str) {
    if spec.name.contains(part) {
        return;
    }
    let named = |test: &Test| test.name.contains(part);
    spec.tests.retain(named);
    spec.steps.iter_mut().for_each(|step| step.tests.retain(named));
    spec.invalid.clear();
}

fn write(output: TestOutput, results: &[&(Spec, Report)]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match output {
        TestOutput::Text => write_text(&mut out, results).context("unable to write")?,
        TestOutput::Junit => junit::write(&mut out, &suites(results))?,
        TestOutput::Tap => write_tap(&mut out, &suites(results))?,
        TestOutput::Json => {
            serde_json::to_writer_pretty(&mut out, &json(results))?;
            writeln!(out)?;
        }
    }
    Ok(())
}

fn write_text(out: &mut impl Write, results: &[&(Spec, Report)]) -> std::io::Result<()> {
    let failures = || results.iter().flat_map(|(_, report)| &report.failures);
    for failure in failures() {
        writeln!(out, "{failure}\n")?;
    }
    let judged: usize = results.iter().map(|(_, report)| report.judged).sum();
    let (cases, failed) = (results.len(), failures().count());
    writeln!(
        out,
        "{judged} tests in {cases} cases: {} as expected, {failed} not",
        judged - failed.min(judged)
    )
}

fn json(results: &[&(Spec, Report)]) -> serde_json::Value {
    let suites = suites(results);
    let cases: Vec<serde_json::Value> = suites
        .iter()
        .flat_map(|suite| suite.cases.iter().map(move |case| (suite, case)))
        .map(|(suite, case)| {
            json!({
                "file": suite.name,
                "line": case.line,
                "case": case.class,
                "name": case.name,
                "passed": case.failure.is_none(),
                "message": case.failure.as_ref().map(|(message, _)| message),
                "reasons": case.failure.as_ref().map(|(_, text)| text.lines().collect::<Vec<_>>()),
            })
        })
        .collect();
    let failed = suites.iter().flat_map(|suite| &suite.cases).filter(|case| case.failure.is_some());
    json!({ "tests": cases.len(), "failures": failed.count(), "results": cases })
}

fn write_tap(out: &mut impl Write, suites: &[Suite]) -> std::io::Result<()> {
    let cases = || suites.iter().flat_map(|suite| &suite.cases);
    writeln!(out, "TAP version 13\n1..{}", cases().count())?;
    for (number, case) in cases().enumerate() {
        let word = if case.failure.is_none() { "ok" } else { "not ok" };
        let name = format!("{}: {}", case.class, case.name).replace('#', "\\#");
        writeln!(out, "{word} {} - {name}", number + 1)?;
        for line in case.failure.iter().flat_map(|(_, text)| text.lines()) {
            writeln!(out, "# {line}")?;
        }
    }
    Ok(())
}

/// Every test and every document that must be refused, with what is wrong with it.
fn suites(results: &[&(Spec, Report)]) -> Vec<Suite> {
    let suite = |(spec, report): &(Spec, Report)| {
        let mut wrong: HashMap<&str, &Failure> =
            report.failures.iter().map(|failure| (failure.place.as_str(), failure)).collect();
        let mut case = |line: u32, name: String| Case {
            name,
            class: spec.name.clone(),
            line,
            failure: wrong.remove(format!("{}:{line}", spec.file).as_str()).map(said),
        };
        let steps = spec.steps.iter().flat_map(|step| &step.tests);
        let mut cases: Vec<Case> =
            spec.tests.iter().chain(steps).map(|test| case(test.line, test.name.clone())).collect();
        for invalid in &spec.invalid {
            cases.push(case(invalid.line, "a document that must be refused".to_owned()));
        }
        // What belongs to no line: a change that cannot be made.
        cases.extend(wrong.into_values().map(|failure| Case {
            name: failure.name.clone(),
            class: spec.name.clone(),
            line: 1,
            failure: Some(said(failure)),
        }));
        Suite { name: spec.file.clone(), cases }
    };
    results.iter().map(|result| suite(result)).collect()
}

fn said(failure: &Failure) -> (String, String) {
    let message = format!("expected {}, got {}", failure.expected, failure.got);
    (message, failure.to_string())
}

//! Runs the cases of one file. The program that holds them is also the agent that they start, so
//! that an agent can be killed like the real one: `PROGRAM agent STATE NETNS [WRITES]`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// One case.
pub(crate) type Case = (&'static str, fn());

/// Runs the agent or the cases, those whose name holds the first plain argument.
pub(crate) fn main(cases: &[Case]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word == "agent") {
        return agent(&arguments[1..]);
    }
    if arguments.iter().any(|word| word == "--list") {
        cases.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let filter = arguments.iter().find(|word| !word.starts_with('-'));
    let chosen = cases.iter().filter(|(name, _)| filter.is_none_or(|part| name.contains(part)));
    let (mut passed, mut failed) = (0, Vec::new());
    for (name, case) in chosen {
        println!("test {name} ...");
        match catch_unwind(AssertUnwindSafe(case)) {
            Ok(()) => {
                println!("test {name} ... ok");
                passed += 1;
            }
            Err(_) => {
                println!("test {name} ... FAILED");
                failed.push(*name);
            }
        }
    }
    let word = if failed.is_empty() { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {} failed {failed:?}", failed.len());
    ExitCode::from(u8::from(!failed.is_empty()))
}

fn agent(arguments: &[String]) -> ExitCode {
    let options = podwall_agent::Options {
        state: arguments[0].clone().into(),
        node_netns: Some(arguments[1].clone().into()),
        node_name: "lab".into(),
        parent: None,
        fail_after_writes: arguments.get(2).map(|writes| writes.parse().unwrap()),
    };
    match podwall_agent::run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

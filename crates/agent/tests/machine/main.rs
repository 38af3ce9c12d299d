//! Real agents on nodes of their own, as root: what control wants happens to packets, what happens
//! to packets is told, and killing an agent changes neither.

#![allow(clippy::unwrap_used)] // functions beside the cases are part of them

mod counting;
mod enforcing;
mod killing;
mod place;
mod prober;
mod runner;
mod talk;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cases = [&enforcing::CASES[..], &counting::CASES[..], &killing::CASES[..]];
    runner::main(&cases.concat())
}

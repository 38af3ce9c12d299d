//! `podwall`: one program for the run itself and for the commands that talk to it.
//!
//! Reads arguments, starts what they name and turns the outcome into an exit code. What is done is
//! done in `control`, `agent` and `demo`.

mod arguments;
mod author;
mod client;
mod down;
mod duration;
mod explain;
mod line;
mod mode;
mod observe;
mod stats;
mod status;
mod table;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use podwall_control::{Settings, What};

use arguments::{Arguments, Command, Up};
use client::NotRunning;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log();
    // Authors' commands tell what cannot be used from what is not as it should be.
    let unusable = if arguments.command.is_author() { author::EXIT_UNUSABLE } else { 1 };
    match run(arguments) {
        Ok(code) => ExitCode::from(code),
        // Whoever read our output has seen enough, as `head` does.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("podwall: {error:#}");
            let not_running = error.is::<NotRunning>();
            ExitCode::from(if not_running { arguments::EXIT_NOT_RUNNING } else { unusable })
        }
    }
}

/// Does what is asked, and says with which code to end.
fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let state = arguments.state;
    let done = match arguments.command {
        Command::Lint(lint) => return author::lint::run(&lint),
        Command::Test(test) => return author::test::run(&test),
        Command::Map(map) => return author::map::run(&map),
        Command::Plan(plan) => return author::plan::run(&plan),
        Command::Generate(generate) => return author::generate::run(&generate),
        Command::Explain(explain) if explain.is_offline() => {
            return author::explain::run(&explain);
        }
        Command::Completion(completion) => {
            author::completion::print(&completion);
            Ok(())
        }
        Command::Man(man) => author::completion::write_manual(&man),
        Command::Up(up) => podwall_control::up(&settings(&state, up)?),
        Command::Down => down::run(&state),
        Command::Status(status) => status::run(&state, &status),
        Command::Observe(observe) => observe::run(&state, &observe),
        Command::Stats(stats) => stats::run(&state, &stats),
        Command::Explain(explain) => explain::run(&state, &explain),
        Command::Mode(mode) => mode::run(&state, &mode),
        Command::Openapi => {
            let description = podwall_control::openapi();
            Ok(writeln!(std::io::stdout(), "{description}")?)
        }
        Command::Agent(agent) => podwall_agent::run(podwall_agent::Options {
            state,
            node_netns: agent.node_netns,
            node_name: agent.node_name,
            parent: agent.parent,
            fail_after_writes: None,
        }),
        Command::DemoApp { arguments } => podwall_demo::app::run(&arguments),
    };
    done.map(|()| author::EXIT_FINE)
}

fn settings(state: &Path, up: Up) -> anyhow::Result<Settings> {
    let what = match (up.workloads, up.policies) {
        (Some(workloads), Some(policies)) => What::Files { workloads, policies },
        // The parser lets nothing else through than both or `--demo`.
        (_, _) => What::Demo,
    };
    Ok(Settings {
        what,
        listen: up.listen,
        state: std::path::absolute(state)?,
        lasts: up.lasts,
        program: std::env::current_exe()?,
    })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.root_cause();
    let plain = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    // What writes JSON wraps the error and does not name it as its cause.
    let wrapped = cause.downcast_ref::<serde_json::Error>();
    plain.or(wrapped.and_then(serde_json::Error::io_error_kind))
        == Some(std::io::ErrorKind::BrokenPipe)
}

fn log() {
    let wanted = std::env::var("PODWALL_LOG").unwrap_or_else(|_| "info".to_owned());
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(tracing_subscriber::EnvFilter::new(wanted))
        .with_target(false)
        .init();
}

//! What each chore runs. A chore is a list of steps; each step says its name, how long it took, and
//! what to do when it did not work.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};

use crate::{api, client, fuzz, page, source, tidy};

/// Runs one chore by its name.
pub(crate) fn run(chore: &str, rest: &[String]) -> anyhow::Result<()> {
    std::env::set_current_dir(root())?;
    match chore {
        "demo" => demo(rest),
        "test" => test(),
        "tidy" => step("tidy", tidy::check),
        "page" => page::build(),
        "client" => client::write(),
        "api" => api::check(),
        "bench" => bench(rest),
        "fuzz" => match rest {
            [name] => fuzz::run(name),
            _ => bail!("which target? hint: one of {}", fuzz::targets()?.join(", ")),
        },
        "slow" => slow(rest),
        other => bail!("no such chore: `{other}`, hint: `./dev help` lists them"),
    }
}

fn root() -> std::path::PathBuf {
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("xtask stands in the repository").to_owned()
}

/// The first build takes some minutes; cargo shows its own progress.
fn demo(rest: &[String]) -> anyhow::Result<()> {
    step("build", || cargo(&["build", "--package", "podwall-cli"]))?;
    let status = Command::new("target/debug/podwall").args(["up", "--demo"]).args(rest).status()?;
    if status.success() { Ok(()) } else { bail!("podwall up ended with {status}") }
}

fn test() -> anyhow::Result<()> {
    step("tidy", tidy::check)?;
    step("format", format)?;
    step("clippy", || cargo(&["clippy", "--workspace", "--all-targets", "--quiet"]))?;
    step("build", || cargo(&["build", "--workspace", "--all-targets", "--quiet"]))?;
    step("client", client::check)?;
    step("page", page::check)?;
    step("tests", || cargo(&["test", "--workspace", "--no-fail-fast"]))?;
    step("browser", page::stories)
}

/// Rust by rustfmt, the kernel programs by clang-format.
fn format() -> anyhow::Result<()> {
    cargo(&["fmt", "--all", "--check"])?;
    let programs =
        source::tracked("crates", ".c")?.into_iter().chain(source::tracked("crates", ".h")?);
    run_command(
        Command::new("clang-format-19")
            .args(["--dry-run", "-Werror"])
            .args(programs.map(|program| program.path)),
    )
}

fn bench(rest: &[String]) -> anyhow::Result<()> {
    let Some((name, options)) = rest.split_first() else {
        bail!("which bench? hint: `./dev bench datapath`");
    };
    if name == "page" {
        return page::bench();
    }
    if name == "ledger" {
        let run = ["run", "--release", "--quiet", "--package", "podwall-ledger", "--example"];
        let mut arguments = [&run[..], &["month"]].concat();
        if !options.is_empty() {
            arguments.push("--");
        }
        arguments.extend(options.iter().map(String::as_str));
        return cargo(&arguments);
    }
    let mut arguments =
        vec!["run", "--release", "--quiet", "--package", "podwall-bench", "--", name];
    arguments.extend(options.iter().map(String::as_str));
    cargo(&arguments)
}

/// A part of the long tier: its name, what it is, how it runs.
type Part = (&'static str, &'static str, fn() -> anyhow::Result<()>);

/// The parts of the long tier, in their order.
const SLOW: [Part; 4] = [
    ("tests", "tests with 1,000,000 random worlds, and the soak", long_tests),
    ("fuzz", "fuzz", fuzz::run_all),
    ("api", "the API against its description", api::check),
    ("live", "an hour of live view", page::live),
];

/// The long tier, or the parts that are named. One that fails does not keep the next from running.
fn slow(parts: &[String]) -> anyhow::Result<()> {
    let names = SLOW.map(|(name, ..)| name);
    if let Some(other) = parts.iter().find(|part| !names.contains(&part.as_str())) {
        bail!("no such part: `{other}`, hint: one of {}", names.join(", "));
    }
    let wanted = |(name, ..): &Part| parts.is_empty() || parts.iter().any(|part| part == name);
    let ran = SLOW.into_iter().filter(wanted).map(|(_, what, run)| step(what, run));
    ran.fold(Ok(()), anyhow::Result::and)
}

fn long_tests() -> anyhow::Result<()> {
    run_command(
        Command::new("cargo")
            .args(["test", "--workspace", "--no-fail-fast", "--", "--include-ignored"])
            .env("PODWALL_WORLDS", "1000000"),
    )
}

/// Says what begins, runs it, says how long it took.
pub(crate) fn step(name: &str, action: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    println!("== {name}");
    let start = Instant::now();
    action().with_context(|| format!("step {name}"))?;
    println!("== {name} done in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Runs cargo with these arguments.
pub(crate) fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run_command(Command::new(cargo).args(arguments))
}

/// Runs a command to its end; anything but success is an error that names it.
pub(crate) fn run_command(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("start {command:?}"))?;
    if status.success() { Ok(()) } else { bail!("{command:?} ended with {status}") }
}

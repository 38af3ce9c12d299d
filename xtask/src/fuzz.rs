//! Fuzzing: one target, with coverage and the address sanitiser, for a bounded time. Needs a
//! nightly toolchain, since stable cannot build with coverage of edges.

use std::fs::File;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail};

use crate::chore::run_command;

/// How long one target runs unless `PODWALL_FUZZ_SECONDS` says otherwise.
const SECONDS: &str = "600";
/// What libFuzzer needs of the compiler.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                     -Cllvm-args=-sanitizer-coverage-pc-table -Zsanitizer=address \
                     -Ccodegen-units=1 -Cdebug-assertions";

/// The targets, one program each under `fuzz/src/bin`.
pub(crate) fn targets() -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir("fuzz/src/bin")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".rs").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Fuzzes one target; a crash leaves its input under `fuzz/artifacts` and is an error.
pub(crate) fn run(name: &str) -> anyhow::Result<()> {
    if !targets()?.iter().any(|target| target == name) {
        bail!("no such fuzz target: `{name}`, hint: one of {}", targets()?.join(", "));
    }
    println!("fuzzing {name} for {} s (the first build takes about two minutes)", seconds());
    run_command(&mut command(name)?)
}

/// Fuzzes every target, two at a time; what each says is kept under `target`.
pub(crate) fn run_all() -> anyhow::Result<()> {
    let names = targets()?;
    println!("fuzzing {} for {} s each, two at a time", names.join(", "), seconds());
    run_command(nightly("build").arg("--bins"))?;
    let next = AtomicUsize::new(0);
    let work = || {
        std::iter::from_fn(|| names.get(next.fetch_add(1, Ordering::Relaxed)))
            .filter_map(|name| run_aside(name).err())
            .collect::<Vec<_>>()
    };
    let failed = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut failed = work();
        failed.extend(other.join().expect("a run does not panic"));
        failed
    });
    failed.into_iter().next().map_or(Ok(()), Err)
}

/// Fuzzes one target into a log of its own, and says its closing figures.
fn run_aside(name: &str) -> anyhow::Result<()> {
    let path = format!("target/fuzz-{name}.log");
    let log = File::create(&path).with_context(|| format!("create `{path}`"))?;
    let status = command(name)?.stdout(log.try_clone()?).stderr(log).status()?;
    let text = std::fs::read_to_string(&path)?;
    for figure in text.lines().filter(|line| line.starts_with("stat::")) {
        println!("{name}: {figure}");
    }
    if !status.success() {
        bail!("fuzzing {name} ended with {status}, hint: `{path}` says why");
    }
    Ok(())
}

fn seconds() -> String {
    std::env::var("PODWALL_FUZZ_SECONDS").unwrap_or_else(|_| SECONDS.to_owned())
}

fn command(name: &str) -> anyhow::Result<Command> {
    let corpus = format!("corpus/{name}");
    std::fs::create_dir_all(format!("fuzz/{corpus}"))?;
    std::fs::create_dir_all("fuzz/artifacts")?;
    let mut command = nightly("run");
    command
        .args(["--bin", name, "--", &corpus, &format!("seeds/{name}")])
        .args(["-artifact_prefix=artifacts/", &format!("-max_total_time={}", seconds())])
        .args(["-max_len=65536", "-rss_limit_mb=4096", "-print_final_stats=1"]);
    Ok(command)
}

/// Cargo of the nightly toolchain, building for fuzzing.
fn nightly(verb: &str) -> Command {
    // A target triple keeps the sanitiser's flags away from build scripts.
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "cargo", verb, "--release", "--target", &target])
        .env("RUSTFLAGS", FLAGS)
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .current_dir("fuzz");
    command
}

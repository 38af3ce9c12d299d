//! Fuzzing: one target, with coverage and the address sanitiser, for a bounded time. Needs a
//! nightly toolchain, since stable cannot build with coverage of edges.

use std::process::Command;

use anyhow::bail;

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
    let seconds = std::env::var("PODWALL_FUZZ_SECONDS").unwrap_or_else(|_| SECONDS.to_owned());
    let corpus = format!("corpus/{name}");
    std::fs::create_dir_all(format!("fuzz/{corpus}"))?;
    std::fs::create_dir_all("fuzz/artifacts")?;
    println!("fuzzing {name} for {seconds} s (the first build takes about two minutes)");
    // A target triple keeps the sanitiser's flags away from build scripts.
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    run_command(
        Command::new("rustup")
            .args([
                "run",
                "nightly",
                "cargo",
                "run",
                "--release",
                "--target",
                &target,
                "--bin",
                name,
            ])
            .args(["--", &corpus, &format!("seeds/{name}"), "-artifact_prefix=artifacts/"])
            .arg(format!("-max_total_time={seconds}"))
            .args(["-max_len=65536", "-rss_limit_mb=4096", "-print_final_stats=1"])
            .env("RUSTFLAGS", FLAGS)
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("CARGO")
            .current_dir("fuzz"),
    )
}

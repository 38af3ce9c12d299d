//! The cost of compiling large worlds: `cargo bench -p podwall-policy`, one line a figure.
//!
//! Each figure is the median of an odd number of rounds in one process, on one thread.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use podwall_model::Mode;
use podwall_policy::compile::{Compiled, resolve_all};
use podwall_policy::identity::Identities;
use podwall_policy::options::Options;
use podwall_testkit::shape::{self, Local, Shape};

const ROUNDS: usize = 7;

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let run = |name: &str, shape: fn() -> Shape| {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str())) {
            measure(name, &shape());
        }
    };
    run("spread, 110 local pods of 10,000", || shape::spread(Local::OneIn(90)));
    run("spread, all 10,000 pods local", || shape::spread(Local::All));
    run("one namespace, 1,000 pods x 1,000 policies", || shape::one_namespace(1_000));
    run("one namespace, 10,000 pods x 10,000 policies", || shape::one_namespace(10_000));
    run("ranges, 500 policies", || shape::ranges(500));
    run("ranges, 1,000 policies", || shape::ranges(1_000));
    run("ranges, 2,000 policies", || shape::ranges(2_000));
}

fn measure(name: &str, shape: &Shape) {
    let options = Options { mode: Mode::Enforce, ..Options::default() };
    let before = peak_kib();
    let mut times = Vec::new();
    let mut identities = Identities::default();
    let mut last = None;
    for _ in 0..ROUNDS {
        drop(last.take());
        identities = Identities::default();
        let start = Instant::now();
        let compiled =
            resolve_all(black_box(&shape.policies), &shape.world, &options, &mut identities);
        times.push(start.elapsed());
        last = Some(compiled);
    }
    let mut again = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(resolve_all(&shape.policies, &shape.world, &options, &mut identities));
        again.push(start.elapsed());
    }
    let compiled = last.expect("at least one round");
    println!(
        "{name}: {:.1} ms, again with known identities {:.1} ms; {}; peak {} MiB, of it parsed objects and before {} MiB",
        median(&mut times).as_secs_f64() * 1e3,
        median(&mut again).as_secs_f64() * 1e3,
        counted(&compiled),
        peak_kib() / 1024,
        before / 1024,
    );
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn counted(compiled: &Compiled) -> String {
    let halves = || compiled.classes.values().flat_map(|c| [&c.enforce.ingress, &c.enforce.egress]);
    let rows: usize = halves().map(|half| half.rows.len()).sum();
    let steps: usize =
        halves().flat_map(|half| half.rows.values()).map(|row| row.steps().len()).sum();
    format!(
        "{} classes, {} identities, {rows} rows, {steps} steps",
        compiled.classes.len(),
        compiled.resolved.identities.len(),
    )
}

/// The most memory this process ever had.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells of this process");
    let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("a peak is told");
    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
    digits.parse().expect("a number of KiB")
}

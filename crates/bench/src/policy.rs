//! `policy`: what it costs to compile large worlds, on one thread, from checked policies to tables.
//!
//! The shapes are those that Cilium's own engine was measured with; its figures stand in the book,
//! beside ours.

use std::fs;
use std::hint::black_box;
use std::time::Duration;

use anyhow::Context;
use nix::time::{ClockId, clock_gettime};
use podwall_model::Mode;
use podwall_policy::compile::resolve_all;
use podwall_policy::identity::Identities;
use podwall_policy::options::Options;
use podwall_testkit::shape::{self, Local, Shape};

use crate::report::{Form, Row};
use crate::rounds::{Rounds, interleave};

const ROUNDS: usize = 7;

/// A world to compile, and the milliseconds that it may take.
struct Candidate {
    name: &'static str,
    shape: Shape,
    target: Option<f64>,
}

/// Prints a row for each shape, and the most memory that was ever in use.
pub(crate) fn measure(form: Form) -> anyhow::Result<()> {
    measure_shapes(
        form,
        vec![
            Candidate {
                name: "spread: 10,000 policies, 10,000 pods, 110 of them local",
                shape: shape::spread(Local::OneIn(90)),
                target: Some(25.0),
            },
            Candidate {
                name: "noise: the same once more",
                shape: shape::spread(Local::OneIn(90)),
                target: None,
            },
            Candidate {
                name: "spread: all 10,000 pods local, 8,000 classes",
                shape: shape::spread(Local::All),
                target: Some(150.0),
            },
        ],
    )?;
    peak("spread", 120.0)?.print(form)?;
    let one = |name, count, target| Candidate { name, shape: shape::one_namespace(count), target };
    let ranges = |name, count, target| Candidate { name, shape: shape::ranges(count), target };
    measure_shapes(
        form,
        vec![
            one("one namespace: 1,000 policies, 1,000 pods", 1_000, None),
            one("one namespace: 10,000 policies, 10,000 pods", 10_000, Some(50.0)),
            ranges("ranges: 500 policies, an allow and a deny each", 500, None),
            ranges("ranges: 1,000 policies", 1_000, Some(15.0)),
            ranges("ranges: 2,000 policies", 2_000, None),
        ],
    )
}

fn measure_shapes(form: Form, mut candidates: Vec<Candidate>) -> anyhow::Result<()> {
    let rounds = interleave(ROUNDS, &mut candidates, |candidate| compile(&candidate.shape))?;
    for (candidate, rounds) in candidates.iter().zip(rounds) {
        row(candidate.name, &rounds, candidate.target).print(form)?;
    }
    Ok(())
}

/// The milliseconds of CPU time from checked policies to tables, identities included.
fn compile(shape: &Shape) -> anyhow::Result<f64> {
    let options = Options { mode: Mode::Enforce, ..Options::default() };
    let mut identities = Identities::default();
    let start = cpu_time()?;
    let compiled = resolve_all(black_box(&shape.policies), &shape.world, &options, &mut identities);
    let elapsed = cpu_time()? - start;
    black_box(compiled);
    Ok(elapsed.as_secs_f64() * 1e3)
}

/// What this thread has used of the CPU: other work on the machine does not count.
pub(crate) fn cpu_time() -> anyhow::Result<Duration> {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).context("read the CPU clock")?;
    Ok(time.into())
}

fn row(name: &str, rounds: &Rounds, target: Option<f64>) -> Row {
    Row {
        name: name.to_owned(),
        value: rounds.median(),
        unit: "ms CPU",
        target,
        peer: None,
        interval: rounds.interval(),
    }
}

/// The most memory that this process ever had, its checked policies included.
fn peak(name: &str, target: f64) -> anyhow::Result<Row> {
    let status = fs::read_to_string("/proc/self/status").context("read /proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).context("no peak is told")?;
    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
    let value = digits.parse::<f64>().context("a peak that is no number")? / 1024.0;
    Ok(Row {
        name: format!("{name}: peak memory, with three shapes of checked policies"),
        value,
        unit: "MiB",
        target: Some(target),
        peer: None,
        interval: (value, value),
    })
}

//! `policy`: what it costs to compile large worlds, on one thread, from checked policies to tables.
//!
//! The shapes are those that Cilium's own engine was measured with; its figures stand in the book,
//! beside ours.

use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
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

/// Prints a row for each shape, and the most memory of two of them.
pub(crate) fn measure(form: Form) -> anyhow::Result<()> {
    measure_shapes(
        form,
        vec![
            Candidate {
                name: "spread: 10,000 policies, 10,000 pods, 110 of them local",
                shape: shape::spread(Local::OneIn(90)).read(),
                target: Some(25.0),
            },
            Candidate {
                name: "noise: the same once more",
                shape: shape::spread(Local::OneIn(90)).read(),
                target: None,
            },
            Candidate {
                name: "spread: all 10,000 pods local, 8,000 classes",
                shape: shape::spread(Local::All).read(),
                target: Some(150.0),
            },
        ],
    )?;
    let all = "spread: all 10,000 pods local, its process at most";
    apart("spread", all, (None, Some(120.0)), form)?;
    let node = "75,000 policies, 100,000 pods, 25,000 namespaces, 111 local";
    apart("node", node, (None, None), form)?;
    let small = "75,000 policies, 100,000 pods, 25,000 namespaces, all local";
    apart("small", small, (Some(300.0), Some(250.0)), form)?;
    let one =
        |name, count, target| Candidate { name, shape: shape::one_namespace(count).read(), target };
    let ranges =
        |name, count, target| Candidate { name, shape: shape::ranges(count).read(), target };
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
pub(crate) fn compile(shape: &Shape) -> anyhow::Result<f64> {
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

/// Compiles a shape once in a process of its own, so that its memory is told apart: prints the time
/// and the most memory, checked policies and world included, in 10^6 bytes.
fn apart(
    shape: &str,
    name: &str,
    (time, memory): (Option<f64>, Option<f64>),
    form: Form,
) -> anyhow::Result<()> {
    let this = std::env::current_exe().context("find this program")?;
    let run = Command::new(this).args(["alone", shape]).output().context("run a shape alone")?;
    ensure!(run.status.success(), "a shape alone: {}", String::from_utf8_lossy(&run.stderr));
    let text = String::from_utf8(run.stdout).context("what a shape alone says")?;
    let figures: Vec<f64> = text.split_whitespace().filter_map(|one| one.parse().ok()).collect();
    let [taken, peak] = figures[..] else { anyhow::bail!("not two figures: `{text}`") };
    let row = |value, unit, target| Row {
        name: name.to_owned(),
        value,
        unit,
        target,
        peer: None,
        interval: (value, value),
    };
    row(taken, "ms CPU", time).print(form)?;
    row(peak, "MB", memory).print(form)
}

/// One shape in this process alone: its milliseconds and the most memory, in 10^6 bytes.
pub(crate) fn alone(shape: &str) -> anyhow::Result<()> {
    let shape = match shape {
        "spread" => shape::spread(Local::All),
        "small" => shape::small_namespaces(25_000, Local::All),
        "node" => shape::small_namespaces(25_000, Local::OneIn(909)),
        other => anyhow::bail!("no such shape: `{other}`"),
    };
    let shape = shape.read();
    // The peak counts from here: neither texts nor what reading them took.
    fs::write("/proc/self/clear_refs", "5").context("reset the peak")?;
    let taken = compile(&shape)?;
    let status = fs::read_to_string("/proc/self/status").context("read /proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).context("no peak is told")?;
    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
    let peak = digits.parse::<f64>().context("a peak that is no number")? * 1024.0 / 1e6;
    println!("{taken} {peak}");
    Ok(())
}

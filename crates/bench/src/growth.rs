//! `policy`: no cliff. What twice as many ports, priorities, names or rules of requests cost over
//! half as many, compiled on one thread.

use podwall_testkit::shape::{self, Outline};

use crate::policy::compile;
use crate::report::{Form, Row};
use crate::rounds::interleave;

const ROUNDS: usize = 7;
/// The most that a doubling may cost: 1.15 times as much for each.
const DOUBLING: f64 = 2.3;

/// A shape that can be twice as large.
struct Kind {
    name: &'static str,
    counts: [usize; 3],
    shape: fn(usize) -> Outline,
}

const KINDS: [Kind; 4] = [
    Kind { name: "rules of 40 ports", counts: [100, 200, 400], shape: shape::ports },
    Kind { name: "priorities", counts: [16_384, 32_768, 65_537], shape: shape::priorities },
    Kind { name: "FQDNs by name", counts: [2_500, 5_000, 10_000], shape: shape::names },
    Kind { name: "FQDNs by pattern", counts: [2_500, 5_000, 10_000], shape: shape::patterns },
];

/// Prints for each kind the time of each count, and what each doubling costs.
pub(crate) fn measure(form: Form) -> anyhow::Result<()> {
    for kind in KINDS {
        let mut shapes = kind.counts.map(|count| (kind.shape)(count).read());
        let rounds = interleave(ROUNDS, &mut shapes, |shape| compile(shape))?;
        for (at, (count, taken)) in kind.counts.iter().zip(&rounds).enumerate() {
            let name = format!("growth: {count} {}", kind.name);
            row(name, taken.median(), taken.interval(), "ms CPU", None).print(form)?;
            let Some(before) = at.checked_sub(1) else { continue };
            let ratio = taken.over(&rounds[before]);
            let name = format!("growth: {count} {} to {}", kind.name, kind.counts[before]);
            row(name, ratio.median(), ratio.interval(), "x", Some(DOUBLING)).print(form)?;
        }
    }
    Ok(())
}

fn row(
    name: String,
    value: f64,
    interval: (f64, f64),
    unit: &'static str,
    target: Option<f64>,
) -> Row {
    Row { name, value, unit, target, peer: None, interval }
}

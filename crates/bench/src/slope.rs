//! How the cost of an established packet changes from one identity and one policy to very many:
//! over each of both, and over both at once.

use anyhow::ensure;
use podwall_datapath::{Frame, Program};

use crate::empty::Empty;
use crate::frame::{ACK, SYN, tcp};
use crate::lab::{CLIENT, Lab, SERVER};
use crate::ours::{Ours, Size};
use crate::program::{ip, print};
use crate::report::{Form, Row};
use crate::rounds::Rounds;
use crate::traffic::{ALLOWED, best_of_bursts, processor_time};

/// Rounds of each size.
const ROUNDS: usize = 15;
/// Runs of one burst.
const RUNS: u32 = 50_000;
/// What the others are held against.
const SMALLEST: Size = Size { identities: 1, policies: 1 };
/// One thing grows at a time, then both; the smallest again shows what is noise.
const SIZES: [Size; 4] = [
    SMALLEST,
    Size { identities: 1, policies: 10_000 },
    Size { identities: 65_536, policies: 1 },
    Size { identities: 65_536, policies: 10_000 },
];

/// Prints all rows.
pub(crate) fn measure(lab: &Lab, form: Form) -> anyhow::Result<()> {
    let base = established(lab, SMALLEST)?;
    print(form, &name(SMALLEST), &base, None)?;
    for size in SIZES {
        let cost = established(lab, size)?;
        let ratio = Rounds(cost.0.iter().map(|cost| cost / base.median()).collect());
        let again = if size == SMALLEST { " again (noise)" } else { "" };
        let row = Row {
            name: format!("{}{again}, to the smallest", name(size)),
            value: ratio.median(),
            unit: "x",
            target: (size != SMALLEST).then_some(1.02),
            peer: None,
            interval: ratio.interval(),
        };
        row.print(form)?;
    }
    Ok(())
}

fn name(size: Size) -> String {
    format!("established packet, {} identities, {} policies", size.identities, size.policies)
}

fn established(lab: &Lab, size: Size) -> anyhow::Result<Rounds> {
    let ours = Ours::start(lab, size)?;
    let empty = Empty::load()?;
    let ends = (ip(CLIENT[0]), ip(SERVER[0]));
    let run = |flags, repeat| {
        let bytes = &tcp(ends.0, ends.1, (40_000, ALLOWED), flags);
        let frame = Frame { interface: ours.interfaces[0], sender: 0, bytes };
        ours.datapath().run(Program::FromPod, frame, repeat)
    };
    ensure!(run(SYN, 1)?.passed, "it is let in");
    let frame = tcp(ends.0, ends.1, (40_000, ALLOWED), ACK);
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        let floor = best_of_bursts(f64::min, || {
            each(|| {
                empty.time(&frame, RUNS)?;
                Ok(())
            })
        })?;
        let cost = best_of_bursts(f64::min, || {
            each(|| {
                run(ACK, RUNS)?;
                Ok(())
            })
        })?;
        rounds.0.push(cost - floor);
    }
    ours.stop(lab)?;
    Ok(rounds)
}

/// Nanoseconds of one of so many runs. By the processor's time, as the kernel's own figure is in
/// whole nanoseconds: one of them is more than the slope may be.
fn each(runs: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let start = processor_time()?;
    runs()?;
    Ok((processor_time()? - start).as_nanos() as f64 / f64::from(RUNS))
}

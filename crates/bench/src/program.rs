//! What a program costs over an empty one, by `BPF_PROG_TEST_RUN`: established packets hot and
//! cold, first packets, denied packets, and how that changes with identities and policies.

use std::net::IpAddr;

use anyhow::ensure;
use podwall_datapath::{Frame, Program};

use crate::empty::Empty;
use crate::frame::{ACK, SYN, tcp};
use crate::lab::{CLIENT, Lab, SERVER, pin};
use crate::ours::{Ours, Size};
use crate::report::{Form, Row};
use crate::rounds::Rounds;
use crate::traffic::{ALLOWED, ALSO_ALLOWED, DENIED};

/// Rounds of each row.
const ROUNDS: usize = 9;
/// Runs of a hot packet in one round.
const HOT: u32 = 300_000;
/// Connections of the cold rows.
const COLD: u32 = 131_072;
/// First packets of one round.
const FIRST: u32 = 20_000;
/// Rounds of first packets: each connection can be begun once.
const FIRST_ROUNDS: u32 = 6;

/// Prints all rows.
pub(crate) fn measure(lab: &Lab, form: Form) -> anyhow::Result<()> {
    pin()?;
    // A run on a frame looks its device up in the caller's namespace.
    lab.enter("node")?;
    let small = Size { identities: 16, policies: 16 };
    let ours = Ours::start(lab, small)?;
    let bench = Bench { ours: &ours, empty: Empty::load()?, form };
    bench.noise()?;
    bench.established(CLIENT[0], SERVER[0], "IPv4", 40.0)?;
    bench.established(CLIENT[1], SERVER[1], "IPv6", 42.0)?;
    bench.denied()?;
    bench.first()?;
    ours.stop(lab)?;
    let ours = Ours::start(lab, small)?;
    Bench { ours: &ours, empty: Empty::load()?, form }.cold()?;
    ours.stop(lab)?;
    slope(lab, form)
}

struct Bench<'a> {
    ours: &'a Ours,
    empty: Empty,
    form: Form,
}

impl Bench<'_> {
    fn floor(&self) -> anyhow::Result<f64> {
        self.empty.time(&tcp(ip(CLIENT[0]), ip(SERVER[0]), (40_000, ALLOWED), ACK), HOT)
    }

    fn run(&self, frame: &[u8], repeat: u32) -> anyhow::Result<(bool, f64)> {
        let frame = Frame { interface: self.ours.interfaces[0], sender: 0, bytes: frame };
        let ran = self.ours.datapath().run(Program::FromPod, frame, repeat)?;
        Ok((ran.passed, ran.duration.as_nanos() as f64))
    }

    fn noise(&self) -> anyhow::Result<()> {
        let mut rounds = Rounds::default();
        for _ in 0..ROUNDS {
            rounds.0.push(self.floor()? - self.floor()?);
        }
        print(self.form, "empty program over itself (noise)", &rounds, None)
    }

    fn established(&self, from: &str, to: &str, family: &str, target: f64) -> anyhow::Result<()> {
        let ends = (ip(from), ip(to));
        ensure!(self.run(&tcp(ends.0, ends.1, (40_000, ALLOWED), SYN), 1)?.0, "it is let in");
        let frame = tcp(ends.0, ends.1, (40_000, ALLOWED), ACK);
        let mut rounds = Rounds::default();
        for _ in 0..ROUNDS {
            let floor = self.floor()?;
            rounds.0.push(self.run(&frame, HOT)?.1 - floor);
        }
        print(self.form, &format!("established packet, hot, {family}"), &rounds, Some(target))
    }

    /// The event is part of it: each one is written to the ring, which is emptied between rounds.
    fn denied(&self) -> anyhow::Result<()> {
        let frame = tcp(ip(CLIENT[0]), ip(SERVER[0]), (40_001, DENIED), SYN);
        let mut events = self.ours.datapath().events()?;
        let mut rounds = Rounds::default();
        for _ in 0..ROUNDS {
            let floor = self.floor()?;
            let (passed, time) = self.run(&frame, FIRST)?;
            ensure!(!passed, "it is denied");
            rounds.0.push(time - floor);
            while !events.drain(4096).is_empty() {}
        }
        ensure!(self.ours.datapath().lost()? == 0, "every event was written");
        print(self.form, "denied packet, event included", &rounds, Some(400.0))
    }

    /// Each first packet is another one, so each is a call of its own; what a call costs beside the
    /// program is what an empty program's call costs.
    fn first(&self) -> anyhow::Result<()> {
        let mut events = self.ours.datapath().events()?;
        let mut rounds = Rounds::default();
        for round in 0..FIRST_ROUNDS {
            let mut ours = Rounds::default();
            let mut floor = Rounds::default();
            for number in 0..FIRST {
                let frame = self.numbered(round * FIRST + number, SYN);
                let (passed, time) = self.run(&frame, 1)?;
                ensure!(passed, "it is let in");
                ours.0.push(time);
                floor.0.push(self.empty.time(&frame, 1)?);
                if number % 1000 == 0 {
                    events.drain(4096);
                }
            }
            rounds.0.push(ours.median() - floor.median());
            while !events.drain(4096).is_empty() {}
        }
        print(self.form, "first packet of a connection, event included", &rounds, Some(1000.0))
    }

    /// Every packet is of another connection than the one before it.
    fn cold(&self) -> anyhow::Result<()> {
        let mut events = self.ours.datapath().events()?;
        let ends = (ip(CLIENT[0]), ip(SERVER[0]));
        for number in 0..COLD {
            let server = if number >> 16 == 0 { ALLOWED } else { ALSO_ALLOWED };
            let frame = tcp(ends.0, ends.1, (number as u16, server), SYN);
            ensure!(self.run(&frame, 1)?.0, "it is let in");
            if number % 1000 == 0 {
                events.drain(4096);
            }
        }
        let frame = tcp(ends.0, ends.1, (0, ALLOWED), ACK);
        let device = self.ours.interfaces[0];
        let mut rounds = Rounds::default();
        for _ in 0..ROUNDS {
            self.empty.wrap_itself()?;
            let floor = self.empty.time_wrapped(&frame, device, COLD)?;
            self.empty.wrap_pinned(&self.ours.program("from_pod"))?;
            rounds.0.push(self.empty.time_wrapped(&frame, device, COLD)? - floor);
        }
        ensure!(self.ours.datapath().lost()? == 0, "every event was written");
        let told = std::iter::from_fn(|| Some(events.drain(4096)).filter(|e| !e.is_empty()));
        ensure!(told.map(|events| events.len()).sum::<usize>() < 5000, "every run found its own");
        let name = "established packet, cold, 131,072 connections in turn";
        print(self.form, name, &rounds, Some(160.0))
    }

    /// One of the 131,072 connections that the pair can have: every port of the client, in both
    /// families.
    fn numbered(&self, number: u32, flags: u8) -> Vec<u8> {
        let family = (number >> 16 & 1) as usize;
        tcp(ip(CLIENT[family]), ip(SERVER[family]), (number as u16, ALLOWED), flags)
    }
}

/// Established and first packets from one identity and policy to very many.
fn slope(lab: &Lab, form: Form) -> anyhow::Result<()> {
    let sizes = [
        Size { identities: 1, policies: 1 },
        Size { identities: 1000, policies: 1000 },
        Size { identities: 65_536, policies: 10_000 },
    ];
    let mut first: Option<f64> = None;
    for size in sizes {
        let ours = Ours::start(lab, size)?;
        let bench = Bench { ours: &ours, empty: Empty::load()?, form };
        let ends = (ip(CLIENT[0]), ip(SERVER[0]));
        ensure!(bench.run(&tcp(ends.0, ends.1, (40_000, ALLOWED), SYN), 1)?.0, "it is let in");
        let frame = tcp(ends.0, ends.1, (40_000, ALLOWED), ACK);
        let mut rounds = Rounds::default();
        for _ in 0..ROUNDS {
            let floor = bench.floor()?;
            rounds.0.push(bench.run(&frame, HOT)?.1 - floor);
        }
        let name = format!(
            "established packet at {} identities, {} policies",
            size.identities, size.policies
        );
        print(form, &name, &rounds, None)?;
        let base = *first.get_or_insert(rounds.median());
        let ratio = Rounds(rounds.0.iter().map(|value| value / base).collect());
        let row = Row {
            name: format!("{name}, to the smallest"),
            value: ratio.median(),
            unit: "x",
            target: Some(1.02),
            peer: None,
            interval: ratio.interval(),
        };
        row.print(form)?;
        ours.stop(lab)?;
    }
    Ok(())
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("the lab's addresses are addresses")
}

fn print(form: Form, name: &str, rounds: &Rounds, target: Option<f64>) -> anyhow::Result<()> {
    let row = Row {
        name: name.to_owned(),
        value: rounds.median(),
        unit: "ns",
        target,
        peer: None,
        interval: rounds.interval(),
    };
    row.print(form)
}

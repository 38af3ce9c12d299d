//! What a program costs over an empty one, by `BPF_PROG_TEST_RUN`: established packets that are
//! hot, first packets, denied packets.

use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::ensure;
use nix::libc;
use podwall_datapath::{Events, Frame, LINGER, Program};

use crate::empty::Empty;
use crate::frame::{ACK, SYN, tcp};
use crate::lab::{CLIENT, Lab, SERVER, pin, unpin};
use crate::ours::{Ours, Size};
use crate::report::{Form, Row};
use crate::rounds::Rounds;
use crate::traffic::{ALLOWED, ALSO_ALLOWED, DENIED, best_of_bursts};

/// Rounds of each row.
const ROUNDS: usize = 9;
/// Runs of a hot packet in one burst.
const HOT: u32 = 60_000;
/// Runs of a denied packet in one round.
const DENIED_RUNS: u32 = 20_000;
/// How long a reader without events waits.
const LONG: Duration = Duration::from_millis(100);
/// Packets of one round that each make an event.
const FIRST: u32 = 1000;
/// Rounds of first packets: each connection can be begun once.
const FIRST_ROUNDS: u32 = 65;

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
    bench.first(Reader::Nobody)?;
    bench.first(Reader::Live)?;
    ours.stop(lab)
}

/// Who takes events out of the ring while they are made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// Nobody: it is emptied between rounds.
    Nobody,
    /// Another thread on another processor, woken as the agent is.
    Live,
}

/// Reads as the agent does: when it is woken, and again after a while as long as events come.
/// Says how many there were.
fn read_on(events: &mut Events, done: &AtomicBool) -> anyhow::Result<usize> {
    unpin()?;
    let (mut count, mut patience) = (0, LONG);
    loop {
        let last = done.load(Ordering::Relaxed);
        let rang = is_readable(events.as_fd(), patience)?;
        let seen = events.drain(4096);
        count += seen.len();
        if last && seen.is_empty() {
            return Ok(count);
        }
        patience = if rang || !seen.is_empty() { LINGER } else { LONG };
    }
}

fn is_readable(descriptor: BorrowedFd<'_>, patience: Duration) -> anyhow::Result<bool> {
    let timeout = i32::try_from(patience.as_millis())?;
    let mut asked = libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one descriptor is asked about, and it outlives the call.
    let ready = unsafe { libc::poll(&raw mut asked, 1, timeout) };
    ensure!(ready >= 0, "unable to wait for events");
    Ok(ready == 1)
}

struct Bench<'a> {
    ours: &'a Ours,
    empty: Empty,
    form: Form,
}

impl Bench<'_> {
    fn floor(&self) -> anyhow::Result<f64> {
        let frame = tcp(ip(CLIENT[0]), ip(SERVER[0]), (40_000, ALLOWED), ACK);
        best_of_bursts(f64::min, || self.empty.time(&frame, HOT))
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
        // A connection that no first packet below begins.
        let frame = |flags| tcp(ends.0, ends.1, (40_000, ALSO_ALLOWED), flags);
        ensure!(self.run(&frame(SYN), 1)?.0, "it is let in");
        let frame = frame(ACK);
        let mut rounds = Rounds::default();
        for _ in 0..ROUNDS {
            let floor = self.floor()?;
            let cost = best_of_bursts(f64::min, || Ok(self.run(&frame, HOT)?.1))?;
            rounds.0.push(cost - floor);
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
            let (passed, time) = self.run(&frame, DENIED_RUNS)?;
            ensure!(!passed, "it is denied");
            rounds.0.push(time - floor);
            while !events.drain(4096).is_empty() {}
        }
        ensure!(self.ours.datapath().lost()? == 0, "every event was written");
        print(self.form, "denied packet, event included", &rounds, Some(400.0))
    }

    /// Each first packet is another one, so each is a call of its own; what a call costs beside the
    /// program is what an empty program's call costs. Means, so that waking a reader is in them.
    fn first(&self, reader: Reader) -> anyhow::Result<()> {
        let mut events = self.ours.datapath().events()?;
        let done = AtomicBool::new(false);
        let mut rounds = Rounds::default();
        std::thread::scope(|scope| {
            let (mut ring, read) = match reader {
                Reader::Nobody => (Some(&mut events), None),
                Reader::Live => (None, Some(scope.spawn(|| read_on(&mut events, &done)))),
            };
            let begun = reader as u32 * FIRST_ROUNDS;
            let result = (begun..begun + FIRST_ROUNDS).try_for_each(|round| {
                rounds.0.push(self.first_burst(round)?);
                while ring.as_mut().is_some_and(|ring| !ring.drain(4096).is_empty()) {}
                anyhow::Ok(())
            });
            done.store(true, Ordering::Relaxed);
            if let Some(read) = read {
                let read = read.join().expect("a reader does not panic")?;
                ensure!(read >= (FIRST * FIRST_ROUNDS) as usize, "the reader took them: {read}");
            }
            result
        })?;
        ensure!(self.ours.datapath().lost()? == 0, "every event was written");
        let (who, target) = match reader {
            Reader::Nobody => ("event included", 1000.0),
            Reader::Live => ("event included, a live reader", 1300.0),
        };
        let name = format!("first packet of a connection, {who}");
        print(self.form, &name, &rounds, Some(target))
    }

    fn first_burst(&self, round: u32) -> anyhow::Result<f64> {
        let (mut ours, mut floor) = (0.0, 0.0);
        for number in round * FIRST..(round + 1) * FIRST {
            let frame = self.numbered(number, SYN);
            let (passed, time) = self.run(&frame, 1)?;
            ensure!(passed, "it is let in");
            ours += time;
            floor += self.empty.time(&frame, 1)?;
        }
        Ok((ours - floor) / f64::from(FIRST))
    }

    /// One of the 131,072 connections that the pair can have: every port of the client, in both
    /// families.
    fn numbered(&self, number: u32, flags: u8) -> Vec<u8> {
        let family = (number >> 16 & 1) as usize;
        tcp(ip(CLIENT[family]), ip(SERVER[family]), (number as u16, ALLOWED), flags)
    }
}

/// An address of the lab.
pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().expect("the lab's addresses are addresses")
}

/// Prints a row of nanoseconds.
pub(crate) fn print(
    form: Form,
    name: &str,
    rounds: &Rounds,
    target: Option<f64>,
) -> anyhow::Result<()> {
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

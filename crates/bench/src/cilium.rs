//! Cilium's `bpf_lxc` beside our hook: the same frames, in the same rounds, by
//! `BPF_PROG_TEST_RUN`. It is first shown to deny, and to find an established connection again.
//!
//! A row of our own stands beside each of Cilium's, because only figures of one round compare.

mod lxc;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::ensure;
use podwall_datapath::{Frame, Program};

use crate::cilium::lxc::{Hook, Knows, Lxc, Setup};
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
/// Runs of a denied packet in one round; every one writes an event.
const DENIALS: u32 = 20_000;
/// Connections of the cold row.
const COLD: u32 = 131_072;
/// First packets of one round; every connection of both families is begun once at most.
const FIRST: u32 = 20_000;
/// Rounds of first packets.
const FIRST_ROUNDS: u32 = 6;
/// Peers beside the one that is spoken to, each with a port.
const PEERS: u32 = 16;
/// The lowest identity that Cilium gives to a pod of ours.
const IDENTITY: u32 = 1000;
/// What our policies know, to be no smaller than what Cilium's know.
const SIZE: Size = Size { identities: PEERS, policies: PEERS };
const FAMILIES: [&str; 2] = ["IPv4", "IPv6"];

/// Builds it and loads it into the kernel; nothing runs it yet.
pub(crate) fn load() -> anyhow::Result<Lxc> {
    Lxc::load(&setup())
}

/// Prints all rows.
pub(crate) fn measure(lab: &Lab, lxc: Lxc, form: Form) -> anyhow::Result<()> {
    pin()?;
    // A run on a frame looks its device up in the caller's namespace.
    lab.enter("node")?;
    let from = lxc.hook("cil_from_container")?;
    let to = lxc.hook("cil_to_container")?;
    let hooks = Hooks { lxc, from, to, empty: Empty::load()? };
    let ours = Ours::start(lab, SIZE)?;
    let bench = Bench { ours: &ours, hooks: &hooks, form };
    for family in 0..FAMILIES.len() {
        bench.prove(family)?;
        bench.established(family)?;
    }
    bench.denied()?;
    bench.first()?;
    ours.stop(lab)?;
    let ours = Ours::start(lab, SIZE)?;
    Bench { ours: &ours, hooks: &hooks, form }.cold()?;
    ours.stop(lab)
}

fn setup() -> Setup {
    let mut peers = vec![Knows {
        addresses: SERVER.map(ip).to_vec(),
        identity: IDENTITY,
        ports: vec![ALLOWED, ALSO_ALLOWED],
    }];
    peers.extend((1..=PEERS).map(|number| Knows {
        addresses: vec![
            Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 128, 0, 0)) + number).into(),
            Ipv6Addr::from(0xfd98_u128 << 112 | u128::from(number)).into(),
        ],
        identity: IDENTITY + number,
        ports: vec![1000 + number as u16],
    }));
    Setup { pod: CLIENT.map(ip), peers }
}

/// What is measured beside ours: Cilium's two hooks, and the floor.
struct Hooks {
    lxc: Lxc,
    from: Hook,
    to: Hook,
    empty: Empty,
}

struct Bench<'a> {
    ours: &'a Ours,
    hooks: &'a Hooks,
    form: Form,
}

/// Rounds of ours and of Cilium's, measured in turn.
#[derive(Default)]
struct Beside {
    ours: Rounds,
    theirs: Rounds,
}

impl Bench<'_> {
    /// A peer that does not deny, or that judges every packet anew, is not measured.
    fn prove(&self, family: usize) -> anyhow::Result<()> {
        for (hook, way) in [(&self.hooks.from, out as Way), (&self.hooks.to, back as Way)] {
            let before = self.hooks.lxc.connections(family)?;
            ensure!(hook.run(&way(family, 40_000, ALLOWED, SYN), 1)?.0, "cilium lets it pass");
            let opened = self.hooks.lxc.connections(family)?;
            ensure!(opened == before + 1, "cilium opens one connection");
            ensure!(hook.run(&way(family, 40_000, ALLOWED, ACK), 100)?.0, "cilium lets it pass");
            ensure!(self.hooks.lxc.connections(family)? == opened, "cilium finds it again");
            ensure!(!hook.run(&way(family, 40_001, DENIED, SYN), 1)?.0, "cilium denies");
            ensure!(self.hooks.lxc.connections(family)? == opened, "what is denied is not kept");
        }
        ensure!(self.run(&out(family, 40_000, ALLOWED, SYN), 1)?.0, "ours lets it pass");
        ensure!(!self.run(&out(family, 40_001, DENIED, SYN), 1)?.0, "ours denies");
        Ok(())
    }

    fn established(&self, family: usize) -> anyhow::Result<()> {
        let frame = out(family, 40_000, ALLOWED, ACK);
        let answer = back(family, 40_000, ALLOWED, ACK);
        let (mut beside, mut inward) = (Beside::default(), Rounds::default());
        for _ in 0..ROUNDS {
            let floor = self.hooks.empty.time(&frame, HOT)?;
            beside.ours.0.push(self.run(&frame, HOT)?.1 - floor);
            beside.theirs.0.push(self.hooks.from.run(&frame, HOT)?.1 - floor);
            inward.0.push(self.hooks.to.run(&answer, HOT)?.1 - floor);
        }
        let what = format!("established packet, hot, {}", FAMILIES[family]);
        self.print(&what, &beside, Some(0.13))?;
        self.row(format!("{what}: cilium to_container"), &inward, "ns", None)
    }

    /// With nobody reading: ours into its ring, emptied between rounds; Cilium's finds no reader.
    fn denied(&self) -> anyhow::Result<()> {
        let frame = out(0, 40_001, DENIED, SYN);
        let mut events = self.ours.datapath().events()?;
        let mut beside = Beside::default();
        for _ in 0..ROUNDS {
            let floor = self.hooks.empty.time(&frame, HOT)?;
            beside.ours.0.push(self.run(&frame, DENIALS)?.1 - floor);
            beside.theirs.0.push(self.hooks.from.run(&frame, DENIALS)?.1 - floor);
            while !events.drain(4096).is_empty() {}
        }
        self.print("denied packet, one peer", &beside, None)
    }

    /// Each first packet is another one, so each is a call of its own; what a call costs beside the
    /// program is what an empty program's call costs.
    fn first(&self) -> anyhow::Result<()> {
        let mut events = self.ours.datapath().events()?;
        let mut beside = Beside::default();
        for round in 0..FIRST_ROUNDS {
            let mut calls = [Rounds::default(), Rounds::default(), Rounds::default()];
            for number in round * FIRST..(round + 1) * FIRST {
                // The port 40,000 has been used above.
                let frame = out((number >> 16 & 1) as usize, number as u16, ALSO_ALLOWED, SYN);
                calls[0].0.push(self.hooks.empty.time(&frame, 1)?);
                let (passed, time) = self.run(&frame, 1)?;
                calls[1].0.push(time);
                let (theirs_passed, time) = self.hooks.from.run(&frame, 1)?;
                calls[2].0.push(time);
                ensure!(passed && theirs_passed, "both let it pass");
                if number % 1000 == 0 {
                    events.drain(4096);
                }
            }
            let [floor, ours, theirs] = calls.map(|rounds| rounds.median());
            beside.ours.0.push(ours - floor);
            beside.theirs.0.push(theirs - floor);
            while !events.drain(4096).is_empty() {}
        }
        self.print("first packet of a connection, one peer", &beside, None)
    }

    /// Every packet is of another connection than the one before it, in IPv4.
    fn cold(&self) -> anyhow::Result<()> {
        let mut events = self.ours.datapath().events()?;
        for number in 0..COLD {
            let port = if number >> 16 == 0 { ALLOWED } else { ALSO_ALLOWED };
            let frame = out(0, number as u16, port, SYN);
            ensure!(self.run(&frame, 1)?.0, "it is let in");
            ensure!(self.hooks.from.run(&frame, 1)?.0, "it is let in by cilium");
            if number % 1000 == 0 {
                events.drain(4096);
            }
        }
        ensure!(self.hooks.lxc.connections(0)? >= COLD as usize, "cilium keeps every connection");
        let frame = out(0, 0, ALLOWED, ACK);
        let device = self.ours.interfaces[0];
        let time = || self.hooks.empty.time_wrapped(&frame, device, COLD);
        let mut beside = Beside::default();
        for _ in 0..ROUNDS {
            self.hooks.empty.wrap_itself()?;
            let floor = time()?;
            self.hooks.empty.wrap_pinned(&self.ours.program("from_pod"))?;
            beside.ours.0.push(time()? - floor);
            self.hooks.empty.wrap_pinned(&self.hooks.from.pin)?;
            // A connection tells of itself every five seconds; an untimed pass takes that first.
            time()?;
            beside.theirs.0.push(time()? - floor);
        }
        self.print("established packet, cold, 131,072 connections in turn, one peer", &beside, None)
    }

    fn run(&self, frame: &[u8], repeat: u32) -> anyhow::Result<(bool, f64)> {
        let frame = Frame { interface: self.ours.interfaces[0], sender: 0, bytes: frame };
        let ran = self.ours.datapath().run(Program::FromPod, frame, repeat)?;
        Ok((ran.passed, ran.duration.as_nanos() as f64))
    }

    fn print(&self, what: &str, beside: &Beside, target: Option<f64>) -> anyhow::Result<()> {
        self.row(format!("{what}: cilium from_container"), &beside.theirs, "ns", None)?;
        self.row(format!("{what}: podwall beside it"), &beside.ours, "ns", None)?;
        let ratio = beside.ours.over(&beside.theirs);
        self.row(format!("{what}: podwall over cilium"), &ratio, "x", target)
    }

    fn row(
        &self,
        name: String,
        rounds: &Rounds,
        unit: &'static str,
        target: Option<f64>,
    ) -> anyhow::Result<()> {
        let (value, interval) = (rounds.median(), rounds.interval());
        let peer = (unit == "x").then_some("cilium 1.20.2 bpf_lxc");
        Row { name, value, unit, target, peer, interval }.print(self.form)
    }
}

/// How a frame between the pair goes.
type Way = fn(usize, u16, u16, u8) -> Vec<u8>;

/// From the pod to the server.
fn out(family: usize, port: u16, server: u16, flags: u8) -> Vec<u8> {
    tcp(ip(CLIENT[family]), ip(SERVER[family]), (port, server), flags)
}

/// From the peer to a port of the pod.
fn back(family: usize, port: u16, server: u16, flags: u8) -> Vec<u8> {
    tcp(ip(SERVER[family]), ip(CLIENT[family]), (port, server), flags)
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("the lab's addresses are addresses")
}

//! `policy --with cilium`: Cilium's own policy engine on the same shapes, in the same rounds.
//!
//! It runs in processes of its own, on one thread. What is counted is putting parsed policies in
//! force and making the map of each local class; of ours everything, identities too. Before any
//! figure counts, both are asked for the verdicts of the same flows.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Stdio;

use anyhow::{Context, ensure};
use podwall_model::{Address, Direction, Mode, Protocol, WorkloadName, World};
use podwall_policy::compile::{Compiled, CompiledClass, resolve_all};
use podwall_policy::identity::Identities;
use podwall_policy::options::Options;
use podwall_policy::rule::Action;
use podwall_policy::table::Lane;
use podwall_testkit::oracle::{Case, Program};
use podwall_testkit::random::Packet;
use podwall_testkit::shape::{self, Local, Outline};
use serde::Deserialize;

use crate::policy::compile;
use crate::report::{Form, Row};
use crate::rounds::Rounds;

/// Flows of each class that both are asked about.
const FLOWS: usize = 4;
/// The fewest flows of a shape, where it has few classes.
const FLOWS_AT_LEAST: usize = 400;

/// A shape, how often it is measured, and what ours may take of Cilium's.
struct Candidate {
    name: &'static str,
    outline: Outline,
    rounds: usize,
    target: Option<f64>,
}

/// What Cilium's engine says of its cost.
#[derive(Deserialize)]
struct Cost {
    load_ms: f64,
    compute_ms: f64,
    entries: usize,
    verdicts: Vec<String>,
}

/// Prints for each shape ours, Cilium's and their ratio.
pub(crate) fn measure(form: Form) -> anyhow::Result<()> {
    let oracle = Program::build("cilium", "oracle");
    let candidate = |name, outline, rounds, target| Candidate { name, outline, rounds, target };
    let candidates = [
        candidate("spread, 110 local", shape::spread(Local::OneIn(90)), 5, Some(1.0 / 80.0)),
        candidate("spread, all local", shape::spread(Local::All), 1, Some(1.0 / 140.0)),
        candidate("one namespace, 2,000", shape::one_namespace(2_000), 3, None),
        candidate("one namespace, 10,000", shape::one_namespace(10_000), 1, Some(1.0 / 350.0)),
        candidate("ranges, 500", shape::ranges(500), 5, None),
        candidate("ranges, 1,000", shape::ranges(1_000), 5, Some(1.0 / 24.0)),
        candidate("ranges, 2,000", shape::ranges(2_000), 3, None),
        candidate(
            "75,000 policies, 111 local",
            shape::small_namespaces(25_000, Local::OneIn(909)),
            1,
            Some(1.0 / 4.5),
        ),
    ];
    for candidate in candidates {
        candidate.measure(&oracle, form)?;
    }
    Ok(())
}

impl Candidate {
    fn measure(self, oracle: &Program, form: Form) -> anyhow::Result<()> {
        let Candidate { name, outline, rounds, target } = self;
        let options = Options { mode: Mode::Enforce, ..Options::default() };
        let documents = outline.texts.iter().map(|text| text.as_str().into()).collect();
        let shape = outline.read();
        let compiled =
            resolve_all(&shape.policies, &shape.world, &options, &mut Identities::default());
        let (flows, verdicts): (Vec<Packet>, Vec<Action>) =
            flows(&compiled, &shape.world).into_iter().unzip();
        drop(compiled);
        let world = shape.world.clone();
        let line = Case { seed: 0, world, documents, options, flows }.line();
        let (mut ours, mut theirs) = (Rounds::default(), Rounds::default());
        let mut entries = 0;
        for _ in 0..rounds {
            ours.0.push(compile(&shape)?);
            let cost = ask(oracle, &line)?;
            agree(&verdicts, &cost.verdicts).with_context(|| format!("of the shape `{name}`"))?;
            theirs.0.push(cost.load_ms + cost.compute_ms);
            entries = cost.entries;
        }
        let peer = Some("cilium 1.20.2");
        let row = |name, rounds: &Rounds, unit, target| {
            let (value, interval) = (rounds.median(), rounds.interval());
            Row { name, value, unit, target, peer, interval }.print(form)
        };
        row(format!("{name}: cilium, {entries} entries"), &theirs, "ms CPU", None)?;
        row(format!("{name}: podwall beside it"), &ours, "ms CPU", None)?;
        row(format!("{name}: cilium over podwall"), &theirs.over(&ours), "x", None)?;
        row(format!("{name}: podwall over cilium"), &ours.over(&theirs), "x", target)
    }
}

/// One shape in a new process of Cilium's engine.
fn ask(oracle: &Program, line: &str) -> anyhow::Result<Cost> {
    let mut child = oracle
        .command()
        .arg("time")
        .env("GOMAXPROCS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("start cilium's engine")?;
    let mut input = child.stdin.take().context("a pipe to cilium's engine")?;
    // It reads the whole line before it says anything.
    writeln!(input, "{line}").context("tell cilium's engine the shape")?;
    drop(input);
    let output = child.wait_with_output().context("hear cilium's engine")?;
    ensure!(output.status.success(), "cilium's engine ended with {}", output.status);
    serde_json::from_slice(&output.stdout).context("what cilium's engine says")
}

/// First packets in and out of a workload of each class, from pods, to pods and to the outside,
/// and what our tables say of them.
fn flows(compiled: &Compiled, world: &World) -> Vec<(Packet, Action)> {
    let each = FLOWS.max(FLOWS_AT_LEAST / compiled.classes.len());
    let mut flows = Vec::new();
    for class in compiled.classes.values() {
        for number in 0..each {
            let flow = flow(&class.workloads[0], flows.len(), number, world);
            let verdict = verdict(compiled, class, &flow);
            flows.push((flow, verdict));
        }
    }
    flows
}

fn flow(subject: &WorkloadName, at: usize, number: usize, world: &World) -> Packet {
    let pod = world.workloads[at * 7919 % world.workloads.len()].addresses[0];
    let byte = |modulus: usize| u8::try_from(at % modulus).expect("a byte");
    let outside = match at % 3 {
        0 => Ipv4Addr::new(10, byte(17), byte(121), byte(251)),
        1 => Ipv4Addr::new(172, 16 + byte(16), byte(100), 1),
        _ => Ipv4Addr::new(192, byte(17), byte(119), byte(253)),
    };
    let (direction, peer, port) = match number % 4 {
        0 => (Direction::Ingress, pod, 8000 + at % 5),
        1 => (Direction::Egress, IpAddr::from(outside), 80 + at % 97),
        2 => (Direction::Egress, pod, 8000),
        _ => (Direction::Egress, IpAddr::from(outside), 5432),
    };
    let port = u16::try_from(port).expect("a port");
    let own = Ipv4Addr::UNSPECIFIED.into();
    Packet { subject: subject.clone(), direction, own, peer, protocol: Protocol::TCP, port }
}

/// What our tables say of a flow of a class.
fn verdict(compiled: &Compiled, class: &CompiledClass, flow: &Packet) -> Action {
    let peer = compiled.resolved.look_up(Address::from(flow.peer));
    let half = class.enforce.half(flow.direction);
    half.look_up(peer, Lane::new(flow.protocol, flow.port)).action
}

/// Both must say the same, and not the same of everything.
fn agree(ours: &[Action], theirs: &[String]) -> anyhow::Result<()> {
    ensure!(ours.len() == theirs.len(), "verdicts are missing");
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let allowed = theirs == "allow";
        ensure!((*ours == Action::Allow) == allowed, "flow {at}: {ours:?}, cilium says {theirs}");
    }
    let passed = ours.iter().filter(|verdict| **verdict == Action::Allow).count();
    ensure!(passed > 0 && passed < ours.len(), "{passed} of {} flows pass", ours.len());
    Ok(())
}

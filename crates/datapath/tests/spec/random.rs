//! Random worlds, put to the judge, the tables and the kernel: three witnesses of every packet.
//!
//! `PODWALL_WORLDS` sets how many packets are judged and `PODWALL_SEED` the first case. Several
//! nodes work side by side, since a node that changes its tables waits for the kernel most of the
//! time.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use podwall_model::{Address, Protocol, Reason, Verdict};
use podwall_policy::Dialect;
use podwall_policy::end::End;
use podwall_policy::matching;
use podwall_testkit::random::{Case, Packet};
use podwall_testkit::spec::{Crossing, Judge, State, Tables, Told, Witness};

use crate::kernel::{Asked, Counted, Kernel};

/// How many packets are judged where nothing else is asked for.
const PACKETS: u64 = 100_000;
const PACKETS_OF_A_CASE: usize = 400;
/// How many nodes take cases side by side.
const NODES: usize = 4;
/// How many workloads random worlds have names for.
const WORKLOADS: usize = 24;
/// After how many packets a long run says how far it is.
const STRIDE: u64 = 100_000;

fn number(name: &str, otherwise: u64) -> u64 {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("not a number: `{name}={text}`")),
        Err(_) => otherwise,
    }
}

fn state_of(case: &Case) -> State {
    State {
        world: case.world.clone(),
        policies: case.policies.clone(),
        options: case.options,
        dialect: Dialect::default(),
        enforcement: case.options.enforcement,
    }
}

fn crossing_of(packet: &Packet, state: &State) -> Crossing {
    let State { world, options, .. } = state;
    Crossing {
        subject: packet.subject.clone(),
        own: End::at(packet.own, world, options),
        direction: packet.direction,
        peer: End::at(packet.peer, world, options),
        packet: matching::Packet { protocol: packet.protocol, port: packet.port },
    }
}

/// How often each thing was said.
#[derive(Default)]
struct Shares {
    packets: u64,
    skipped: u64,
    by_word: BTreeMap<&'static str, u64>,
}

impl Shares {
    fn count(&mut self, told: &Told) {
        let word = match (told.verdict, told.reason, &told.rule) {
            (Verdict::WouldDrop, _, _) => "would drop",
            (Verdict::WouldAllow, _, _) => "would allow",
            (Verdict::Forwarded, _, Some(_)) => "allowed by a rule",
            (Verdict::Forwarded, _, None) => "open",
            (Verdict::Dropped, Reason::DefaultDeny, _) => "default-denied",
            (Verdict::Dropped, _, _) => "denied by a rule",
        };
        self.packets += 1;
        *self.by_word.entry(word).or_default() += 1;
    }

    fn add(&mut self, other: Shares) {
        self.packets += other.packets;
        self.skipped += other.skipped;
        for (word, count) in other.by_word {
            *self.by_word.entry(word).or_default() += count;
        }
    }
}

fn is_icmp(packet: &Packet) -> bool {
    matches!(packet.protocol, Protocol::ICMP | Protocol::ICMP6)
}

/// Puts every packet of a case to all three, and compares all counters at its end.
fn examine(case: &Case, kernel: &mut Kernel, shares: &mut Shares) {
    let state = state_of(case);
    let mut tables = Tables::default();
    tables.settle(&state).expect("tables can judge everything");
    kernel.settle(&state).expect("the kernel can judge everything");
    let mut events = kernel.events();
    events.drain(usize::MAX);
    let before = kernel.counters();
    let mut counted: BTreeMap<Counted, (u64, u64)> = BTreeMap::new();
    let mut pairs = BTreeSet::new();
    for (client, packet) in (20_000..).zip(case.packets(PACKETS_OF_A_CASE)) {
        // Without ports all packets of a pair are one connection, in whichever direction it began.
        let whole = packet.protocol.has_ports() || is_icmp(&packet);
        if !whole && !pairs.insert((packet.own, packet.peer, packet.protocol)) {
            shares.skipped += 1;
            continue;
        }
        let crossing = crossing_of(&packet, &state);
        let judge = Judge.judge(&state, &crossing).expect("the judge can judge everything");
        let table = tables.judge(&state, &crossing).expect("tables can judge everything");
        assert_eq!(judge, table, "seed {}: judge and tables, {packet:?}", case.seed);
        let asked = Asked { crossing: &crossing, ends: (packet.own, packet.peer), client };
        let passed = kernel.give(&asked).expect("the workload has an interface");
        match &events.drain(2)[..] {
            // An ICMP message that opens no connection passes without a word; it is counted.
            [] if is_icmp(&packet) && judge.verdict == Verdict::Forwarded => {}
            [event] => {
                let rule = event.rule.as_deref().cloned();
                let seen = Told { verdict: event.verdict, reason: event.reason, rule };
                assert_eq!(judge, seen, "seed {}: judge and kernel, {packet:?}", case.seed);
                let ends = (Address::from(packet.own), Address::from(packet.peer));
                assert_eq!((event.own, event.peer), ends);
            }
            told => panic!("seed {}: one event, {packet:?}: {told:#?}", case.seed),
        }
        assert_eq!(passed, judge.verdict.passed(), "seed {}: {packet:?}", case.seed);
        let key = Counted {
            workload: Some(packet.subject.clone()),
            direction: packet.direction,
            verdict: judge.verdict,
            reason: judge.reason,
            rule: judge.rule.clone().map(Arc::new),
        };
        let sum = counted.entry(key).or_default();
        let bytes = u64::try_from(asked.frame().len() - 14).expect("a frame is short");
        *sum = (sum.0 + 1, sum.1 + bytes);
        shares.count(&judge);
    }
    let mut changed = kernel.counters();
    for (key, (packets, bytes)) in before {
        let after = changed.get_mut(&key).expect("counters do not vanish while nothing is swept");
        *after = (after.0 - packets, after.1 - bytes);
    }
    changed.retain(|_, sum| *sum != (0, 0));
    assert_eq!(changed, counted, "seed {}: the change of all counters", case.seed);
    kernel.rest();
}

/// What all nodes work off together.
struct Work {
    wanted: u64,
    seed: AtomicU64,
    packets: AtomicU64,
}

impl Work {
    /// Takes cases until enough packets are judged.
    fn run(&self) -> Shares {
        let mut kernel = Kernel::new(WORKLOADS);
        let mut shares = Shares::default();
        while self.packets.load(Ordering::Relaxed) < self.wanted {
            let before = shares.packets;
            let case = Case::new(self.seed.fetch_add(1, Ordering::Relaxed));
            examine(&case, &mut kernel, &mut shares);
            let judged = shares.packets - before;
            let sum = self.packets.fetch_add(judged, Ordering::Relaxed) + judged;
            if (sum - judged) / STRIDE != sum / STRIDE {
                println!("{sum} of {} packets judged", self.wanted);
            }
        }
        shares
    }
}

#[test]
fn judge_tables_and_kernel_agree_on_every_packet() {
    let work = Work {
        wanted: number("PODWALL_WORLDS", PACKETS),
        seed: number("PODWALL_SEED", 1).into(),
        packets: 0.into(),
    };
    let mut all = Shares::default();
    thread::scope(|scope| {
        let nodes: Vec<_> = (0..NODES).map(|_| scope.spawn(|| work.run())).collect();
        for node in nodes {
            all.add(node.join().expect("no case fails"));
        }
    });
    let Shares { packets, skipped, by_word } = all;
    println!("{packets} packets judged by all three, {skipped} left out");
    for (word, count) in &by_word {
        println!("{:>6.2} % {word}", *count as f64 * 100.0 / packets as f64);
    }
    assert_eq!(by_word.len(), 6, "every kind of answer occurs: {by_word:?}");
    assert!(by_word.values().all(|count| count * 100 >= packets), "too few of one: {by_word:?}");
}

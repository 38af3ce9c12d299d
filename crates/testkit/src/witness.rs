//! Two witnesses of one truth: the judge, who reads rules, and the tables, walked as the kernel
//! walks them. They must say the same of every packet, the deciding rule included.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

use podwall_model::{Address, RuleId, WorkloadName};
use podwall_policy::compile::{Compiled, CompiledClass, resolve_all};
use podwall_policy::end::End;
use podwall_policy::identity::Identities;
use podwall_policy::judge::{Court, Judgement, Question};
use podwall_policy::matching;
use podwall_policy::rule::Action;
use podwall_policy::table::{Decision, Lane, Table};

use super::random::{Case, Packet};

/// How often each thing was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Passed by a rule.
    pub allowed: u64,
    /// Passed without a rule: nothing isolates, or the node reaches its own.
    pub open: u64,
    /// Stopped by a rule.
    pub denied: u64,
    /// Stopped because no rule allows it.
    pub default_denied: u64,
    /// Said otherwise by what is in detection.
    pub detected: u64,
}

impl Tally {
    /// Every packet that was judged.
    pub fn packets(&self) -> u64 {
        self.allowed + self.open + self.denied + self.default_denied
    }

    fn count(&mut self, decision: &Decision) {
        let counter = match (decision.action, &decision.rule) {
            (Action::Allow, Some(_)) => &mut self.allowed,
            (Action::Allow, None) => &mut self.open,
            (Action::Deny, Some(_)) => &mut self.denied,
            (Action::Deny, None) => &mut self.default_denied,
        };
        *counter += 1;
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.allowed += other.allowed;
        self.open += other.open;
        self.denied += other.denied;
        self.default_denied += other.default_denied;
        self.detected += other.detected;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packets = self.packets().max(1);
        let share =
            |count: u64| format!("{}.{} %", count * 100 / packets, count * 1000 / packets % 10);
        write!(
            f,
            "{packets} packets: {} allowed by a rule, {} open, {} denied by a rule, {} default-denied; {} otherwise in detection",
            share(self.allowed),
            share(self.open),
            share(self.denied),
            share(self.default_denied),
            share(self.detected),
        )
    }
}

/// A packet of which the witnesses say different things.
#[derive(Clone, Debug)]
pub struct Disagreement {
    /// The seed of the case.
    pub seed: u64,
    /// The packet.
    pub packet: Packet,
    /// Which set of policies: `E` or `E+D`.
    pub set: &'static str,
    /// What the judge says.
    pub judge: String,
    /// What the tables say.
    pub tables: String,
}

/// Has both witnesses say what they think of so many packets of a case.
pub fn examine(case: &Case, packets: usize) -> Result<Tally, Box<Disagreement>> {
    examine_packets(case, case.packets(packets))
}

/// Has both witnesses say what they think of these packets.
pub fn examine_packets(
    case: &Case,
    packets: impl IntoIterator<Item = Packet>,
) -> Result<Tally, Box<Disagreement>> {
    let mut identities = Identities::default();
    let compiled = resolve_all(&case.policies, &case.world, &case.options, &mut identities);
    let court = Court::new(&case.policies, &case.world, case.options);
    let classes = classes(&compiled);
    let mut tally = Tally::default();
    for packet in packets {
        let subject = case.world.workload(&packet.subject).expect("a workload of this world");
        let peer = End::at(packet.peer, &case.world, &case.options);
        let question = Question {
            subject,
            direction: packet.direction,
            peer: &peer,
            packet: matching::Packet { protocol: packet.protocol, port: packet.port },
        };
        let judged = court.judge(&question);
        let class = classes[&packet.subject];
        let walk = |table: &Table| walk(&compiled, table, &packet);
        let enforced = walk(&class.enforce);
        let both = walk(&class.both);
        for (set, judgement, decision) in
            [("E", &judged.enforced, &enforced), ("E+D", &judged.both, &both)]
        {
            if !agree(judgement, decision) {
                return Err(Box::new(Disagreement {
                    seed: case.seed,
                    packet,
                    set,
                    judge: shown(judgement.action, judgement.rule_id()),
                    tables: shown(decision.action, decision.rule.as_deref()),
                }));
            }
        }
        tally.count(&enforced);
        tally.detected += u64::from(enforced.action != both.action);
    }
    Ok(tally)
}

/// The class of each local workload.
pub fn classes(compiled: &Compiled) -> BTreeMap<&WorkloadName, &CompiledClass> {
    let mut classes = BTreeMap::new();
    for class in compiled.classes.values() {
        classes.extend(class.workloads.iter().map(|name| (name, class)));
    }
    classes
}

/// What a table says of a packet, found as the kernel finds it.
pub fn walk(compiled: &Compiled, table: &Table, packet: &Packet) -> Decision {
    let peer = compiled.resolved.look_up(Address::from(packet.peer));
    let lane = Lane::new(packet.protocol, packet.port);
    table.half(packet.direction).look_up(peer, lane).clone()
}

fn agree(judgement: &Judgement<'_>, decision: &Decision) -> bool {
    judgement.action == decision.action && judgement.rule_id() == decision.rule.as_deref()
}

fn shown(action: Action, rule: Option<&RuleId>) -> String {
    match rule {
        Some(rule) => format!("{action:?} by {rule}"),
        None => format!("{action:?} without a rule"),
    }
}

/// The same disagreement with fewer rules: whatever can go while the witnesses still disagree.
pub fn shrunk(case: &Case, packets: usize) -> Case {
    let mut smallest = case.clone();
    let mut at = (0, 0);
    while at.0 < smallest.policies.len() {
        let mut smaller = smallest.clone();
        let rules = &mut smaller.policies[at.0].rules;
        if at.1 < rules.len() {
            rules.remove(at.1);
            if examine(&smaller, packets).is_err() {
                smallest = smaller;
            } else {
                at.1 += 1;
            }
        } else {
            at = (at.0 + 1, 0);
        }
    }
    smallest.policies.retain(|policy| !policy.rules.is_empty());
    smallest
}

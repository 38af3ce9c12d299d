//! Impact: what a change of policies would have done to recorded traffic, before it is made.
//!
//! Flows are judged twice by what enforces, before and after. What the change would stop is told
//! with the rule that stops it, and with the policies in detection that would let it pass: those
//! the change leans on, and should be switched with it. Peers are taken as they were recorded.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use podwall_model::{
    Direction, Flow, FlowKind, Mode, PolicyId, Protocol, RuleId, WorkloadName, World,
};

use crate::compile::reference::settled;
use crate::compile::{Class, Compiler};
use crate::identity::{Identities, Identity, Ranges, Resolved};
use crate::options::Options;
use crate::rule::{Action, Policy};
use crate::table::{Decision, IdentityNumber, Lane, Table};

/// The most examples that are given of one effect.
pub const MAX_EXAMPLES: usize = 20;

/// What a change would have done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// How many recorded events were judged again.
    pub judged: u64,
    /// How many were not: their workload is not here any more.
    pub unknown: u64,
    /// What passes now and would be stopped.
    pub stopped: Effect,
    /// What is stopped now and would pass.
    pub released: Effect,
    /// Policies in detection, with how many of the stopped events each would let pass if it were
    /// enforced too.
    pub leans_on: BTreeMap<PolicyId, u64>,
}

/// Events that fare otherwise after the change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// How many.
    pub count: u64,
    /// How many by each rule that would decide; `None` where none does (default deny, or open).
    pub by_rule: BTreeMap<Option<RuleId>, u64>,
    /// The most frequent, each once.
    pub examples: Vec<Example>,
}

/// Events of one kind between the same two ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The place of the first of them among the flows that were given.
    pub flow: usize,
    /// How many there are.
    pub count: u64,
    /// The rule that would decide.
    pub rule: Option<RuleId>,
    /// The policy in detection that would let it pass, where one would.
    pub leans_on: Option<PolicyId>,
}

/// The same policies, with some in other modes.
pub fn switched(policies: &[Policy], modes: &BTreeMap<PolicyId, Mode>) -> Vec<Policy> {
    let switch = |policy: &Policy| Policy {
        mode: modes.get(&policy.id).copied().or(policy.mode),
        ..policy.clone()
    };
    policies.iter().map(switch).collect()
}

/// What going from one set of policies to another would have done to these flows.
pub fn impact(
    before: &[Policy],
    after: &[Policy],
    world: &World,
    options: &Options,
    flows: &[Flow],
) -> Impact {
    let groups = grouped(flows);
    let (before, after) = (&*settled(before, world), &*settled(after, world));
    let ranges = Ranges::of(before.iter().chain(after));
    let mut peers = Peers::new(world, &ranges, options);
    let numbers: Vec<IdentityNumber> =
        groups.iter().map(|group| peers.number(&flows[group.first], &group.key)).collect();
    let classes = Class::group(world);
    let mut places: HashMap<&WorkloadName, usize> = HashMap::new();
    for (place, class) in classes.iter().enumerate() {
        places.extend(class.workloads.iter().map(|name| (name, place)));
    }
    let identities = &peers.resolved.identities;
    let tables_before = Compiler::new(identities, *options).tables(before, &classes);
    let tables_after = Compiler::new(identities, *options).tables(after, &classes);
    let mut impact = Impact::default();
    let mut found = Found::default();
    for (group, number) in groups.iter().zip(numbers) {
        let Some(&place) = places.get(group.key.workload) else {
            impact.unknown += group.count;
            continue;
        };
        impact.judged += group.count;
        if group.key.is_itself(world) {
            continue;
        }
        let ask = |table: &Arc<Table>| {
            table.half(group.key.direction).look_up(number, group.key.lane()).clone()
        };
        let now = ask(&tables_before[place].0);
        let then = ask(&tables_after[place].0);
        found.add(&mut impact, group, [now, then, ask(&tables_after[place].1)]);
    }
    impact.stopped.examples = most_frequent(found.stopped);
    impact.released.examples = most_frequent(found.released);
    impact
}

/// What flows have in common that are judged alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key<'a> {
    workload: &'a WorkloadName,
    direction: Direction,
    peer: IpAddr,
    peer_labels: &'a podwall_model::Labels,
    protocol: Protocol,
    port: u16,
}

struct Group<'a> {
    key: Key<'a>,
    first: usize,
    count: u64,
}

impl Key<'_> {
    fn lane(&self) -> Lane {
        Lane::new(self.protocol, self.port)
    }

    /// Nobody is kept from himself.
    fn is_itself(&self, world: &World) -> bool {
        world.workload_at(self.peer).is_some_and(|workload| workload.name == *self.workload)
    }
}

/// A connection's end says nothing new of it; all else is judged.
fn grouped(flows: &[Flow]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut known: HashMap<Key<'_>, usize> = HashMap::new();
    for (first, flow) in flows.iter().enumerate() {
        if flow.kind == FlowKind::Closed {
            continue;
        }
        let connection = &flow.connection;
        let (server, port) =
            flow.backend.unwrap_or((connection.destination, connection.destination_port));
        let (peer, side) = match flow.direction {
            Direction::Ingress => (connection.source, &flow.source),
            Direction::Egress => (server, &flow.destination),
        };
        let key = Key {
            workload: &flow.workload,
            direction: flow.direction,
            peer,
            peer_labels: &side.labels,
            protocol: connection.protocol,
            port,
        };
        let place = *known.entry(key).or_insert_with(|| {
            groups.push(Group { key, first, count: 0 });
            groups.len() - 1
        });
        groups[place].count += flow.count.max(1);
    }
    groups
}

/// The identities of the world, and of peers as they were recorded.
struct Peers<'a> {
    world: &'a World,
    ranges: &'a Ranges,
    options: &'a Options,
    identities: Identities,
    resolved: Resolved,
}

impl<'a> Peers<'a> {
    fn new(world: &'a World, ranges: &'a Ranges, options: &'a Options) -> Peers<'a> {
        let mut identities = Identities::default();
        let resolved = identities.resolve(world, ranges, options);
        Peers { world, ranges, options, identities, resolved }
    }

    /// The number of a peer with the labels it had when it was seen; without any, as it is today.
    fn number(&mut self, flow: &Flow, key: &Key<'_>) -> IdentityNumber {
        let today = self.resolved.look_up(key.peer.into());
        let same = self.resolved.identities[&today].labels == *key.peer_labels;
        if key.peer_labels.is_empty() || same {
            return today;
        }
        let side = match key.direction {
            Direction::Ingress => &flow.source,
            Direction::Egress => &flow.destination,
        };
        let workload = side.workload.as_ref().and_then(|name| self.world.workload(name));
        let mut identity = Identity { labels: key.peer_labels.clone(), ..Identity::default() };
        identity.ports = workload.into_iter().flat_map(|at| at.ports.iter().cloned()).collect();
        identity.ranges = self.ranges.around(key.peer, identity.place(), self.options);
        let number = self.identities.number(&identity);
        self.resolved.identities.entry(number).or_insert(identity);
        number
    }
}

#[derive(Default)]
struct Found {
    stopped: Vec<Example>,
    released: Vec<Example>,
}

impl Found {
    /// Counts a group by what is said of it now, after the change, and by all after the change.
    fn add(&mut self, impact: &mut Impact, group: &Group<'_>, said: [Decision; 3]) {
        let [now, then, by_all] = said;
        let rule = then.rule.as_deref().cloned();
        let mut example = Example { flow: group.first, count: group.count, rule, leans_on: None };
        let (effect, examples) = match (now.action, then.action) {
            (Action::Allow, Action::Deny) => (&mut impact.stopped, &mut self.stopped),
            (Action::Deny, Action::Allow) => (&mut impact.released, &mut self.released),
            (Action::Allow, Action::Allow) | (Action::Deny, Action::Deny) => return,
        };
        effect.count += group.count;
        *effect.by_rule.entry(example.rule.clone()).or_default() += group.count;
        if let (Action::Deny, Action::Allow, Some(rule)) = (then.action, by_all.action, by_all.rule)
        {
            *impact.leans_on.entry(rule.policy.clone()).or_default() += group.count;
            example.leans_on = Some(rule.policy.clone());
        }
        examples.push(example);
    }
}

fn most_frequent(mut examples: Vec<Example>) -> Vec<Example> {
    examples.sort_by_key(|example| (std::cmp::Reverse(example.count), example.flow));
    examples.truncate(MAX_EXAMPLES);
    examples
}

#[cfg(test)]
mod tests;

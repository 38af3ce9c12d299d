//! What is compiled, kept so that a change costs what it changes: one policy, or one workload.
//!
//! Everything that one of these cannot change alone (namespaces, nodes, services, a range that no
//! policy named before) is compiled anew, as a whole. Both ways give the same tables.

mod difference;
mod seat;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use podwall_model::{Address, Mode, PolicyId, Workload, World};

use self::difference::Difference;
use self::seat::Seats;
pub(in crate::compile) use self::seat::rows_between;
use super::rulebook::{Entry, RuleNumber};
use super::{Class, Compiled, CompiledClass, Compiler, reference, resolve_all};
use crate::hash::HashMap;
use crate::identity::{Identities, Identity, Place, Ranges, Resolved, Roster, claims_are_plain};
use crate::options::{Enforcement, Options};
use crate::rule::{Policy, Subject};
use crate::table::IdentityNumber;

/// All tables of one node, kept while policies and workloads come and go.
#[derive(Debug, Default)]
pub struct Standing {
    policies: Arc<Vec<Policy>>,
    held: HashMap<PolicyId, Held>,
    world: Arc<World>,
    options: Options,
    kept: Option<Kept>,
}

/// A policy, and its rules that select somebody.
#[derive(Debug)]
struct Held {
    text: Text,
    /// By place in the policy.
    rules: Vec<Option<RuleNumber>>,
}

/// Where a policy is to be found.
#[derive(Debug)]
enum Text {
    /// At this place of the list.
    Listed(usize),
    /// Here: it came alone.
    Own(Box<Policy>),
}

/// What was compiled, in parts.
#[derive(Debug)]
struct Kept {
    compiler: Compiler,
    seats: Seats,
    ranges: Ranges,
    resolved: Resolved,
    /// How many addresses lead to an identity, and where it stands. The well-known are always there.
    peers: HashMap<IdentityNumber, Peer>,
}

#[derive(Clone, Copy, Debug)]
struct Peer {
    addresses: usize,
    position: u32,
}

/// A change that has to be compiled as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAlone;

impl Standing {
    /// Goes on to these policies and this world, by what is different from before.
    pub fn follow(
        &mut self,
        policies: Arc<Vec<Policy>>,
        world: Arc<World>,
        options: Options,
        identities: &mut Identities,
    ) -> Compiled {
        let difference = match options == self.options {
            true => Difference::of(self, &policies, &world),
            false => None,
        };
        let followed = match difference {
            Some(difference) => self.apply(&difference, &policies, &world, identities),
            None => Err(NotAlone),
        };
        if followed.is_ok() {
            for (at, policy) in policies.iter().enumerate() {
                if let Some(held) = self.held.get_mut(&policy.id) {
                    held.text = Text::Listed(at);
                }
            }
            (self.policies, self.world) = (policies, world);
            return self.compiled().expect("it was followed in parts");
        }
        *self = Standing::new(policies, world, options, identities);
        match self.compiled() {
            Some(compiled) => compiled,
            None => resolve_all(&self.policies, &self.world, &self.options, identities),
        }
    }

    /// Everything, compiled as a whole, and in parts as far as the parts stand alone.
    pub fn new(
        policies: Arc<Vec<Policy>>,
        world: Arc<World>,
        options: Options,
        identities: &mut Identities,
    ) -> Standing {
        let held = |(at, policy): (usize, &Policy)| {
            (policy.id.clone(), Held { text: Text::Listed(at), rules: Vec::new() })
        };
        let held: HashMap<PolicyId, Held> = policies.iter().enumerate().map(held).collect();
        let is_named_once = held.len() == policies.len();
        let refers = policies.iter().any(reference::refers);
        let mut standing = Standing { policies, held, world, options, kept: None };
        if is_named_once && !refers && !options.host_policies && claims_are_plain(&standing.world) {
            standing.kept = Some(standing.keep(identities));
        }
        standing
    }

    fn keep(&mut self, identities: &mut Identities) -> Kept {
        let ranges = Ranges::of(self.policies.iter().filter(|policy| is_in_force(policy)));
        let mut roster = Roster::of(&self.world);
        let resolved = identities.resolve_with(&self.world, &ranges, &self.options, &mut roster);
        let classes = Class::group_with(&self.world, &mut roster);
        let mut compiler = Compiler::new(&resolved.identities, self.options);
        compiler.peerage.start_watch(&compiler.words);
        let (sets, taken) = compiler.select(&*self.policies, &classes);
        let mut taken = taken.into_iter();
        for policy in &*self.policies {
            let rules = taken.by_ref().take(policy.rules.len()).collect();
            self.held.entry(policy.id.clone()).and_modify(|held| held.rules = rules);
        }
        let mut seats = Seats::of(classes, sets, &mut compiler, identities);
        seats.refresh_all(&mut compiler);
        let standing = resolved.identities.keys().zip(0u32..);
        let mut peers: HashMap<IdentityNumber, Peer> =
            standing.map(|(number, position)| (*number, Peer { addresses: 0, position })).collect();
        for number in resolved.addresses.values().chain(resolved.networks.values()) {
            if let Some(peer) = peers.get_mut(number) {
                peer.addresses += 1;
            }
        }
        Kept { compiler, seats, ranges, resolved, peers }
    }

    /// All of it as values; `None` where it is not kept in parts.
    pub fn compiled(&mut self) -> Option<Compiled> {
        let kept = self.kept.as_mut()?;
        let mut classes = BTreeMap::new();
        for seat in kept.seats.all() {
            let halves = seat.halves.expect("every seat was made");
            let [enforce, both] = halves.map(|pair| kept.compiler.table_of(pair));
            let Class { workloads, labels, .. } = seat.class.clone();
            classes.insert(seat.number, CompiledClass { workloads, labels, enforce, both });
        }
        Some(Compiled { classes, resolved: kept.resolved.clone(), node: None })
    }

    fn apply(
        &mut self,
        difference: &Difference,
        policies: &[Policy],
        world: &World,
        identities: &mut Identities,
    ) -> Result<(), NotAlone> {
        let Difference { gone, came, left, joined } = difference;
        // Those who leave are looked at in the world that they were in: its namespaces are equal.
        let before = Arc::clone(&self.world);
        for at in left {
            self.workload_left(&before.workloads[*at], &before)?;
        }
        for at in joined {
            self.workload_came(&world.workloads[*at], world, identities)?;
        }
        for id in gone {
            self.remove_policy(id)?;
        }
        for at in came {
            self.put(&policies[*at], Text::Listed(*at))?;
        }
        Ok(())
    }

    /// A policy is new, or changed: how many rows of tables are different now.
    pub fn put_policy(&mut self, policy: &Policy) -> Result<u64, NotAlone> {
        self.put(policy, Text::Own(Box::new(policy.clone())))
    }

    fn put(&mut self, policy: &Policy, text: Text) -> Result<u64, NotAlone> {
        let kept = self.kept.as_mut().ok_or(NotAlone)?;
        if reference::refers(policy) {
            return Err(NotAlone);
        }
        let before = self.held.get(&policy.id);
        // First what comes, then what goes: what both name stays.
        let is_new = is_in_force(policy) && kept.ranges.add(policy);
        let has_gone = before.is_some_and(|held| {
            let before = held.text.policy(&self.policies);
            is_in_force(before) && kept.ranges.remove(before)
        });
        if is_new || has_gone {
            return Err(NotAlone);
        }
        let gone: Vec<RuleNumber> =
            before.iter().flat_map(|held| &held.rules).flatten().copied().collect();
        let mut touched = kept.seats.withdraw(&gone, &mut kept.compiler);
        let mut entries = Vec::new();
        let mut places = Vec::new();
        let Compiler { words, peerage, options, .. } = &mut kept.compiler;
        for (place, rule) in policy.rules.iter().enumerate() {
            let Subject::Endpoints(selector) = &rule.subject else { continue };
            let subject = words.selector(selector);
            let selected = kept.seats.select(subject, words);
            if !selected.is_empty() && options.enforcement != Enforcement::Never {
                entries.push(Entry::of(rule, policy.mode, subject, words, peerage));
                places.push(place);
                touched.extend(selected);
            }
        }
        let numbers = kept.seats.enlist(entries, &mut kept.compiler);
        let mut rules = vec![None; policy.rules.len()];
        for (place, number) in places.into_iter().zip(numbers) {
            rules[place] = Some(number);
        }
        self.held.insert(policy.id.clone(), Held { text, rules });
        Ok(kept.seats.refresh(touched, &mut kept.compiler))
    }

    /// A policy has gone: how many rows of tables are different now.
    pub fn remove_policy(&mut self, id: &PolicyId) -> Result<u64, NotAlone> {
        let kept = self.kept.as_mut().ok_or(NotAlone)?;
        let Some(held) = self.held.remove(id) else { return Ok(0) };
        let policy = held.text.policy(&self.policies);
        if is_in_force(policy) && kept.ranges.remove(policy) {
            return Err(NotAlone);
        }
        let gone: Vec<RuleNumber> = held.rules.iter().flatten().copied().collect();
        let touched = kept.seats.withdraw(&gone, &mut kept.compiler);
        Ok(kept.seats.refresh(touched, &mut kept.compiler))
    }

    /// A workload has come: how many rows of tables are different now.
    pub fn workload_came(
        &mut self,
        workload: &Workload,
        world: &World,
        identities: &mut Identities,
    ) -> Result<u64, NotAlone> {
        let kept = self.kept.as_mut().ok_or(NotAlone)?;
        if workload.host_network {
            return Ok(0);
        }
        let labels = workload.identity_labels(world.namespace(&workload.name.namespace));
        let mut rows = 0;
        for ip in &workload.addresses {
            let address = Address::from(*ip);
            let ranges = kept.ranges.around(address.ip(), Place::Pod, &self.options);
            let identity = Identity::of_workload(workload, labels.clone(), ranges);
            let number = identities.number(&identity);
            if kept.resolved.addresses.insert(address, number).is_some() {
                return Err(NotAlone);
            }
            rows += kept.come(number, identity);
        }
        if Class::is_local(workload, world) {
            let namespace = world.namespace(&workload.name.namespace);
            let class = Class::alone(workload, labels, namespace);
            if let Some(seat) = kept.seats.sit(class, identities, &mut kept.compiler) {
                for Held { text, rules } in self.held.values_mut() {
                    let policy = text.policy(&self.policies);
                    kept.seats.offer(seat, policy, rules, &mut kept.compiler);
                }
                rows += kept.seats.refresh(vec![seat], &mut kept.compiler);
            }
        }
        Ok(rows)
    }

    /// A workload has left: how many rows of tables are different now.
    pub fn workload_left(&mut self, workload: &Workload, world: &World) -> Result<u64, NotAlone> {
        let kept = self.kept.as_mut().ok_or(NotAlone)?;
        if workload.host_network {
            return Ok(0);
        }
        let mut rows = 0;
        for ip in &workload.addresses {
            let address = Address::from(*ip);
            // Somebody else may have a claim on it, now that the first has gone.
            let number = kept.resolved.addresses.remove(&address).ok_or(NotAlone)?;
            if kept.ranges.has_single(address.ip()) {
                return Err(NotAlone);
            }
            rows += kept.go(number);
        }
        if Class::is_local(workload, world) {
            let namespace = world.namespace(&workload.name.namespace);
            let class = Class::alone(workload, workload.identity_labels(namespace), namespace);
            kept.seats.leave(&class, &mut kept.compiler);
        }
        Ok(rows)
    }
}

/// Whether what a policy names counts at all.
fn is_in_force(policy: &Policy) -> bool {
    policy.mode != Some(Mode::Off)
}

impl Text {
    fn policy<'a>(&'a self, listed: &'a [Policy]) -> &'a Policy {
        match self {
            Text::Listed(at) => &listed[*at],
            Text::Own(policy) => policy,
        }
    }
}

impl Kept {
    /// One more address leads to an identity.
    fn come(&mut self, number: IdentityNumber, identity: Identity) -> u64 {
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.addresses += 1;
            return 0;
        }
        let (position, rows) = self.compiler.come(number, &identity);
        self.peers.insert(number, Peer { addresses: 1, position });
        self.resolved.identities.insert(number, identity);
        rows
    }

    /// One address less leads to an identity.
    fn go(&mut self, number: IdentityNumber) -> u64 {
        let Some(peer) = self.peers.get_mut(&number) else { return 0 };
        peer.addresses -= 1;
        if peer.addresses > 0 || number < IdentityNumber::FIRST_LOCAL || number.is_host() {
            return 0;
        }
        let position = peer.position;
        self.peers.remove(&number);
        self.resolved.identities.remove(&number);
        self.compiler.go(number, position)
    }
}

//! Whatever comes and goes, what is kept in parts is what compiling the whole gives.

use std::sync::Arc;

use podwall_model::Workload;

use super::*;
use crate::compile::resolve_all;
use crate::testkit::chance::Chance;
use crate::testkit::random::Case;

const CASES: u64 = 150;
const EDITS_OF_A_CASE: usize = 16;

/// A world under change.
struct Desk {
    policies: Vec<Policy>,
    world: World,
    options: Options,
    identities: Identities,
    standing: Standing,
    /// How many changes were done in parts.
    parts: usize,
    seed: u64,
}

impl Desk {
    fn new(case: Case) -> Desk {
        let Case { seed, world, mut policies, options } = case;
        policies.sort_by(|a, b| a.id.cmp(&b.id));
        policies.dedup_by(|a, b| a.id == b.id);
        let mut identities = Identities::default();
        let (list, place) = (Arc::new(policies.clone()), Arc::new(world.clone()));
        let standing = Standing::new(list, place, options, &mut identities);
        Desk { policies, world, options, identities, standing, parts: 0, seed }
    }

    fn put_policy(&mut self, policy: &Policy) {
        self.policies.retain(|one| one.id != policy.id);
        self.policies.push(policy.clone());
        let done = self.standing.put_policy(policy);
        self.compare(done, "a policy came");
    }

    fn remove_policy(&mut self, at: usize) {
        let id = self.policies.remove(at).id;
        let done = self.standing.remove_policy(&id);
        self.compare(done, "a policy went");
    }

    fn come(&mut self, workload: &Workload) {
        self.world.workloads.push(workload.clone());
        let done = self.standing.workload_came(workload, &self.world, &mut self.identities);
        self.compare(done, "a workload came");
    }

    fn leave(&mut self, at: usize) -> Workload {
        let workload = self.world.workloads.remove(at);
        let done = self.standing.workload_left(&workload, &self.world);
        self.compare(done, "a workload left");
        workload
    }

    /// The same twice: in parts, and as a whole with the same numbers.
    fn compare(&mut self, done: Result<u64, NotAlone>, what: &str) {
        if done.is_err() {
            let list = Arc::new(self.policies.clone());
            let place = Arc::new(self.world.clone());
            self.standing = Standing::new(list, place, self.options, &mut self.identities);
        } else {
            self.parts += 1;
        }
        let Some(parts) = self.standing.compiled() else { return };
        let mut numbers = self.identities.clone();
        let whole = resolve_all(&self.policies, &self.world, &self.options, &mut numbers);
        let seed = self.seed;
        assert_eq!(parts.resolved, whole.resolved, "identities of case {seed}: {what}");
        assert_eq!(parts.classes, whole.classes, "classes of case {seed}: {what}");
    }
}

fn edit(desk: &mut Desk, other: &Case, chance: &mut Chance) {
    match chance.below(5) {
        0 if !desk.policies.is_empty() => {
            let at = chance.below(desk.policies.len());
            desk.remove_policy(at);
        }
        1 if desk.world.workloads.len() > 2 => {
            let at = chance.below(desk.world.workloads.len());
            desk.leave(at);
        }
        2 if desk.world.workloads.len() > 2 => {
            // It changes: it leaves as it was, and comes as somebody else is.
            let at = chance.below(desk.world.workloads.len());
            let model = chance.pick(&other.world.workloads).clone();
            let mut workload = desk.leave(at);
            (workload.labels, workload.ports) = (model.labels, model.ports);
            desk.come(&workload);
        }
        3 => {
            let workload = chance.pick(&other.world.workloads).clone();
            let is_known = |one: &Workload| {
                one.name == workload.name
                    || one.addresses.iter().any(|ip| workload.addresses.contains(ip))
            };
            if !desk.world.workloads.iter().any(is_known) {
                desk.come(&workload);
            }
        }
        _ => {
            let source = if chance.percent(50) { &desk.policies } else { &other.policies };
            if source.is_empty() {
                return;
            }
            let mut policy = chance.pick(source).clone();
            if chance.percent(50) && !policy.rules.is_empty() {
                policy.rules.truncate(chance.below(policy.rules.len()));
            }
            desk.put_policy(&policy);
        }
    }
}

#[test]
fn parts_are_the_whole_after_every_edit() {
    let mut parts = 0;
    for seed in 1..=CASES {
        let mut chance = Chance::new(seed ^ 0x0070_6172_7473);
        let other = Case::new(seed + 100_000);
        let mut desk = Desk::new(Case::new(seed));
        for _ in 0..EDITS_OF_A_CASE {
            edit(&mut desk, &other, &mut chance);
        }
        parts += desk.parts;
    }
    println!("{parts} changes in parts");
    let changes = usize::try_from(CASES).expect("few cases") * EDITS_OF_A_CASE;
    assert!(parts * 4 > changes, "only {parts} of about {changes} changes were done in parts");
}

#[test]
fn a_difference_is_followed_like_the_whole() {
    for seed in 1..=CASES {
        let mut chance = Chance::new(seed);
        let mut desk = Desk::new(Case::new(seed));
        let other = Case::new(seed + 200_000);
        let mut standing = Standing::default();
        for _ in 0..4 {
            edit(&mut desk, &other, &mut chance);
            let (list, place) = (Arc::new(desk.policies.clone()), Arc::new(desk.world.clone()));
            let parts = standing.follow(list, place, desk.options, &mut desk.identities);
            let mut numbers = desk.identities.clone();
            let whole = resolve_all(&desk.policies, &desk.world, &desk.options, &mut numbers);
            assert_eq!(parts.resolved, whole.resolved, "identities of case {seed}");
            assert_eq!(parts.classes, whole.classes, "classes of case {seed}");
        }
    }
}

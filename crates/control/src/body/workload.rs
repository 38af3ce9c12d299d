//! Workloads, and how each is held by the policies about it.

use std::collections::BTreeMap;

use podwall_model::{Direction, Labels, Mode, WorkloadName};
use podwall_wire::rest::{Hold, Workload, Workloads};

use crate::selection::{is_about, labelled, mode_for};
use crate::state::State;

/// How every workload is held, and by which policies. Made once a revision.
#[derive(Debug, Default)]
pub(crate) struct Holds(BTreeMap<WorkloadName, Held>);

#[derive(Debug, Default)]
struct Held {
    labels: Labels,
    /// The policies about it, in the order of their ids.
    policies: Vec<String>,
    /// The policies that isolate it, with the mode they have for it.
    isolating: Vec<(Direction, Mode, String)>,
}

impl Holds {
    /// As the accepted policies have it.
    pub(crate) fn of(state: &State) -> Holds {
        let mut holds = BTreeMap::new();
        for (workload, labels) in labelled(state.world()) {
            let mut held = Held { labels, ..Held::default() };
            for policy in state.documents.policies() {
                let about: Vec<_> =
                    policy.rules.iter().filter(|rule| is_about(rule, &held.labels)).collect();
                if about.is_empty() {
                    continue;
                }
                let id = policy.id.to_string();
                let namespace = &workload.name.namespace;
                let (mode, _) = mode_for(policy, namespace, state.world(), state.mode);
                for direction in Direction::BOTH {
                    if about.iter().any(|rule| rule.isolates && rule.direction == direction) {
                        held.isolating.push((direction, mode, id.clone()));
                    }
                }
                held.policies.push(id);
            }
            held.policies.sort();
            held.isolating.sort();
            holds.insert(workload.name.clone(), held);
        }
        Holds(holds)
    }

    /// Into and out of one workload.
    pub(crate) fn of_workload(&self, name: &WorkloadName) -> (Hold, Hold) {
        let held = self.0.get(name);
        let hold = |direction| held.map_or(Hold::Open, |held| held.hold(direction));
        (hold(Direction::Ingress), hold(Direction::Egress))
    }

    /// The policies that make a workload default-deny in a direction: those that enforce, else
    /// those in detection.
    pub(crate) fn isolating(&self, name: &WorkloadName, direction: Direction) -> Vec<&str> {
        let Some(held) = self.0.get(name) else { return Vec::new() };
        let by = |mode| {
            let all = held.isolating.iter();
            let of = all.filter(move |(d, m, _)| *d == direction && *m == mode);
            of.map(|(_, _, id)| id.as_str()).collect::<Vec<_>>()
        };
        match by(Mode::Enforce) {
            none if none.is_empty() => by(Mode::Detect),
            some => some,
        }
    }

    /// The workloads that a policy is about.
    pub(crate) fn about(&self, policy: &str) -> Vec<String> {
        let about = self.0.iter().filter(|(_, held)| held.policies.iter().any(|id| id == policy));
        about.map(|(name, _)| name.to_string()).collect()
    }
}

impl Held {
    fn hold(&self, direction: Direction) -> Hold {
        let modes = self.isolating.iter().filter(|(its, _, _)| *its == direction);
        match modes.map(|(_, mode, _)| *mode).max() {
            Some(Mode::Enforce) => Hold::Enforced,
            Some(Mode::Detect) => Hold::Detected,
            Some(Mode::Off) | None => Hold::Open,
        }
    }
}

/// `GET /api/v1/workloads`.
pub(crate) fn workloads(state: &State) -> Workloads {
    let holds = &state.holds;
    let mut workloads: Vec<Workload> = labelled(state.world())
        .into_iter()
        .map(|(workload, labels)| {
            let name = workload.name.to_string();
            let (ingress, egress) = holds.of_workload(&workload.name);
            Workload {
                addresses: workload.addresses.iter().map(ToString::to_string).collect(),
                labels: labels.iter().map(ToString::to_string).collect(),
                ingress,
                egress,
                not_enforced: not_enforced(state, &workload.name),
                policies: holds.0.get(&workload.name).map_or(Vec::new(), |h| h.policies.clone()),
                name,
            }
        })
        .collect();
    workloads.sort_by(|a, b| a.name.cmp(&b.name));
    Workloads { workloads }
}

fn not_enforced(state: &State, name: &WorkloadName) -> Option<String> {
    if !state.workloads.attachments.contains_key(name) {
        return Some("not attached here, hint: give it `attach:` in the workload file".to_owned());
    }
    let name = name.to_string();
    let problems = state.node.problems.iter();
    let mut its = problems.filter(|problem| problem.subject.as_deref() == Some(&name));
    its.next().map(|problem| problem.message.clone())
}

//! Workloads, and how each is held by the policies about it.

use std::collections::BTreeMap;

use podwall_ledger::{Answer, Edges, End, EndKind};
use podwall_model::{Direction, Labels, Mode, WorkloadName};
use podwall_wire::rest::{
    HeldBy, Hold, PeerStats, PortStats, VerdictCounts, Workload, WorkloadDetail, Workloads,
};

use super::map::{count, port_text};
use super::stats::{sample, totals};
use crate::selection::{is_about, labelled, mode_for};
use crate::state::State;

/// How every workload is held, and by which policies. Made once a revision.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    of: BTreeMap<WorkloadName, Held>,
    /// The workloads that each policy is about.
    about: BTreeMap<String, Vec<String>>,
}

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
        let mut holds = Holds::default();
        for (workload, labels) in labelled(state.world()) {
            let mut held = Held { labels, ..Held::default() };
            for policy in state.documents.policies() {
                // A policy of another namespace is about nobody here.
                let namespace = policy.id.namespace.as_ref();
                if namespace.is_some_and(|its| *its != workload.name.namespace) {
                    continue;
                }
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
            for id in &held.policies {
                holds.about.entry(id.clone()).or_default().push(workload.name.to_string());
            }
            holds.of.insert(workload.name.clone(), held);
        }
        holds.about.values_mut().for_each(|names| names.sort());
        holds
    }

    /// Into and out of one workload.
    pub(crate) fn of_workload(&self, name: &WorkloadName) -> (Hold, Hold) {
        let held = self.of.get(name);
        let hold = |direction| held.map_or(Hold::Open, |held| held.hold(direction));
        (hold(Direction::Ingress), hold(Direction::Egress))
    }

    /// The policies that make a workload default-deny in a direction: those that enforce, else
    /// those in detection.
    pub(crate) fn isolating(&self, name: &WorkloadName, direction: Direction) -> Vec<&str> {
        let Some(held) = self.of.get(name) else { return Vec::new() };
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
        self.about.get(policy).cloned().unwrap_or_default()
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
pub(crate) fn workloads(state: &State, answer: &Answer) -> Workloads {
    let sums: BTreeMap<&str, &podwall_ledger::Sums> =
        answer.groups.iter().map(|group| (group.name.as_str(), &group.total)).collect();
    let all = labelled(state.world()).into_iter();
    let mut workloads: Vec<Workload> =
        all.map(|(workload, labels)| one(state, workload, &labels, &sums)).collect();
    workloads.sort_by(|a, b| a.name.cmp(&b.name));
    Workloads { workloads }
}

fn one(
    state: &State,
    workload: &podwall_model::Workload,
    labels: &Labels,
    sums: &BTreeMap<&str, &podwall_ledger::Sums>,
) -> Workload {
    let holds = &state.holds;
    let name = workload.name.to_string();
    let (ingress, egress) = holds.of_workload(&workload.name);
    let side = |direction: Direction| {
        sums.get(format!("{name} {direction}").as_str()).map(|sums| totals(sums))
    };
    Workload {
        addresses: workload.addresses.iter().map(ToString::to_string).collect(),
        labels: labels.iter().map(ToString::to_string).collect(),
        ingress,
        egress,
        not_enforced: not_enforced(state, &workload.name),
        policies: holds.of.get(&workload.name).map_or(Vec::new(), |h| h.policies.clone()),
        node: match workload.node.as_str() {
            "" => state.node.name.clone(),
            node => node.to_owned(),
        },
        revision: state.node.revision,
        into: side(Direction::Ingress).unwrap_or_default(),
        out_of: side(Direction::Egress).unwrap_or_default(),
        name,
    }
}

/// The most peers that are told, each way.
const PEERS: usize = 200;

/// `GET /api/v1/workloads/{namespace}/{name}`.
pub(crate) fn workload_detail(
    state: &State,
    name: &WorkloadName,
    answer: &Answer,
    edges: &Edges,
    (since, until): (u64, u64),
) -> Option<WorkloadDetail> {
    let (workload, labels) =
        labelled(state.world()).into_iter().find(|(workload, _)| workload.name == *name)?;
    let sums: BTreeMap<&str, &podwall_ledger::Sums> =
        answer.groups.iter().map(|group| (group.name.as_str(), &group.total)).collect();
    let (peers_in, more_in) = peers(edges, Direction::Ingress);
    let (peers_out, more_out) = peers(edges, Direction::Egress);
    Some(WorkloadDetail {
        workload: one(state, workload, &labels, &sums),
        held_by: held_by(state, name, &labels),
        peers_in,
        peers_out,
        ports: ports(edges, workload),
        samples: answer.samples.iter().map(sample).collect(),
        left_out: edges.left_out + more_in + more_out,
        since,
        until,
        step: answer.step,
    })
}

fn held_by(state: &State, name: &WorkloadName, labels: &Labels) -> Vec<HeldBy> {
    let mut held = Vec::new();
    for policy in state.documents.policies() {
        let about: Vec<_> = policy.rules.iter().filter(|rule| is_about(rule, labels)).collect();
        if about.is_empty() {
            continue;
        }
        let of = |isolating: bool| {
            let both = Direction::BOTH.into_iter();
            let its = both.filter(|direction| {
                about
                    .iter()
                    .any(|rule| rule.direction == *direction && (!isolating || rule.isolates))
            });
            its.map(Into::into).collect()
        };
        let (mode, _) = mode_for(policy, &name.namespace, state.world(), state.mode);
        held.push(HeldBy {
            policy: policy.id.to_string(),
            mode: mode.into(),
            directions: of(false),
            isolates: of(true),
        });
    }
    held.sort_by(|a, b| a.policy.cmp(&b.policy));
    held
}

/// The peers of one direction, those that are stopped first; and how many more there are.
fn peers(edges: &Edges, direction: Direction) -> (Vec<PeerStats>, u64) {
    let mut peers: Vec<PeerStats> = edges
        .edges
        .iter()
        .filter(|edge| edge.direction == direction)
        .map(|edge| {
            let peer: &End = match direction {
                Direction::Ingress => &edge.source,
                Direction::Egress => &edge.destination,
            };
            PeerStats {
                peer: peer.name.clone(),
                workload: (peer.kind == EndKind::Workload).then(|| peer.name.clone()),
                port: port_text(edge.port, edge.protocol),
                verdict: edge.verdict.into(),
                count: edge.count,
                first: edge.first,
                last: edge.last,
                policy: edge.policy.clone(),
            }
        })
        .collect();
    peers.sort_by_key(|peer| {
        let passed = peer.verdict == podwall_wire::rest::Verdict::Forwarded;
        (passed, std::cmp::Reverse(peer.count))
    });
    let more = peers.len().saturating_sub(PEERS) as u64;
    peers.truncate(PEERS);
    (peers, more)
}

fn ports(edges: &Edges, workload: &podwall_model::Workload) -> Vec<PortStats> {
    let mut ports: BTreeMap<(u16, u8), VerdictCounts> = BTreeMap::new();
    for edge in edges.edges.iter().filter(|edge| edge.direction == Direction::Ingress) {
        count(ports.entry((edge.port, edge.protocol)).or_default(), edge.verdict, edge.count);
    }
    let named = |port: u16, protocol: u8| {
        let mut own = workload.ports.iter();
        own.find(|named| named.port == port && named.protocol.0 == protocol)
            .map(|named| named.name.clone())
    };
    let mut ports: Vec<PortStats> = ports
        .into_iter()
        .map(|((port, protocol), events)| PortStats {
            port: port_text(port, protocol),
            name: named(port, protocol),
            events,
        })
        .collect();
    ports.sort_by_key(|port| {
        let VerdictCounts { forwarded, would_drop, dropped } = port.events;
        std::cmp::Reverse(forwarded + would_drop + dropped)
    });
    ports
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

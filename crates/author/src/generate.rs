//! The least policies that allow recorded flows: one for each kind of workload that was seen, with
//! selectors rather than addresses, and what was seen as comments.
//!
//! What is written is read and judged again. A flow that it does not allow is told, never passed
//! over.

mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use podwall_model::{
    Direction, Mode, Namespace, POLICY_CLUSTER, Protocol, Workload, WorkloadName, World,
};
use podwall_policy::end::End;
use podwall_policy::judge::{Court, Question};
use podwall_policy::matching::Packet;
use podwall_policy::options::Options;
use podwall_policy::rule::{Action, Policy};
use podwall_policy::{Dialect, check, naming_labels};

/// One end of a recorded flow, as far as its record says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// The workload, if it is one.
    pub workload: Option<WorkloadName>,
    /// Its own labels.
    pub labels: BTreeMap<String, String>,
    /// What it is of the cluster, where it is no workload: `host`, `remote-node` and so on.
    pub entity: Option<String>,
    /// Names that its address is known by.
    pub names: Vec<String>,
    /// Its address.
    pub address: Option<IpAddr>,
}

/// A recorded flow that has to be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The client.
    pub from: Side,
    /// The server; behind a service its backend.
    pub to: Side,
    /// Its protocol.
    pub protocol: Protocol,
    /// The server's port, or the ICMP type.
    pub port: u16,
    /// How often it was seen.
    pub count: u64,
}

/// Policies from flows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The documents.
    pub text: String,
    /// How many policies they are.
    pub policies: usize,
    /// How many flows are allowed by them at both ends.
    pub allowed: usize,
    /// Flows that are not, each with why.
    pub left_out: Vec<String>,
}

/// Workloads of one namespace by the labels that name them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Group {
    pub(crate) namespace: String,
    pub(crate) labels: BTreeMap<String, String>,
}

/// The other end of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Other {
    Workloads(Group),
    Entity(String),
    Address(IpAddr),
}

/// What was seen of one rule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) flows: u64,
    pub(crate) names: BTreeSet<String>,
    pub(crate) ports: BTreeSet<(Protocol, u16)>,
}

/// What was seen of one kind of workload.
#[derive(Clone, Debug, Default)]
pub(crate) struct Habits {
    pub(crate) members: BTreeSet<String>,
    pub(crate) ingress: BTreeMap<Other, Evidence>,
    pub(crate) egress: BTreeMap<Other, Evidence>,
}

/// Writes policies for these flows. A world, where there is one, says more of workloads than the
/// records do.
pub fn generate(flows: &[Seen], world: Option<&World>) -> Draft {
    let world = completed(flows, world);
    let mut habits: BTreeMap<Group, Habits> = BTreeMap::new();
    for flow in flows {
        for (direction, own, peer) in
            [(Direction::Egress, &flow.from, &flow.to), (Direction::Ingress, &flow.to, &flow.from)]
        {
            let (Some(group), Some(other)) = (group(own, &world), other(peer, &world)) else {
                continue;
            };
            let habit = habits.entry(group).or_default();
            habit.members.extend(own.workload.as_ref().map(ToString::to_string));
            let list = match direction {
                Direction::Ingress => &mut habit.ingress,
                Direction::Egress => &mut habit.egress,
            };
            let evidence = list.entry(other).or_default();
            evidence.flows += flow.count;
            evidence.ports.insert((flow.protocol, flow.port));
            let named = peer.workload.as_ref().map(ToString::to_string);
            evidence.names.extend(named.into_iter().chain(peer.names.iter().cloned()));
        }
    }
    let text = text::documents(&habits);
    prove(text, habits.len(), flows, &world)
}

/// The world with every workload that a record names.
fn completed(flows: &[Seen], world: Option<&World>) -> World {
    let mut world = world.cloned().unwrap_or_default();
    for side in flows.iter().flat_map(|flow| [&flow.from, &flow.to]) {
        let Some(name) = &side.workload else { continue };
        if world.workload(name).is_some() {
            continue;
        }
        if world.namespace(&name.namespace).is_none() {
            let namespace = name.namespace.clone();
            world.namespaces.push(Namespace { name: namespace, ..Namespace::default() });
        }
        world.workloads.push(Workload {
            name: name.clone(),
            labels: side.labels.clone(),
            service_account: "default".to_owned(),
            node: String::new(),
            addresses: side.address.into_iter().collect(),
            ports: Vec::new(),
            host_network: false,
            labels_resolved: true,
            cluster: "default".to_owned(),
        });
    }
    world
}

fn group(side: &Side, world: &World) -> Option<Group> {
    let workload = world.workload(side.workload.as_ref()?)?;
    if workload.host_network {
        return None;
    }
    let mut labels = naming_labels(&workload.labels);
    // A selector without a cluster means the local one.
    if workload.cluster != Dialect::default().cluster {
        labels.insert(format!("k8s:{POLICY_CLUSTER}"), workload.cluster.clone());
    }
    Some(Group { namespace: workload.name.namespace.clone(), labels })
}

fn other(side: &Side, world: &World) -> Option<Other> {
    if let Some(name) = &side.workload {
        return match world.workload(name) {
            Some(workload) if workload.host_network => Some(Other::Entity("host".to_owned())),
            Some(_) => group(side, world).map(Other::Workloads),
            None => None,
        };
    }
    match (&side.entity, side.address) {
        (Some(entity), _) => Some(Other::Entity(entity.clone())),
        (None, Some(address)) => Some(Other::Address(address)),
        (None, None) => None,
    }
}

/// Reads what was written, and judges every flow by it, with everything enforced.
fn prove(text: String, policies: usize, flows: &[Seen], world: &World) -> Draft {
    let checked = check(&text, "");
    let said = checked.diagnostics.iter().map(ToString::to_string);
    let mut left_out: Vec<String> = said.collect();
    let enforced = |policy: Policy| Policy { mode: Some(Mode::Enforce), ..policy };
    let set: Vec<Policy> = checked.policies.into_iter().map(enforced).collect();
    let options = Options { mode: Mode::Enforce, ..Options::default() };
    let court = Court::new(&set, world, options);
    let mut allowed = 0;
    for flow in flows {
        match stopped(&court, flow) {
            None => allowed += 1,
            Some(why) => left_out.push(why),
        }
    }
    left_out.sort();
    left_out.dedup();
    Draft { text, policies, allowed, left_out }
}

/// Why a flow would be stopped.
fn stopped(court: &Court<'_>, flow: &Seen) -> Option<String> {
    let end = |side: &Side| -> Option<End> {
        let world = court.world;
        match (&side.workload, &side.entity, side.address) {
            (Some(name), _, address) => world
                .workload(name)
                .map(|workload| End::of(workload, address, world, &court.options)),
            (None, Some(entity), address) => Some(End { address, ..End::reserved(entity) }),
            (None, None, Some(address)) => Some(End::at(address, world, &court.options)),
            (None, None, None) => None,
        }
    };
    let said = |side: &Side| match (&side.workload, &side.entity, side.address) {
        (Some(name), _, _) => name.to_string(),
        (None, Some(entity), _) => entity.clone(),
        (None, None, Some(address)) => address.to_string(),
        (None, None, None) => "somebody unknown".to_owned(),
    };
    let what =
        format!("{} {} from {} to {}", flow.protocol, flow.port, said(&flow.from), said(&flow.to));
    let (Some(from), Some(to)) = (end(&flow.from), end(&flow.to)) else {
        return Some(format!("{what}: the record does not say who it is"));
    };
    let packet = Packet { protocol: flow.protocol, port: flow.port };
    for (direction, own, peer) in
        [(Direction::Egress, &from, &to), (Direction::Ingress, &to, &from)]
    {
        let Some(subject) = own.workload.as_ref().and_then(|name| court.world.workload(name))
        else {
            continue;
        };
        let judged = court.judge(&Question { subject, direction, peer, packet });
        if judged.enforced.action == Action::Deny {
            return Some(format!("{what}: no rule could be written for its {direction}"));
        }
    }
    None
}

//! The least policies that allow recorded flows: one for each kind of workload that was seen, with
//! selectors and names rather than addresses, the requests that were read, and what was seen as
//! comments.
//!
//! What is written is read and judged again. A flow that it does not allow is told, never passed
//! over.

mod ports;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use podwall_model::{
    Direction, ExternalName, Mode, Namespace, POLICY_CLUSTER, Protocol, Workload, WorkloadName,
    World,
};
use podwall_policy::end::End;
use podwall_policy::judge::{Court, Question};
use podwall_policy::matching::Packet;
use podwall_policy::mode::PolicySet;
use podwall_policy::names::{Name, NamePattern};
use podwall_policy::options::Options;
use podwall_policy::request::{Conversation, HttpRequest, Request, normalise};
use podwall_policy::rule::{Action, Policy};
use podwall_policy::{Dialect, check_as, naming_labels};

/// The port that names are asked for on.
const DNS: u16 = 53;

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

/// What was read of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// An HTTP request.
    Http {
        /// Its method.
        method: String,
        /// Its path, with the query.
        path: String,
    },
    /// A question for a name.
    Dns {
        /// The name.
        name: String,
    },
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
    /// What was asked on it, where that was read.
    pub asked: Option<Asked>,
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
    Names(BTreeSet<String>),
    Address(IpAddr),
}

/// What was seen of one rule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) flows: u64,
    pub(crate) names: BTreeSet<String>,
    pub(crate) ports: BTreeSet<(Protocol, u16)>,
    /// What was asked on a port.
    pub(crate) asked: BTreeMap<(Protocol, u16), BTreeSet<Asked>>,
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
            let other = match direction {
                Direction::Egress => server(peer, &world),
                Direction::Ingress => other(peer, &world),
            };
            let (Some(group), Some(other)) = (group(own, &world), other) else { continue };
            let habit = habits.entry(group).or_default();
            habit.members.extend(own.workload.as_ref().map(ToString::to_string));
            let list = match direction {
                Direction::Ingress => &mut habit.ingress,
                Direction::Egress => &mut habit.egress,
            };
            let evidence = list.entry(other).or_default();
            evidence.flows += flow.count;
            evidence.ports.insert((flow.protocol, flow.port));
            if let Some(asked) = flow.asked.as_ref().filter(|asked| is_read(asked, direction, peer))
            {
                let port = evidence.asked.entry((flow.protocol, flow.port)).or_default();
                port.insert(asked.clone());
            }
            let named = peer.workload.as_ref().map(ToString::to_string);
            evidence.names.extend(named.into_iter().chain(peer.names.iter().cloned()));
        }
    }
    habits.values_mut().for_each(ask_for_names);
    let text = text::documents(&habits);
    prove(text, habits.len(), flows, &world)
}

/// Whether a rule of this end asks for it: questions are read at who asks, requests at the server
/// or, where that is no workload, at the client.
fn is_read(asked: &Asked, direction: Direction, peer: &Side) -> bool {
    match (asked, direction) {
        (Asked::Dns { .. }, direction) => direction == Direction::Egress,
        (Asked::Http { .. }, Direction::Ingress) => true,
        (Asked::Http { .. }, Direction::Egress) => peer.workload.is_none(),
    }
}

/// Names mean something only where their questions are read: whoever is reached by name also asks
/// a name server by a rule about names. Where questions were recorded, those and no others.
fn ask_for_names(habits: &mut Habits) {
    let mut wanted = BTreeSet::new();
    for other in habits.egress.keys() {
        if let Other::Names(names) = other {
            wanted.extend(names.iter().map(|name| Asked::Dns { name: name.clone() }));
        }
    }
    if wanted.is_empty() {
        return;
    }
    let is_question = |port: &(Protocol, u16)| port.0.has_ports() && port.1 == DNS;
    if !habits.egress.values().any(|evidence| evidence.ports.iter().any(is_question)) {
        let labels = BTreeMap::from([("k8s-app".to_owned(), "kube-dns".to_owned())]);
        let server = Group { namespace: "kube-system".to_owned(), labels };
        let ports = [(Protocol::UDP, DNS), (Protocol::TCP, DNS)].into();
        let evidence = Evidence { ports, ..Evidence::default() };
        habits.egress.insert(Other::Workloads(server), evidence);
    }
    for evidence in habits.egress.values_mut() {
        let any_name = || BTreeSet::from([Asked::Dns { name: "*".to_owned() }]);
        for port in evidence.ports.iter().copied().filter(is_question) {
            let asked = evidence.asked.entry(port).or_insert_with(any_name);
            if *asked != any_name() {
                asked.extend(wanted.iter().cloned());
            }
        }
    }
}

/// The world with every workload that a record names, and every name that led somewhere.
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
    for flow in flows {
        let (Some(client), Some(address)) = (&flow.from.workload, flow.to.address) else {
            continue;
        };
        for name in names(&flow.to) {
            world.names.push(ExternalName {
                name,
                addresses: vec![address],
                queried_by: vec![client.clone()],
            });
        }
    }
    world
}

/// Names of an end that a rule can hold, as they are looked up.
fn names(side: &Side) -> BTreeSet<String> {
    let plain = |name: &String| name.trim_end_matches('.').to_ascii_lowercase();
    let is_name = |name: &String| name.contains('.') && NamePattern::of_name(name).is_ok();
    side.names.iter().map(plain).filter(is_name).collect()
}

/// A server: by its names, if it is of the outside and has any.
fn server(side: &Side, world: &World) -> Option<Other> {
    match other(side, world)? {
        Other::Address(address) => {
            let names = names(side);
            Some(if names.is_empty() { Other::Address(address) } else { Other::Names(names) })
        }
        other @ (Other::Workloads(_) | Other::Entity(_) | Other::Names(_)) => Some(other),
    }
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
    let checked = check_as(&text, "", &crate::dialect());
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
    let conversation = flow.asked.as_ref().map(said_on);
    for (direction, own, peer) in
        [(Direction::Egress, &from, &to), (Direction::Ingress, &to, &from)]
    {
        let Some(subject) = own.workload.as_ref().and_then(|name| court.world.workload(name))
        else {
            continue;
        };
        let question = Question { subject, direction, peer, packet };
        let action = match &conversation {
            None => court.judge_by(PolicySet::Enforced, &question).action,
            Some(said) => court.judge_request_by(PolicySet::Enforced, &question, said).action(),
        };
        if action == Action::Deny {
            return Some(format!("{what}: no rule could be written for its {direction}"));
        }
    }
    None
}

/// A conversation in which that is asked.
fn said_on(asked: &Asked) -> Conversation {
    let request = match asked {
        Asked::Dns { name } => Request::Dns(Name::new(name)),
        Asked::Http { method, path } => Request::Http(HttpRequest {
            method: method.clone(),
            path: normalise(path).map_or_else(|_| path.clone(), |path| path.path),
            ..HttpRequest::default()
        }),
    };
    Conversation { hello: None, request: Some(request) }
}

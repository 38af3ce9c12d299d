//! From a connection that is, or would be, stopped to the narrowest policies that allow it.
//!
//! A policy is written for each end that refuses, as text that people would write: workloads by
//! the labels that name them, the outside by its address. What is written is checked and judged
//! before it is given: a text that does not allow the connection is never returned.

mod text;

use std::fmt;

use podwall_model::{Direction, Mode, PolicyId, PolicyKind, Reason, RuleId, Verdict};

use crate::document::check;
use crate::end::{End, Standing};
use crate::explain::{ExplainedDirection, explain};
use crate::judge::Court;
use crate::matching::Packet;
use crate::naming_labels;
use crate::rule::Policy;

use self::text::{Peer, Shape, document};

/// A connection to allow.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The client.
    pub from: &'a End,
    /// The server; behind a service its backend.
    pub to: &'a End,
    /// Protocol and port, as the server has it.
    pub packet: Packet,
    /// The kind to write, where it can say it.
    pub kind: Option<PolicyKind>,
}

/// Policies that allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The documents.
    pub text: String,
    /// One for each end that refuses, with its workload's end and direction.
    pub parts: Vec<Part>,
    /// What is worth knowing, in sentences.
    pub notes: Vec<String>,
}

/// One policy of a suggestion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// In or out of its workload.
    pub direction: Direction,
    /// The workload, `namespace/name`.
    pub workload: String,
    /// The policy, in detection.
    pub policy: Policy,
}

/// Why there is no suggestion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoSuggestion {
    /// As the policies stand, nothing stops it.
    Allowed,
    /// A deny rule stops it, and beats every allow.
    Denied(RuleId),
    /// No kind of policy can say it, and why.
    Unsayable(&'static str),
}

impl fmt::Display for NoSuggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoSuggestion::Allowed => f.write_str(
                "as the policies stand it is allowed already, hint: the flow was judged by what \
                 was in force then",
            ),
            NoSuggestion::Denied(rule) => write!(
                f,
                "a deny beats every allow: `{rule}`, hint: narrow that rule or take it away"
            ),
            NoSuggestion::Unsayable(why) => write!(f, "no policy can say it: {why}"),
        }
    }
}

impl std::error::Error for NoSuggestion {}

/// The narrowest policies that allow a connection; `taken` says which ids are in use.
pub fn suggest(
    court: &Court<'_>,
    wanted: &Wanted<'_>,
    taken: impl Fn(&PolicyId) -> bool,
) -> Result<Suggestion, NoSuggestion> {
    let explained = explain(court, wanted.from, wanted.to, wanted.packet);
    let refusing: Vec<&ExplainedDirection> =
        explained.directions.iter().filter(|d| d.verdict != Verdict::Forwarded).collect();
    if refusing.is_empty() {
        return Err(NoSuggestion::Allowed);
    }
    if let Some(rule) = refusing.iter().find_map(|d| denying(d)) {
        return Err(NoSuggestion::Denied(rule));
    }
    let mut suggestion = Suggestion { text: String::new(), parts: Vec::new(), notes: Vec::new() };
    let stem = text::name(wanted.from, wanted.to, wanted.packet);
    for direction in &refusing {
        let affix = (refusing.len() > 1).then_some(direction.direction);
        let id_of = |kind, namespace: &str| free_id(kind, namespace, &stem, affix, &taken);
        add(&mut suggestion, court, wanted, direction, id_of)?;
    }
    prove(court, wanted, &suggestion)?;
    Ok(suggestion)
}

/// What would still deny with a rule once detection is enforced counts too.
fn denying(direction: &ExplainedDirection) -> Option<RuleId> {
    direction.rule.clone().filter(|_| direction.reason == Reason::DenyRule)
}

fn add(
    suggestion: &mut Suggestion,
    court: &Court<'_>,
    wanted: &Wanted<'_>,
    direction: &ExplainedDirection,
    id_of: impl Fn(PolicyKind, &str) -> PolicyId,
) -> Result<(), NoSuggestion> {
    let peer = match direction.direction {
        Direction::Egress => wanted.to,
        Direction::Ingress => wanted.from,
    };
    let subject = court
        .world
        .workload(&direction.workload)
        .ok_or(NoSuggestion::Unsayable("the workload is gone"))?;
    let labels = naming_labels(&subject.labels);
    if labels.is_empty() {
        suggestion.notes.push(format!(
            "{} has no labels that name it: the policy selects its whole namespace",
            direction.workload
        ));
    }
    let peer = peer_of(court, peer, &mut suggestion.notes)?;
    let namespace = &subject.name.namespace;
    let kind = match names_namespace(court, namespace, &peer) {
        true => kind_for(wanted, &peer),
        false => PolicyKind::CiliumNetworkPolicy,
    };
    let id = id_of(kind, namespace);
    let shape = Shape {
        id: &id,
        labels: &labels,
        direction: direction.direction,
        peer: &peer,
        packet: wanted.packet,
    };
    let written = document(&shape).ok_or(NoSuggestion::Unsayable(
        "policies speak of TCP, UDP, SCTP and ICMP, hint: allow the peer as a whole by hand",
    ))?;
    let checked = check(&written, "");
    let policy = checked
        .policies
        .into_iter()
        .next()
        .ok_or(NoSuggestion::Unsayable("its names do not fit into a policy"))?;
    if !suggestion.text.is_empty() {
        suggestion.text.push_str("---\n");
    }
    suggestion.text.push_str(&written);
    let workload = direction.workload.to_string();
    suggestion.parts.push(Part { direction: direction.direction, workload, policy });
    Ok(())
}

fn peer_of(court: &Court<'_>, end: &End, notes: &mut Vec<String>) -> Result<Peer, NoSuggestion> {
    if let Some(name) = &end.workload {
        let workload =
            court.world.workload(name).ok_or(NoSuggestion::Unsayable("the peer is gone"))?;
        let labels = naming_labels(&workload.labels);
        if labels.is_empty() {
            notes.push(format!("{name} has no labels that name it: its whole namespace is meant"));
        }
        return Ok(Peer::Workloads { namespace: name.namespace.clone(), labels });
    }
    match (end.place, end.address) {
        (Standing::Outside, Some(address)) => {
            let entity = end.labels.values(None, "kube-apiserver").next();
            if entity.is_some() {
                return Ok(Peer::Entity("kube-apiserver"));
            }
            notes.push(format!(
                "{address} is outside of the cluster and has no labels: it is meant by its address, \
                 which may change"
            ));
            Ok(Peer::Address(address))
        }
        (Standing::Node, _) if end.is_host() => Ok(Peer::Entity("host")),
        (Standing::Node, _) => Ok(Peer::Entity("remote-node")),
        (Standing::Pod | Standing::Other | Standing::Outside, _) => {
            Err(NoSuggestion::Unsayable("nothing is known of the peer"))
        }
    }
}

/// Whether Kubernetes' own kind can name the peer's namespace: by a label that its API server
/// gives, and that a workload file may lack.
fn names_namespace(court: &Court<'_>, own: &str, peer: &Peer) -> bool {
    match peer {
        Peer::Workloads { namespace, .. } => {
            let known = court.world.namespace(namespace);
            let given = known.and_then(|known| known.labels.get(text::NAMESPACE_NAME));
            namespace == own || given == Some(namespace)
        }
        Peer::Address(_) | Peer::Entity(_) => true,
    }
}

/// Kubernetes' own kind where it can say it, unless the other is asked for.
fn kind_for(wanted: &Wanted<'_>, peer: &Peer) -> PolicyKind {
    let plain = wanted.packet.protocol.has_ports() && !matches!(peer, Peer::Entity(_));
    match wanted.kind {
        Some(PolicyKind::NetworkPolicy) | None if plain => PolicyKind::NetworkPolicy,
        _ => PolicyKind::CiliumNetworkPolicy,
    }
}

fn free_id(
    kind: PolicyKind,
    namespace: &str,
    stem: &str,
    direction: Option<Direction>,
    taken: &impl Fn(&PolicyId) -> bool,
) -> PolicyId {
    let suffix = match direction {
        Some(Direction::Egress) => "-out",
        Some(Direction::Ingress) => "-in",
        None => "",
    };
    let id = |number: u32| {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        let name = format!("{stem}{suffix}{number}");
        PolicyId { kind, namespace: Some(namespace.to_owned()), name }
    };
    (1..).map(id).find(|id| !taken(id)).expect("some number is free")
}

/// With the suggestion, and everything enforced, it passes.
fn prove(
    court: &Court<'_>,
    wanted: &Wanted<'_>,
    suggestion: &Suggestion,
) -> Result<(), NoSuggestion> {
    let mut policies = court.policies.to_vec();
    policies.extend(suggestion.parts.iter().map(|part| part.policy.clone()));
    for policy in &mut policies {
        policy.mode = match policy.mode {
            Some(Mode::Off) => Some(Mode::Off),
            Some(Mode::Detect | Mode::Enforce) => Some(Mode::Enforce),
            None => None,
        };
    }
    let court = Court { policies: &policies, ..*court };
    let explained = explain(&court, wanted.from, wanted.to, wanted.packet);
    match explained.directions.iter().find(|d| d.verdict != Verdict::Forwarded) {
        None => Ok(()),
        Some(direction) => Err(match denying(direction) {
            Some(rule) => NoSuggestion::Denied(rule),
            None => NoSuggestion::Unsayable("its labels cannot be told from others'"),
        }),
    }
}

#[cfg(test)]
mod tests;

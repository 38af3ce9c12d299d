//! Flows and counters as the agent tells them, to what is kept and what is shown.

use podwall_ledger::{Key, Party, Reading, Record, RuleName};
use podwall_model as model;
use podwall_model::{Direction, Reason, RuleId};
use podwall_wire::node;
use podwall_wire::rest::{Flow, Nearest, Peer, ServiceHop};

use super::workload::Holds;
use crate::state::State;

/// Flows as they are shown, and as they are kept; their numbers are given later.
pub(crate) fn flows(state: &State, flows: &[model::Flow]) -> Vec<(Flow, Record)> {
    flows.iter().map(|seen| flow(&state.holds, seen)).collect()
}

fn flow(holds: &Holds, flow: &model::Flow) -> (Flow, Record) {
    let isolating = match (&flow.rule, flow.reason) {
        (None, Reason::DefaultDeny) => holds
            .isolating(&flow.workload, flow.direction)
            .first()
            .map(|policy| (*policy).to_owned()),
        (_, _) => None,
    };
    let policy = flow.rule.as_ref().map(|rule| rule.policy.to_string()).or(isolating);
    let shown = shown(flow, policy.clone());
    let body = serde_json::to_string(&shown).expect("a flow is JSON");
    let record = Record {
        time: shown.time,
        verdict: flow.verdict,
        direction: flow.direction,
        workload: shown.workload.clone(),
        source: party(&shown.source),
        destination: party(&shown.destination),
        protocol: flow.connection.protocol,
        port: shown.port,
        policy,
        count: flow.count,
        body,
    };
    (shown, record)
}

fn shown(flow: &model::Flow, policy: Option<String>) -> Flow {
    let connection = &flow.connection;
    let (ip, port) = flow.backend.unwrap_or((connection.destination, connection.destination_port));
    let service = flow.backend.is_some() || flow.service.is_some();
    let reason = Some(flow.reason).filter(|reason| *reason != Reason::None);
    Flow {
        seq: 0,
        time: u64::try_from(flow.time.as_millis()).unwrap_or(u64::MAX),
        kind: flow.kind.into(),
        verdict: flow.verdict.into(),
        reason: reason.map(word),
        reason_text: reason.map(|reason| reason.words().to_owned()),
        workload: flow.workload.to_string(),
        direction: flow.direction.into(),
        source: peer(&flow.source, connection.source),
        destination: peer(&flow.destination, ip),
        service: service.then(|| ServiceHop {
            name: flow.service.clone(),
            ip: connection.destination.to_string(),
            port: connection.destination_port,
        }),
        protocol: connection.protocol.to_string(),
        port,
        source_port: connection.source_port,
        tcp_flags: Some(tcp_flags(flow.tcp_flags)).filter(|flags| !flags.is_empty()),
        policy,
        rule: flow.rule.as_ref().map(ToString::to_string),
        nearest: flow.nearest.iter().map(|(rule, why)| nearest(rule, why)).collect(),
        count: flow.count,
    }
}

/// The words say which part did not fit: `policy::explain` writes ", another port" behind ports,
/// ", another protocol" behind protocols, and neither behind peers.
fn nearest(rule: &RuleId, why: &str) -> Nearest {
    let (port, protocol) = (", another port", ", another protocol");
    let first = why.split(", and it is about").next().unwrap_or_default();
    Nearest {
        rule: rule.to_string(),
        why: why.to_owned(),
        peer: first.is_empty() || first.ends_with(port) || first.ends_with(protocol),
        protocol: !why.ends_with(protocol),
        port: !why.ends_with(port) && !why.ends_with(protocol),
    }
}

fn peer(side: &model::Side, ip: std::net::IpAddr) -> Peer {
    Peer {
        workload: side.workload.as_ref().map(ToString::to_string),
        names: side.names.clone(),
        ip: ip.to_string(),
        labels: side.labels.iter().map(ToString::to_string).collect(),
        identity: side.identity,
    }
}

fn party(peer: &Peer) -> Party {
    Party { workload: peer.workload.clone(), address: peer.ip.clone(), names: peer.names.clone() }
}

/// The stable word of a reason: its name in the code, in lower case with underscores.
fn word(reason: Reason) -> String {
    let name = format!("{reason:?}");
    let mut word = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(character.to_ascii_lowercase());
    }
    word
}

/// The flags of a TCP header, in the order of their bits (RFC 9293, 3.1).
const TCP_FLAGS: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];

fn tcp_flags(bits: u8) -> String {
    let set = TCP_FLAGS.iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
    set.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

/// A reading of counters for the ledger. A counter that says nothing known is left out.
pub(crate) fn reading(node: &str, counters: node::Counters, fresh: bool) -> Reading {
    let known = counters.counters.into_iter().filter_map(|counter| {
        let rule = match counter.rule {
            Some(rule) => Some(RuleId::try_from(rule).ok()?),
            None => None,
        };
        let key = Key {
            node: node.to_owned(),
            workload: model::WorkloadName::from(counter.workload).to_string(),
            direction: Direction::from(counter.direction),
            verdict: counter.verdict.into(),
            reason: Reason::from_number(counter.reason)?,
            rule: rule.map(|rule| RuleName {
                policy: rule.policy.to_string(),
                rule: rule.to_string(),
                content: rule.content,
            }),
        };
        Some((key, counter.packets, counter.bytes))
    });
    Reading { node: node.to_owned(), time: counters.time, fresh, counters: known.collect() }
}

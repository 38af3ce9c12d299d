//! Flow records and rule names as the node stream carries them, to and from the model.

use std::net::IpAddr;
use std::time::Duration;

use podwall_model as model;
use serde::{Deserialize, Serialize};

use super::LineError;
use crate::rest::{Direction, FlowKind, Verdict};

/// `namespace/name` of a workload, in two parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkloadName {
    /// The namespace.
    pub namespace: String,
    /// The name in it.
    pub name: String,
}

/// A rule's whole name, so that it stays one across processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The kind of its policy.
    pub kind: String,
    /// The namespace of its policy; absent for cluster-wide kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The name of its policy.
    pub name: String,
    /// The index in `specs`; absent for `spec`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<u32>,
    /// The direction of its list.
    pub direction: Direction,
    /// Whether that is the deny list.
    pub deny: bool,
    /// Its place in the list; absent for the isolation itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// The hash of its content.
    pub content: u64,
}

/// One flow record; the fields are those of `model::Flow`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Microseconds since the epoch.
    pub time_us: u64,
    /// Why it is told.
    pub kind: FlowKind,
    /// Who judged.
    pub workload: WorkloadName,
    /// In or out of it.
    pub direction: Direction,
    /// Both addresses and ports.
    pub connection: Connection,
    /// The client.
    pub source: Side,
    /// The server.
    pub destination: Side,
    /// The backend that a service led to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<(IpAddr, u16)>,
    /// The service, `namespace/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// The number of the reason.
    pub reason: u8,
    /// The rule that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// For a default deny: the nearest rules, each with why it did not match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<(Rule, String)>,
    /// TCP flags.
    pub tcp_flags: u8,
    /// The generation that judged.
    pub generation: u32,
    /// How many events it stands for.
    pub count: u64,
}

/// Both ends of a connection, as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The client's address.
    pub source: IpAddr,
    /// The server's address.
    pub destination: IpAddr,
    /// The client's port.
    pub source_port: u16,
    /// The server's port, or the ICMP type.
    pub destination_port: u16,
    /// The protocol's number.
    pub protocol: u8,
}

/// Who stood at one end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<WorkloadName>,
    /// Other names of the address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The number of its identity.
    pub identity: u32,
    /// Its labels: source, key, value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<(String, String, String)>,
}

impl From<&model::WorkloadName> for WorkloadName {
    fn from(name: &model::WorkloadName) -> WorkloadName {
        WorkloadName { namespace: name.namespace.clone(), name: name.name.clone() }
    }
}

impl From<WorkloadName> for model::WorkloadName {
    fn from(name: WorkloadName) -> model::WorkloadName {
        model::WorkloadName { namespace: name.namespace, name: name.name }
    }
}

impl From<&model::RuleId> for Rule {
    fn from(rule: &model::RuleId) -> Rule {
        Rule {
            kind: rule.policy.kind.name().to_owned(),
            namespace: rule.policy.namespace.clone(),
            name: rule.policy.name.clone(),
            spec: rule.section.spec,
            direction: rule.section.direction.into(),
            deny: rule.section.deny,
            index: rule.index,
            content: rule.content,
        }
    }
}

impl TryFrom<Rule> for model::RuleId {
    type Error = LineError;

    fn try_from(rule: Rule) -> Result<model::RuleId, LineError> {
        let kind = model::PolicyKind::from_name(&rule.kind)
            .ok_or(LineError::Unknown { what: "policy kind", value: rule.kind })?;
        Ok(model::RuleId {
            policy: model::PolicyId { kind, namespace: rule.namespace, name: rule.name },
            section: model::Section {
                spec: rule.spec,
                direction: rule.direction.into(),
                deny: rule.deny,
            },
            index: rule.index,
            content: rule.content,
        })
    }
}

impl From<&model::Side> for Side {
    fn from(side: &model::Side) -> Side {
        let labels = side
            .labels
            .iter()
            .map(|l| (l.source.prefix().to_owned(), l.key.clone(), l.value.clone()))
            .collect();
        Side {
            workload: side.workload.as_ref().map(WorkloadName::from),
            names: side.names.clone(),
            identity: side.identity,
            labels,
        }
    }
}

impl TryFrom<Side> for model::Side {
    type Error = LineError;

    fn try_from(side: Side) -> Result<model::Side, LineError> {
        let label = |(source, key, value): (String, String, String)| {
            let source = model::Source::from_prefix(&source)
                .ok_or(LineError::Unknown { what: "label source", value: source })?;
            Ok(model::Label::new(source, key, value))
        };
        Ok(model::Side {
            workload: side.workload.map(Into::into),
            names: side.names,
            identity: side.identity,
            labels: side.labels.into_iter().map(label).collect::<Result<_, LineError>>()?,
        })
    }
}

impl From<&model::Flow> for Flow {
    fn from(flow: &model::Flow) -> Flow {
        let micros = u64::try_from(flow.time.as_micros());
        Flow {
            time_us: micros.expect("microseconds since the epoch fit 64 bits for 500,000 years"),
            kind: flow.kind.into(),
            workload: (&flow.workload).into(),
            direction: flow.direction.into(),
            connection: Connection {
                source: flow.connection.source,
                destination: flow.connection.destination,
                source_port: flow.connection.source_port,
                destination_port: flow.connection.destination_port,
                protocol: flow.connection.protocol.0,
            },
            source: (&flow.source).into(),
            destination: (&flow.destination).into(),
            backend: flow.backend,
            service: flow.service.clone(),
            verdict: flow.verdict.into(),
            reason: flow.reason as u8,
            rule: flow.rule.as_ref().map(Rule::from),
            nearest: flow.nearest.iter().map(|(rule, why)| (rule.into(), why.clone())).collect(),
            tcp_flags: flow.tcp_flags,
            generation: flow.generation,
            count: flow.count,
        }
    }
}

impl TryFrom<Flow> for model::Flow {
    type Error = LineError;

    fn try_from(flow: Flow) -> Result<model::Flow, LineError> {
        let nearest = |(rule, why): (Rule, String)| Ok((rule.try_into()?, why));
        Ok(model::Flow {
            time: Duration::from_micros(flow.time_us),
            kind: flow.kind.into(),
            workload: flow.workload.into(),
            direction: flow.direction.into(),
            connection: model::Connection {
                source: flow.connection.source,
                destination: flow.connection.destination,
                source_port: flow.connection.source_port,
                destination_port: flow.connection.destination_port,
                protocol: model::Protocol(flow.connection.protocol),
            },
            source: flow.source.try_into()?,
            destination: flow.destination.try_into()?,
            backend: flow.backend,
            service: flow.service,
            verdict: flow.verdict.into(),
            reason: reason(flow.reason)?,
            rule: flow.rule.map(TryInto::try_into).transpose()?,
            nearest: flow.nearest.into_iter().map(nearest).collect::<Result<_, LineError>>()?,
            tcp_flags: flow.tcp_flags,
            generation: flow.generation,
            count: flow.count,
        })
    }
}

/// The reason with this number, as counters and flows carry it.
pub fn reason(number: u8) -> Result<model::Reason, LineError> {
    model::Reason::from_number(number)
        .ok_or_else(|| LineError::Unknown { what: "reason", value: number.to_string() })
}

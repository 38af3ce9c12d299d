//! The messages between control and an agent: one JSON object a line over a unix socket.
//!
//! Control listens, the agent connects and speaks first ([`ToControl::Hello`]). Control sends the
//! whole wanted state, never a difference; the agent answers each revision with `Applied` or
//! `Refused`, but one that a later revision overtook before it was applied. Flows, counters and
//! losses ride up the same stream. Counters and losses are absolute, so that a line that was lost
//! or sent twice does no harm.

mod flow;
mod world;

pub use flow::{Connection, Flow, Rule, Side, WorkloadName, reason};
pub use world::{ExternalName, NamedPort, Namespace, Node, Service, ServicePort, Workload, World};

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::rest::{Direction, Mode, Problem, Verdict};

/// The version of this stream. Both sides come from one binary; a difference means that an old
/// agent outlived an upgrade, and control replaces it.
pub const VERSION: u32 = 1;

/// The longest line either side takes: a world of 10,000 workloads and as many policies fits.
pub const LINE_LIMIT_BYTES: usize = 64 << 20;

/// What control tells an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToAgent {
    /// The whole state that should be in force.
    Wanted(Box<Wanted>),
    /// Detach and unpin all that was made, answer `Removed` and end.
    Remove,
}

/// What an agent tells control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToControl {
    /// The first line: who speaks, and what was found in the kernel.
    Hello(Hello),
    /// A revision is in force.
    Applied(Applied),
    /// A revision is not; what was in force stays.
    Refused(Refused),
    /// What was seen, in order.
    Flows {
        /// At most [`FLOWS_LIMIT`] of them.
        flows: Vec<Flow>,
    },
    /// All counters as they stand.
    Counters(Counters),
    /// All losses as they stand.
    Losses(Losses),
    /// All that is wrong on this node now; replaces what was said before.
    Problems {
        /// Most urgent first; empty when all is well.
        problems: Vec<Problem>,
    },
    /// Nothing of Podwall is left in this node's kernel.
    Removed,
}

/// The most flows in one line, so that a storm does not hold up an answer to a change.
pub const FLOWS_LIMIT: usize = 1024;

/// The whole state that should be in force on a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// The number control gave it; it only grows.
    pub revision: u64,
    /// The cluster-wide default mode.
    pub mode: Mode,
    /// What exists, with the modes of namespaces.
    pub world: World,
    /// Where the workloads of this node are.
    pub attachments: Vec<Attachment>,
    /// The policy documents that control accepted.
    pub documents: Vec<Document>,
}

/// Where one workload meets the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The workload.
    pub workload: WorkloadName,
    /// Its place.
    pub place: Place,
}

/// How a workload's device is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A network namespace: its devices' other ends are looked for on the node.
    Netns(PathBuf),
    /// The name of the device on the node.
    Interface(String),
}

/// One file's worth of policies, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The file, for messages.
    pub file: String,
    /// What it says.
    pub text: String,
}

/// Who speaks, and what was found in the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`VERSION`] of the speaker.
    pub version: u32,
    /// The node's name.
    pub node: String,
    /// The agent's process.
    pub pid: u32,
    /// What an earlier agent had left in force.
    pub adopted: Adopted,
}

/// What an agent found when it came up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// Whether there was nothing.
    pub fresh: bool,
    /// The generation in force; 0 when fresh.
    pub generation: u32,
    /// The workloads whose hooks are in place.
    pub workloads: Vec<WorkloadName>,
    /// Why what was found was left alone, e.g. an unknown layout. Nothing can be applied then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_alone: Option<String>,
}

/// A revision is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Which.
    pub revision: u64,
    /// The generation it is in the kernel.
    pub generation: u32,
    /// How many map writes it took.
    pub writes: u64,
    /// From its arrival to the last write, in microseconds.
    pub took_us: u64,
}

/// A revision that was not applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Which.
    pub revision: u64,
    /// Why, one finding each, in sentences.
    pub why: Vec<String>,
}

/// All counters of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// When they were read, milliseconds since the epoch.
    pub time: u64,
    /// One for each workload, direction, verdict, reason and rule that was ever met.
    pub counters: Vec<Counter>,
}

/// One counter, absolute since the kernel state was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// The workload that judged; both parts empty where a packet met no workload's slot.
    pub workload: WorkloadName,
    /// In or out of it.
    pub direction: Direction,
    /// What became of the packets.
    pub verdict: Verdict,
    /// The number of the reason (`model::Reason`).
    pub reason: u8,
    /// The rule that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Where events went. `produced` = delivered by all agents + `lost_kernel` + `lost_agent` + what an
/// agent held when it was killed; control, which knows what it got, reports that rest as a gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// Events that the hooks had to tell, absolute since the kernel state was made.
    pub produced: u64,
    /// Of these, no room in the ring buffer.
    pub lost_kernel: u64,
    /// Of these, in the ring when that was read: nobody has taken them out yet.
    #[serde(default)]
    pub waiting: u64,
    /// Read from the ring by this agent, since it started.
    pub read: u64,
    /// Of these, sent up in flows (their counts added).
    pub delivered: u64,
    /// Of these, thrown away because control did not keep up.
    pub lost_agent: u64,
}

/// Why a line is no message.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It is not the JSON that was agreed on.
    #[error("unable to read a line of the node stream")]
    Json(#[source] serde_json::Error),
    /// A word or number in it that nothing stands for.
    #[error("unknown {what} in the node stream: `{value}`")]
    Unknown {
        /// What should have been there.
        what: &'static str,
        /// What was there.
        value: String,
    },
}

/// A message as one line, with its line feed.
pub fn encode<M: Serialize>(message: &M) -> Result<Vec<u8>, LineError> {
    let mut line = serde_json::to_vec(message).map_err(LineError::Json)?;
    line.push(b'\n');
    Ok(line)
}

/// The message in one line; a line feed at its end does not matter.
pub fn decode<M: DeserializeOwned>(line: &[u8]) -> Result<M, LineError> {
    serde_json::from_slice(line).map_err(LineError::Json)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use podwall_model as model;

    use super::*;

    fn name(name: &str) -> model::WorkloadName {
        model::WorkloadName { namespace: "shop".into(), name: name.into() }
    }

    fn rule() -> model::RuleId {
        model::RuleId {
            policy: model::PolicyId {
                kind: model::PolicyKind::CiliumNetworkPolicy,
                namespace: Some("shop".into()),
                name: "db".into(),
            },
            section: model::Section {
                spec: Some(1),
                direction: model::Direction::Ingress,
                deny: true,
            },
            index: Some(2),
            content: u64::MAX - 1,
        }
    }

    fn flow() -> model::Flow {
        let label = model::Label::new(model::Source::K8s, "app", "web");
        model::Flow {
            time: Duration::from_micros(1_764_000_000_123_456),
            kind: model::FlowKind::Judged,
            workload: name("db"),
            direction: model::Direction::Ingress,
            connection: model::Connection {
                source: "10.0.0.5".parse().unwrap(),
                destination: "fd00::9".parse().unwrap(),
                source_port: 40_000,
                destination_port: 5432,
                protocol: model::Protocol::TCP,
            },
            source: model::Side {
                workload: Some(name("web")),
                names: vec!["web.example".into()],
                identity: 256,
                labels: model::Labels::from_iter([label]),
            },
            destination: model::Side::default(),
            backend: Some(("10.0.0.9".parse().unwrap(), 5432)),
            service: Some("shop/db".into()),
            verdict: model::Verdict::WouldDrop,
            reason: model::Reason::DenyRule,
            rule: Some(rule()),
            nearest: vec![(rule(), "other port".into())],
            tcp_flags: 2,
            generation: 7,
            count: 3,
        }
    }

    fn there_and_back<M: Serialize + DeserializeOwned>(message: &M) -> M {
        let line = encode(message).unwrap();
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        decode(&line).unwrap()
    }

    #[test]
    fn a_flow_comes_back_as_it_went() {
        let message = ToControl::Flows { flows: vec![(&flow()).into()] };
        let ToControl::Flows { mut flows } = there_and_back(&message) else { panic!("flows") };
        let back = model::Flow::try_from(flows.remove(0)).unwrap();
        assert_eq!(back, flow());
    }

    #[test]
    fn a_world_comes_back_as_it_went() {
        let protocol = model::Protocol::UDP;
        let world = model::World {
            namespaces: vec![model::Namespace {
                name: "shop".into(),
                labels: [("team".to_owned(), "blue".to_owned())].into(),
                mode: Some(model::Mode::Enforce),
            }],
            nodes: vec![model::Node { name: "n".into(), local: true, ..Default::default() }],
            workloads: vec![model::Workload {
                name: name("web"),
                labels: [("app".to_owned(), "web".to_owned())].into(),
                service_account: "default".into(),
                node: String::new(),
                addresses: vec!["10.0.0.5".parse().unwrap()],
                ports: vec![model::NamedPort { name: "dns".into(), port: 53, protocol }],
                host_network: false,
                labels_resolved: true,
                cluster: "default".into(),
            }],
            services: vec![model::Service {
                namespace: "shop".into(),
                name: "dns".into(),
                ports: vec![model::ServicePort {
                    name: "dns".into(),
                    port: 53,
                    target: 5353,
                    protocol,
                }],
                ..Default::default()
            }],
            cidr_groups: vec![model::CidrGroup {
                name: "partners".into(),
                labels: [("kind".to_owned(), "partner".to_owned())].into(),
                cidrs: vec!["198.51.100.0/24".parse().unwrap(), "fd00::/8".parse().unwrap()],
            }],
            api_servers: vec!["203.0.113.1".parse().unwrap()],
            names: vec![model::ExternalName {
                name: "api.example.com".into(),
                queried_by: vec![name("web")],
                ..Default::default()
            }],
        };
        let place = Place::Netns("/run/netns/web".into());
        let wanted = ToAgent::Wanted(Box::new(Wanted {
            revision: 4,
            mode: Mode::Detect,
            world: (&world).into(),
            attachments: vec![Attachment { workload: (&name("web")).into(), place }],
            documents: vec![Document { file: "a.yaml".into(), text: "a:\n  b\n".into() }],
        }));
        let back = there_and_back(&wanted);
        assert_eq!(back, wanted);
        let ToAgent::Wanted(back) = back else { panic!("wanted") };
        assert_eq!(model::World::from(back.world), world);
    }

    #[test]
    fn a_word_that_nothing_stands_for_is_refused() {
        let mut flow = Flow::from(&flow());
        flow.reason = 250;
        let error = model::Flow::try_from(flow).unwrap_err();
        assert_eq!(error.to_string(), "unknown reason in the node stream: `250`");
        assert!(decode::<ToControl>(b"{\"type\":\"hullo\"}").is_err());
    }
}

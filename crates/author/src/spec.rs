//! Policy cases as documents (`kind: PolicyTest`): a world, policies, flows and what becomes of
//! them. Every case is put to each witness, and all have to agree with what the case expects.

mod ask;
mod place;
mod report;
mod run;
mod witness;

use std::collections::BTreeMap;

use podwall_model::{Direction, Mode, Protocol, WorkloadName, World};
use podwall_policy::Dialect;
use podwall_policy::judge::{Court, Enforcement};
use podwall_policy::options::Options;
use podwall_policy::request::Conversation;
use podwall_policy::rule::Policy;

pub use self::ask::ask;
pub use self::place::Place;
pub use self::report::{Failure, Report};
pub use self::run::run;
pub use self::witness::{Crossing, Heard, Judge, Said, Told, Unfit, Witness};

/// One case.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The file it stands in.
    pub file: String,
    /// What it is called.
    pub name: String,
    /// What it is chosen by.
    pub labels: BTreeMap<String, String>,
    /// The world and the policies it begins with.
    pub state: State,
    /// The flows that are judged at once.
    pub tests: Vec<Test>,
    /// Changes, each with its own flows.
    pub steps: Vec<Step>,
    /// Documents that must be refused.
    pub invalid: Vec<Invalid>,
}

/// What is so at one moment of a case.
#[derive(Clone, Debug)]
pub struct State {
    /// Who is there.
    pub world: World,
    /// What is in the folder of policies.
    pub policies: Vec<Policy>,
    /// The cluster-wide choices.
    pub options: Options,
    /// How documents are read.
    pub dialect: Dialect,
    /// When a direction is default-deny.
    pub enforcement: Enforcement,
}

impl State {
    /// The court of this moment.
    pub fn court(&self) -> Court<'_> {
        Court {
            policies: &self.policies,
            world: &self.world,
            options: self.options,
            enforcement: self.enforcement,
        }
    }
}

/// One flow and what becomes of it.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its line in the file.
    pub line: u32,
    /// What it is called, if it has a name.
    pub name: String,
    /// The client.
    pub from: Place,
    /// The server.
    pub to: Place,
    /// What is sent.
    pub sent: Sent,
    /// What is asked in the connection; `None`: nothing is said of it.
    pub conversation: Option<Conversation>,
    /// The one end that is asked; both if it is not said.
    pub direction: Option<Direction>,
    /// Which of these must come out.
    pub expect: Vec<Outcome>,
    /// The rule that must have decided.
    pub rule: Option<String>,
    /// For a default deny, the rule that must be the nearest.
    pub nearest: Option<String>,
}

/// A protocol, and the port or ICMP type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The protocol.
    pub protocol: Protocol,
    /// The port, of the service where one is asked for; or the ICMP type; or 0.
    pub port: u16,
}

/// What becomes of a flow, in the words of test files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It passes.
    Allow,
    /// No rule allows it.
    Drop,
    /// A rule denies it.
    Deny,
    /// It passes, and would not if all of detection were enforced.
    Audit,
    /// It does not pass, and would if all of detection were enforced.
    WouldAllow,
    /// Neither end is judged.
    Unknown,
    /// It goes to the gate, and nothing is asked.
    Gate,
    /// The gate lets the request pass.
    GatePasses,
    /// The gate refuses the request: HTTP's 403.
    Forbidden,
    /// The gate closes the connection.
    Reset,
    /// The gate refuses the name: DNS' REFUSED.
    Refused,
    /// The gate refuses the topic: Kafka's error 29.
    TopicDenied,
    /// Both ends have to prove who they are first. A word of the format that never comes about:
    /// what wants such a proof is refused.
    Unproven,
}

impl Outcome {
    /// The words of test files, in the order of the enum.
    pub const WORDS: [(&'static str, Outcome); 13] = [
        ("ALLOW", Outcome::Allow),
        ("DROP", Outcome::Drop),
        ("DENY", Outcome::Deny),
        ("AUDIT", Outcome::Audit),
        ("WOULD-ALLOW", Outcome::WouldAllow),
        ("UNKNOWN", Outcome::Unknown),
        ("L7", Outcome::Gate),
        ("L7-OK", Outcome::GatePasses),
        ("403", Outcome::Forbidden),
        ("RST", Outcome::Reset),
        ("REFUSED", Outcome::Refused),
        ("TAF", Outcome::TopicDenied),
        ("AUTH", Outcome::Unproven),
    ];

    /// Whether only a gate can bring it about.
    pub fn is_of_gate(self) -> bool {
        match self {
            Outcome::Allow
            | Outcome::Drop
            | Outcome::Deny
            | Outcome::Audit
            | Outcome::WouldAllow
            | Outcome::Unknown
            | Outcome::Unproven => false,
            Outcome::Gate
            | Outcome::GatePasses
            | Outcome::Forbidden
            | Outcome::Reset
            | Outcome::Refused
            | Outcome::TopicDenied => true,
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (word, _) = Outcome::WORDS[*self as usize];
        f.write_str(word)
    }
}

/// Changes that happen together, and the flows that are judged after them.
#[derive(Clone, Debug)]
pub struct Step {
    /// What changes, in this order.
    pub changes: Vec<Change>,
    /// The flows.
    pub tests: Vec<Test>,
}

/// One change.
#[derive(Clone, Debug)]
pub enum Change {
    /// A pod has other labels from now on.
    Relabel {
        /// Which pod.
        pod: WorkloadName,
        /// All its labels.
        labels: BTreeMap<String, String>,
    },
    /// A policy goes: its id as it is written.
    Delete(String),
    /// A policy comes, in place of the one of the same name if there is one.
    Apply(Policy),
    /// A namespace has another mode or other labels.
    Namespace {
        /// Which.
        name: String,
        /// The mode, where it changes.
        mode: Option<Mode>,
        /// All its labels, where they change.
        labels: Option<BTreeMap<String, String>>,
    },
}

/// A document that must be refused.
#[derive(Clone, Debug)]
pub struct Invalid {
    /// Its line in the file.
    pub line: u32,
    /// Its text.
    pub text: String,
    /// Part of what must be said.
    pub message: Option<String>,
    /// The code that must be given.
    pub code: Option<String>,
}

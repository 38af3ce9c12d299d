//! What control knows: the accepted set, the modes, and how the node stands to it. Only `decide`
//! changes it.

use std::sync::OnceLock;
use std::time::Duration;

use podwall_files::Workloads;
use podwall_model::{Mode, World};
use podwall_wire::node::{Adopted, Attachment, Document, Losses, Place, Wanted};
use podwall_wire::rest::{self, AgentState, Problem};

use crate::account::Account;
use crate::body::{Holds, Shadows};
use crate::documents::Documents;
use crate::memory::Memory;

/// All that control knows.
pub(crate) struct State {
    /// The cluster-wide default mode.
    pub(crate) mode: Mode,
    /// The newest accepted set.
    pub(crate) revision: u64,
    /// The workloads as they were last accepted, with the modes of namespaces as they hold.
    pub(crate) workloads: Workloads,
    /// The policies.
    pub(crate) documents: Documents,
    /// How they hold the workloads.
    pub(crate) holds: Holds,
    /// Which rules and policies add nothing.
    pub(crate) shadows: Shadows,
    /// As the list tells them, but for what is counted; made when it is first asked for.
    listed: OnceLock<Vec<rest::Policy>>,
    /// What is to be remembered.
    pub(crate) memory: Memory,
    /// The workloads that the newest revision carries.
    pub(crate) sent: Option<Workloads>,
    /// What is refused, as the log was told.
    pub(crate) refused: Vec<String>,
    /// Whether anything was read yet.
    pub(crate) read: bool,
    /// Why the folder or the workload file is not used as it is now.
    pub(crate) trouble: Vec<Problem>,
    /// Why what is remembered could not be written.
    pub(crate) forgetful: Option<String>,
    /// Why the ledger keeps nothing on disk.
    pub(crate) disk: Option<String>,
    /// What of the history was lost by a damaged or deleted file.
    pub(crate) damage: Option<String>,
    /// The node.
    pub(crate) node: NodeState,
}

/// What is known of the one node.
#[derive(Debug)]
pub(crate) struct NodeState {
    pub(crate) name: String,
    pub(crate) agent: AgentState,
    pub(crate) pid: Option<u32>,
    /// The revision in force; 0 before any.
    pub(crate) revision: u64,
    pub(crate) generation: u32,
    /// The newest revision that the agent refused, and why.
    pub(crate) refused: Option<(u64, Vec<String>)>,
    /// Why the agent ended last.
    pub(crate) ended: Option<String>,
    pub(crate) adopted: Option<Adopted>,
    /// Whether the kernel's counters began anew and were not read since.
    pub(crate) fresh: bool,
    /// Whether the agent has taken everything out of the kernel.
    pub(crate) removed: bool,
    pub(crate) losses: Losses,
    pub(crate) account: Account,
    /// Events lost since the start, by all agents and on the way here.
    pub(crate) events_lost: u64,
    /// Of these, what agents held when they were killed.
    pub(crate) events_killed: u64,
    pub(crate) problems: Vec<Problem>,
    /// When everything that was asked for came in force, since the epoch.
    pub(crate) in_force_at: Option<Duration>,
}

impl State {
    /// The state before anything was read, from what is remembered.
    pub(crate) fn new(memory: Memory, node: &str) -> State {
        let remembered = memory.workloads.as_deref().map(podwall_files::parse_world);
        State {
            mode: memory.mode.into(),
            revision: memory.revision,
            workloads: remembered.and_then(Result::ok).unwrap_or_default(),
            documents: Documents::remembered(&memory.policies),
            holds: Holds::default(),
            shadows: Shadows::default(),
            listed: OnceLock::new(),
            memory,
            sent: None,
            refused: Vec::new(),
            read: false,
            trouble: Vec::new(),
            forgetful: None,
            disk: None,
            damage: None,
            node: NodeState {
                name: node.to_owned(),
                agent: AgentState::Starting,
                pid: None,
                revision: 0,
                generation: 0,
                refused: None,
                ended: None,
                adopted: None,
                fresh: false,
                removed: false,
                losses: Losses::default(),
                account: Account::default(),
                events_lost: 0,
                events_killed: 0,
                problems: Vec::new(),
                in_force_at: None,
            },
        }
    }

    /// The world as policies meet it, with the modes of namespaces as they hold.
    pub(crate) fn world(&self) -> &World {
        &self.workloads.world
    }

    /// The policies as the list tells them, by id, but for what is counted.
    pub(crate) fn listed(&self) -> &[rest::Policy] {
        self.listed.get_or_init(|| crate::body::listed(self))
    }

    /// The policies, the workloads or the modes may be others than before.
    pub(crate) fn list_anew(&mut self) {
        self.listed = OnceLock::new();
    }

    /// Whether everything that was asked for is in force.
    pub(crate) fn ready(&self) -> bool {
        self.read && self.node.revision == self.revision && self.node.agent == AgentState::Running
    }

    /// The whole wanted state, for the agent.
    pub(crate) fn wanted(&self) -> Wanted {
        let attachments = self.workloads.attachments.iter().map(|(name, place)| Attachment {
            workload: name.into(),
            place: match place {
                podwall_files::Attachment::Netns(path) => Place::Netns(path.clone()),
                podwall_files::Attachment::Interface(name) => Place::Interface(name.clone()),
            },
        });
        let documents = self
            .documents
            .accepted()
            .map(|(name, accepted)| Document { file: name.clone(), text: accepted.text.clone() });
        Wanted {
            revision: self.revision,
            mode: self.mode.into(),
            world: self.world().into(),
            attachments: attachments.collect(),
            documents: documents.collect(),
        }
    }
}

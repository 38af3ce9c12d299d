//! What happens to control, and what it does about it: both closed, so that `decide` is pure.

use podwall_files::{PolicyFile, Workloads};
use podwall_model::Mode;
use podwall_wire::node::{Counters, Flow, ToAgent, ToControl};
use podwall_wire::rest::Problem;
use tokio::sync::{oneshot, watch};

use crate::changes::Noted;

/// Told when a change is decided: the revision that carries it.
pub(crate) type Reply = oneshot::Sender<u64>;

/// What happened.
pub(crate) enum Event {
    /// The policy folder and the workload file were read.
    Looked(Box<Looked>),
    /// Somebody set the cluster-wide mode.
    ModeSet(Mode, Reply),
    /// Somebody set the mode of a namespace that stands in no file.
    NamespaceModeSet(String, Mode, Reply),
    /// The agent's process runs.
    AgentStarted(u32),
    /// The agent's process ended.
    AgentEnded(String),
    /// An agent connected; what is put here reaches it, unless something newer takes its place.
    AgentConnected(watch::Sender<Option<ToAgent>>),
    /// The agent said something.
    AgentSaid(Box<ToControl>),
    /// The stream to the agent ended.
    AgentDisconnected,
    /// The run ends: whatever is in the kernel goes.
    Leaving,
    /// What is remembered was written, or why not.
    Remembered(Option<String>),
    /// How the disk is: why nothing can be kept there, if so.
    Disk(Option<String>),
    /// A part of the history was found damaged or taken away.
    Damaged(String),
}

/// What was read.
pub(crate) struct Looked {
    /// The files of the folder, or why it cannot be listed.
    pub(crate) policies: Result<Vec<PolicyFile>, Problem>,
    /// The workloads, with the text of their file, or why it is not used.
    pub(crate) workloads: Result<(Option<String>, Workloads), Problem>,
    /// Who waits for the answer.
    pub(crate) reply: Option<Reply>,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Action {
    /// Tell the agent.
    Send(ToAgent),
    /// Keep flows, and tell the stream.
    Keep(Vec<Flow>),
    /// Count, and tell the stream.
    Count {
        /// What was read.
        counters: Counters,
        /// Whether the kernel's counters began anew.
        fresh: bool,
    },
    /// Note what somebody changed in files.
    Note(Vec<Noted>),
    /// Note that events were lost.
    Lose(u64),
    /// Write down what is remembered.
    Remember,
    /// Tell the stream how things are.
    Publish,
    /// Tell somebody the revision.
    Answer(Reply, u64),
    /// Say something in the log that people should read.
    Say(String),
}

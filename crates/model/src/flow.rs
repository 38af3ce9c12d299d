//! What was seen of one connection at one workload: the record that people, SIEMs and the page
//! read.

use std::net::IpAddr;
use std::time::Duration;

use crate::{Direction, Labels, Protocol, Reason, RuleId, Verdict, WorkloadName};

/// Why the kernel told us of a flow now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowKind {
    /// Its first packet passed.
    New,
    /// A packet was stopped, or would have been.
    Judged,
    /// A live connection was judged again, with another result.
    Changed,
    /// It ended.
    Closed,
}

/// Both ends of a connection, as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection {
    /// The client's address.
    pub source: IpAddr,
    /// The server's address: of the service, where the client asked for one.
    pub destination: IpAddr,
    /// The client's port; 0 where the protocol has none.
    pub source_port: u16,
    /// The server's port, or the ICMP type.
    pub destination_port: u16,
    /// The protocol.
    pub protocol: Protocol,
}

/// Who stood at one end, named when the event was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// The workload, if it is one that is known.
    pub workload: Option<WorkloadName>,
    /// A DNS name or service, if one is known for the address.
    pub names: Vec<String>,
    /// The number of its identity on this node.
    pub identity: u32,
    /// Its labels.
    pub labels: Labels,
}

/// One event of one connection, judged at one workload in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// When, since the epoch.
    pub time: Duration,
    /// Why it is told now.
    pub kind: FlowKind,
    /// Who judged: the workload whose policy this is about.
    pub workload: WorkloadName,
    /// In or out of that workload.
    pub direction: Direction,
    /// Both addresses.
    pub connection: Connection,
    /// The client.
    pub source: Side,
    /// The server; behind a service, the real backend.
    pub destination: Side,
    /// The backend that a service led to, with its port.
    pub backend: Option<(IpAddr, u16)>,
    /// The service that was asked for, as `namespace/name`.
    pub service: Option<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// The rule that decided; for a default deny there is none.
    pub rule: Option<RuleId>,
    /// For a default deny: the nearest rules, each with why it did not match.
    pub nearest: Vec<(RuleId, String)>,
    /// TCP flags of the packet that was seen.
    pub tcp_flags: u8,
    /// The policy set in the kernel that judged.
    pub generation: u32,
    /// How many events of the same kind this record stands for.
    pub count: u64,
}

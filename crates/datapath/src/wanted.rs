//! What the kernel shall hold: the whole wanted state of one node, said as plain values.
//!
//! The agent resolves and compiles; `Datapath::apply` compares with what the kernel has and writes
//! the difference. Nothing here is a kernel structure.

use std::collections::BTreeMap;
use std::sync::Arc;

use podwall_model::{Address, Cidr, Protocol, WorkloadName};
use podwall_policy::table::{IdentityNumber, Table};

/// Everything that shall be in force on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The workloads with hooks of their own.
    pub endpoints: Vec<Endpoint>,
    /// The tables of each class of workloads.
    pub classes: BTreeMap<ClassId, ClassTables>,
    /// Identities by number, each with its canonical text.
    pub identities: BTreeMap<IdentityNumber, String>,
    /// Exact addresses, each with the identity it leads to.
    pub addresses: BTreeMap<Address, IdentityNumber>,
    /// True ranges, asked only when no exact address is found; the longest prefix counts.
    pub networks: BTreeMap<Cidr, IdentityNumber>,
    /// Service addresses with what they lead to.
    pub services: BTreeMap<Frontend, Vec<Backend>>,
}

/// One workload at its host-side interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What it is called.
    pub workload: WorkloadName,
    /// The index of the host side of its veth.
    pub interface: u32,
    /// Its own addresses: the only ones it may send from.
    pub addresses: Vec<Address>,
    /// Which tables judge it.
    pub class: ClassId,
}

/// A class of workloads: equal labels, equal named ports. Means something to the agent alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u32);

/// The two tables of a class; the same where nothing is in detection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassTables {
    /// Of the policies that enforce.
    pub enforce: Arc<Table>,
    /// Of those and the ones in detection.
    pub both: Arc<Table>,
}

/// Where clients reach a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Frontend {
    /// The service's address: of the cluster, external, of a load balancer or of the node.
    pub address: Address,
    /// The port that clients use.
    pub port: u16,
    /// TCP, UDP or SCTP.
    pub protocol: Protocol,
}

/// Where a service leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Backend {
    /// The real server.
    pub address: Address,
    /// Its port.
    pub port: u16,
}

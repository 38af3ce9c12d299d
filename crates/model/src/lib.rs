//! The nouns of Podwall, shared by every room and spoken by nobody else.
//!
//! A packet event becomes a [`Flow`], a policy document becomes rules with a [`RuleId`], a pod or a
//! process on one machine is a [`Workload`] in a [`World`]. This crate does no IO, knows no clock
//! and no serialisation: `wire` gives these nouns their bytes.

mod address;
mod flow;
mod label;
mod mode;
mod port;
mod rule_id;
mod verdict;
mod world;

pub use address::{Address, Cidr, CidrError};
pub use flow::{Connection, Flow, FlowKind, Side};
pub use label::{Label, LabelParts, Labels, Source};
pub use mode::{Mode, UnknownMode};
pub use port::{IcmpFamily, NamedPort, Protocol, UnknownProtocol};
pub use rule_id::{Direction, PolicyId, PolicyKind, RuleId, Section};
pub use verdict::{Reason, Verdict};
pub use world::{
    CidrGroup, ExternalName, NAMESPACE_LABELS, Namespace, Node, POD_NAMESPACE, POLICY_CLUSTER,
    POLICY_SERVICE_ACCOUNT, Service, ServicePort, Workload, WorkloadName, World, is_identity_key,
};

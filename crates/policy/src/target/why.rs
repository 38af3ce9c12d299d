//! The ways in which a rule means something else in Cilium: what is so there, and what to do.
//!
//! What depends on the version was read in Cilium's own notes and changes; the rest was seen in its
//! engine.

use std::fmt;

/// One way in which a policy means something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// A kind that Cilium never had.
    NeverAKind,
    /// ClusterNetworkPolicy before 1.20.
    KindTooNew,
    /// ClusterNetworkPolicy, which a switch turns on.
    KindSwitchedOff,
    /// A policy in detection.
    Detects,
    /// A policy that is off.
    Off,
    /// A baseline that accepts.
    BaselineOpens,
    /// A rule that leaves the rest to the next tier.
    PassDenies,
    /// A host policy.
    HostFirewall,
    /// Peers named by the labels of nodes.
    NodeLabels,
    /// ICMP type 0.
    IcmpZero,
    /// A named port on egress before 1.20.
    NamedPort,
    /// NetworkPolicy's ranges.
    RangeOfOutside,
    /// Services with ports beside them.
    LostService,
    /// Groups chosen by labels they do not have.
    NoGroup,
    /// Peers chosen by absent labels alone, from 1.20 on.
    AbsenceOfAll,
    /// The entity `cluster-mesh` before 1.20.
    ClusterMesh,
    /// Peers without a cluster before 1.19.
    EveryCluster,
    /// `**.` before 1.19.
    DeepName,
    /// A star in a server name before 1.18.
    ServerStar,
    /// A star inside a server name before 1.20.
    InnerServerStar,
    /// Kafka and custom protocols from 1.20 on.
    ProtocolGone,
    /// A text for flow logs before 1.18.
    LogText,
    /// An empty list that counts as absent.
    EmptyList,
    /// NetworkPolicy's rules of a direction that `policyTypes` leaves out.
    UnlistedDirection,
    /// Requirements beside peers before 1.19, which are refused here.
    Requires,
    /// An exception wider than its range before 1.20, which is refused here.
    WiderException,
    /// Authentication, which is refused here.
    Authentication,
    /// Listeners, which are refused here.
    Listener,
}

impl Why {
    /// What to do.
    pub fn hint(self) -> &'static str {
        match self {
            Why::NeverAKind | Why::KindTooNew => {
                "write a CiliumClusterwideNetworkPolicy there; it has neither tiers nor priorities"
            }
            Why::KindSwitchedOff => "switch it on in Cilium's configuration",
            Why::Detects | Why::Off => "keep it away from there until it is to be enforced",
            Why::BaselineOpens => "leave the accept out where a NetworkPolicy isolates",
            Why::PassDenies => "nothing passes or stops otherwise, only the reason told differs",
            Why::HostFirewall => "switch the host firewall on in Cilium's configuration",
            Why::NodeLabels => "switch the flag on in Cilium's configuration",
            Why::IcmpZero => "name the types that are meant; there is no way to mean type 0 alone",
            Why::NamedPort => "write the number",
            Why::RangeOfOutside => "name pods by labels, nodes by a Cilium policy's entities",
            Why::LostService => "name the backends in toEndpoints or toCIDRSet",
            Why::NoGroup => "ask for a label that the groups have",
            Why::AbsenceOfAll => "ask for a label that is there as well",
            Why::ClusterMesh => "name the clusters in toEndpoints by their label",
            Why::EveryCluster => {
                "set `policy-default-local-cluster` (1.18), or name the cluster by its label"
            }
            Why::DeepName => "write one pattern for each depth",
            Why::ServerStar => "write the names out",
            Why::InnerServerStar => "keep stars to the front: `*.` or `**.`",
            Why::ProtocolGone => "allow the port as a whole, or keep what reads the protocol here",
            Why::LogText => "take the text out, or do without it",
            Why::EmptyList => "write who is meant, or take the element away",
            Why::UnlistedDirection => "list the direction, or take its rules away",
            Why::Requires => "write the labels into each peer: the field went with 1.19",
            Why::WiderException => "take the range away: nothing of it is meant",
            Why::Authentication | Why::Listener => {
                "keep one document for there and another for here"
            }
        }
    }
}

impl fmt::Display for Why {
    /// What is so there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::NeverAKind => "nothing of it is in force: Cilium never had this kind",
            Why::KindTooNew => "nothing of it is in force: the kind came with 1.20",
            Why::KindSwitchedOff => "it is in force only with `enable-k8s-cluster-network-policy`",
            Why::Detects => "it is enforced: a mode of one policy is not known to Cilium",
            Why::Off => "it is enforced: a policy that is off is not known to Cilium",
            Why::BaselineOpens => {
                "it opens what a NetworkPolicy isolates: the baseline is asked before isolation"
            }
            Why::PassDenies => {
                "what no later rule allows is denied by a rule of its own, not dropped for want of \
                 one"
            }
            Why::HostFirewall => {
                "it holds only with `enable-host-firewall`, and is ignored without"
            }
            Why::NodeLabels => "it is refused without `enable-node-selector-labels`",
            Why::IcmpZero => "the ICMP type 0 is every type of its family",
            Why::NamedPort => {
                "a named port of peers that give it different numbers is ignored before 1.20"
            }
            Why::RangeOfOutside => {
                "the range means no pod and no node, though their addresses lie in it"
            }
            Why::LostService => "the ports are open to everybody where the service leads nowhere",
            Why::NoGroup => "addresses of no group match too: the labels of each address are asked",
            Why::AbsenceOfAll => {
                "absent labels alone also fit what stands for all pods and all ranges together"
            }
            Why::ClusterMesh => "the document is refused: the entity `cluster-mesh` came with 1.20",
            Why::EveryCluster => {
                "in a mesh, peers of every cluster are meant: the local one came with 1.19"
            }
            Why::DeepName => "`**.` stands for one label only: more came with 1.19",
            Why::ServerStar => "the star in a server name stands for nothing: it came with 1.18",
            Why::InnerServerStar => {
                "the document is refused: stars inside a server name, or alone, came with 1.20"
            }
            Why::ProtocolGone => {
                "the document is refused: rules for Kafka and custom protocols went with 1.20"
            }
            Why::LogText => "the field `log` is not known: it came with 1.18",
            Why::EmptyList => {
                "an empty list of names, services or groups counts as absent: the ports are open \
                 to everybody"
            }
            Why::UnlistedDirection => {
                "rules of a direction that `policyTypes` leaves out are in force"
            }
            Why::Requires => {
                "it is not refused: each peer of the same workloads must also have these labels"
            }
            Why::WiderException => {
                "it is not refused: an exception that is wider takes the whole range away"
            }
            Why::Authentication => "it is not refused: both ends have to prove who they are",
            Why::Listener => "it is not refused: the connection is handed to that listener",
        })
    }
}

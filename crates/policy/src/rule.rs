//! Rules: what a checked document says, without the shape of its kind.
//!
//! Every kind comes down to this. The source of each meaning is Cilium 1.20's policy engine, and
//! for Kubernetes' own kinds Kubernetes' own conformance.

use podwall_model::{
    Cidr, CidrGroup, Direction, IcmpFamily, Mode, PolicyId, Protocol, RuleId, Source,
};

use crate::demand::PortDemand;
use crate::names::NamePattern;

/// One checked document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Kind, namespace and name.
    pub id: PolicyId,
    /// What its own annotation says; else its subject's namespace decides, else the cluster.
    pub mode: Option<Mode>,
    /// Its rules, in the order of their ids.
    pub rules: Vec<Rule>,
    /// What a CiliumCIDRGroup holds, for rules of others to refer to.
    pub group: Option<CidrGroup>,
}

/// One element of an allow or deny list, or the bare isolation of a direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, stable as long as its content is.
    pub id: RuleId,
    /// Whom it is about.
    pub subject: Subject,
    /// In or out of the subject.
    pub direction: Direction,
    /// What it does with what it matches.
    pub effect: Effect,
    /// Where it stands among the others.
    pub precedence: Precedence,
    /// The other end.
    pub peers: Peers,
    /// Protocols and ports; an empty list matches nothing.
    pub ports: Ports,
    /// What it asks of requests, for each item of its ports; empty if it asks nothing at all. The
    /// ports of all items together are `ports`.
    pub demands: Vec<PortDemand>,
    /// Whether it makes its subject default-deny in its direction.
    pub isolates: bool,
    /// Text to attach to flow records it decides.
    pub log: Option<String>,
}

impl Rule {
    /// Whether it asks something of requests.
    pub fn demands_any(&self) -> bool {
        !self.demands.is_empty()
    }
}

/// What becomes of a packet by the rules of one set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Let it pass.
    Allow,
    /// Stop it.
    Deny,
}

/// What a rule does with what it matches. Of equal standing a deny beats every allow, however
/// specific, and an allow every pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Stop it.
    Deny,
    /// Let it pass.
    Allow,
    /// Leave it to the next tier.
    Pass,
}

impl Effect {
    /// What becomes of the packet; `None` where another tier has to say.
    pub fn action(self) -> Option<Action> {
        match self {
            Effect::Deny => Some(Action::Deny),
            Effect::Allow => Some(Action::Allow),
            Effect::Pass => None,
        }
    }
}

/// Where a rule stands among the others: the lower is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Precedence {
    /// Which tier it is of.
    pub tier: Tier,
    /// The priority of its policy in the tier; 0 in the normal one.
    pub priority: u32,
    /// Its place in its list, where that counts; 0 in the normal tier.
    pub index: u32,
}

impl Precedence {
    /// That of every rule of NetworkPolicy and of Cilium's kinds.
    pub const NORMAL: Precedence = Precedence { tier: Tier::Normal, priority: 0, index: 0 };
}

/// The tiers, in the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Rules of administrators that nobody overrides.
    Admin,
    /// NetworkPolicy and Cilium's kinds. What isolates here is final.
    Normal,
    /// What holds for whom no rule of the normal tier isolates.
    Baseline,
}

impl Tier {
    /// All of them, in order.
    pub const ALL: [Tier; 3] = [Tier::Admin, Tier::Normal, Tier::Baseline];
}

/// Whom a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Workloads whose identity labels match; never a node.
    Endpoints(Selector),
    /// Nodes whose labels match: a host policy.
    Nodes(Selector),
}

/// The other end of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Peers {
    /// No restriction: every peer, of the world and the node too.
    Anyone,
    /// Any of these; an empty list is nobody.
    AnyOf(Vec<Peer>),
}

/// One way to name peers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// Whoever carries these labels. Entities are selectors over `reserved:` labels, expanded.
    Labels(Selector),
    /// Addresses in a range, less the excepted ones.
    Cidr {
        /// The range.
        cidr: Cidr,
        /// What is taken out of this item alone; it is not a deny.
        except: Vec<Cidr>,
        /// Which kinds of peers an address range can mean.
        reach: Reach,
    },
    /// Addresses outside of the cluster in the ranges of CiliumCIDRGroups.
    Group {
        /// Which groups.
        which: Which,
        /// What is taken out of this item alone.
        except: Vec<Cidr>,
    },
    /// The backends of services.
    Service {
        /// Which services.
        which: Which,
        /// The namespace they are in; `None` means any.
        namespace: Option<String>,
        /// The cluster that pods behind them are of; `None` means any.
        cluster: Option<String>,
    },
    /// Addresses outside of the cluster that were answered for names of this pattern.
    Name(NamePattern),
}

/// How something of the world is referred to. What is not there means nobody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// The one of this name.
    Named(String),
    /// Those whose own labels match, under the source `k8s`.
    Labelled(Selector),
}

/// Which peers an address range selects by their address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Only addresses outside the cluster (CNP and CCNP).
    World,
    /// Pods, nodes and the outside alike (NetworkPolicy's `ipBlock`).
    Everything,
    /// Only addresses outside the cluster, whatever the options say of ranges.
    Outside,
}

/// A conjunction of requirements on labels; an empty one matches everyone with labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector(pub Vec<Requirement>);

/// One requirement on a set of labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// The source asked for; `None` means any source.
    pub source: Option<Source>,
    /// The key.
    pub key: String,
    /// What is asked of its values.
    pub test: Test,
}

/// What a requirement asks of the values under its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test {
    /// One of these is the value.
    In(Vec<String>),
    /// None of these is the value; true without the key.
    NotIn(Vec<String>),
    /// The key is there.
    Exists,
    /// The key is not there.
    Absent,
}

/// Protocols and ports of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ports {
    /// No restriction: every protocol.
    Any,
    /// Any of these; an empty list matches nothing.
    AnyOf(Vec<Port>),
}

/// One item of a port list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Port {
    /// Every port of a protocol, or the whole of a protocol without ports.
    All(Protocol),
    /// `first..=last` of TCP, UDP or SCTP.
    Range {
        /// The protocol.
        protocol: Protocol,
        /// The first port, not 0.
        first: u16,
        /// The last port, not below the first.
        last: u16,
    },
    /// A port that the serving workload names: of the subject on ingress, of the peer on egress.
    Named {
        /// The name, lower case.
        name: String,
        /// The protocol it must be declared under; `None` means any.
        protocol: Option<Protocol>,
        /// On ingress, the end of a range that starts at the named port.
        last: Option<u16>,
    },
    /// ICMP messages of one type, any code.
    Icmp {
        /// Which ICMP.
        family: IcmpFamily,
        /// The type.
        kind: u8,
    },
}

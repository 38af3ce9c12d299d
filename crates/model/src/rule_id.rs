//! The names of policies and of their rules.
//!
//! A rule's id is kind, namespace, name, section, index and a hash of its content: it means the
//! same in the judge, in the kernel and on the page, and a change of content is a new rule.

use std::fmt;

/// Which way a packet goes, seen from the workload whose policy judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Into the workload.
    Ingress,
    /// Out of the workload.
    Egress,
}

impl Direction {
    /// Both, egress first, as a packet meets them.
    pub const BOTH: [Direction; 2] = [Direction::Egress, Direction::Ingress];
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        })
    }
}

/// The kinds of policy documents, and what they refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// `cilium.io/v2`, cluster-wide.
    CiliumClusterwideNetworkPolicy,
    /// `cilium.io/v2`, in a namespace.
    CiliumNetworkPolicy,
    /// `networking.k8s.io/v1`.
    NetworkPolicy,
    /// `policy.networking.k8s.io/v1alpha2`, cluster-wide, in tiers.
    ClusterNetworkPolicy,
    /// `policy.networking.k8s.io/v1alpha1`, before all others.
    AdminNetworkPolicy,
    /// `policy.networking.k8s.io/v1alpha1`, after all others.
    BaselineAdminNetworkPolicy,
    /// `cilium.io/v2`, cluster-wide: no rules, but ranges that rules refer to.
    CiliumCIDRGroup,
}

impl PolicyKind {
    /// Every kind.
    pub const ALL: [PolicyKind; 7] = [
        PolicyKind::CiliumClusterwideNetworkPolicy,
        PolicyKind::CiliumNetworkPolicy,
        PolicyKind::NetworkPolicy,
        PolicyKind::ClusterNetworkPolicy,
        PolicyKind::AdminNetworkPolicy,
        PolicyKind::BaselineAdminNetworkPolicy,
        PolicyKind::CiliumCIDRGroup,
    ];

    /// The kind as it is written in a manifest.
    pub fn name(self) -> &'static str {
        match self {
            PolicyKind::CiliumClusterwideNetworkPolicy => "CiliumClusterwideNetworkPolicy",
            PolicyKind::CiliumNetworkPolicy => "CiliumNetworkPolicy",
            PolicyKind::NetworkPolicy => "NetworkPolicy",
            PolicyKind::ClusterNetworkPolicy => "ClusterNetworkPolicy",
            PolicyKind::AdminNetworkPolicy => "AdminNetworkPolicy",
            PolicyKind::BaselineAdminNetworkPolicy => "BaselineAdminNetworkPolicy",
            PolicyKind::CiliumCIDRGroup => "CiliumCIDRGroup",
        }
    }

    /// The kind with this name, if it is one of ours.
    pub fn from_name(name: &str) -> Option<PolicyKind> {
        PolicyKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether documents of this kind stand in a namespace.
    pub fn is_namespaced(self) -> bool {
        match self {
            PolicyKind::CiliumNetworkPolicy | PolicyKind::NetworkPolicy => true,
            PolicyKind::CiliumClusterwideNetworkPolicy
            | PolicyKind::ClusterNetworkPolicy
            | PolicyKind::AdminNetworkPolicy
            | PolicyKind::BaselineAdminNetworkPolicy
            | PolicyKind::CiliumCIDRGroup => false,
        }
    }

    /// The versions under which it is written, the usual one first.
    pub fn versions(self) -> &'static [&'static str] {
        match self {
            PolicyKind::CiliumClusterwideNetworkPolicy | PolicyKind::CiliumNetworkPolicy => {
                &["cilium.io/v2"]
            }
            PolicyKind::CiliumCIDRGroup => &["cilium.io/v2", "cilium.io/v2alpha1"],
            PolicyKind::NetworkPolicy => &["networking.k8s.io/v1"],
            PolicyKind::ClusterNetworkPolicy => &["policy.networking.k8s.io/v1alpha2"],
            PolicyKind::AdminNetworkPolicy | PolicyKind::BaselineAdminNetworkPolicy => {
                &["policy.networking.k8s.io/v1alpha1"]
            }
        }
    }
}

/// `Kind/namespace/name`, without the namespace for cluster-wide kinds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyId {
    /// What kind of document it is.
    pub kind: PolicyKind,
    /// Its namespace; `None` for cluster-wide kinds.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.kind.name())?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}

/// The list of a document that a rule stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Section {
    /// `None` for `spec`, else the index in `specs`.
    pub spec: Option<u32>,
    /// Which direction the list is about.
    pub direction: Direction,
    /// Whether it is the deny list of that direction.
    pub deny: bool,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(spec) = self.spec {
            write!(f, "specs[{spec}].")?;
        }
        write!(f, "{}{}", self.direction, if self.deny { "Deny" } else { "" })
    }
}

/// One rule of one policy. The order of ids breaks ties: the first one is said to decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId {
    /// The policy it stands in.
    pub policy: PolicyId,
    /// The list it stands in.
    pub section: Section,
    /// Its place in that list; `None` for the isolation itself, where a policy lists no rule.
    pub index: Option<u32>,
    /// A hash of the rule's content and subject, so that a changed rule is another rule.
    pub content: u64,
}

impl fmt::Display for RuleId {
    /// As test files write it: `CiliumNetworkPolicy/shop/egress#egressDeny[0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.policy, self.section)?;
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}

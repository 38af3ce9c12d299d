//! What a selector means beside its own words: the namespace and the cluster it speaks of.
//!
//! The rules are those of Cilium 1.20's engine: a peer without a word on namespaces is of the
//! policy's own; a cluster-wide policy's peer is some pod; a subject never leaves the policy's
//! namespace, whatever it says (CVE-2023-41333).

use podwall_model::{NAMESPACE_LABELS, POD_NAMESPACE, POLICY_CLUSTER, Source};

use crate::diagnostic::{Code, Findings};
use crate::rule::{Requirement, Selector, Test};
use crate::selector;
use crate::yaml::Node;

/// What the documents are read for, where the text alone does not say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The name of the cluster that peers without a cluster are of.
    pub cluster: String,
    /// Which cluster a peer is of that names none.
    pub unnamed_cluster: UnnamedCluster,
    /// Whether `enableDefaultDeny: false` is honoured.
    pub default_deny: DefaultDeny,
    /// Whether peers may be nodes by their labels: nobody tells such nodes apart otherwise.
    pub node_labels: Reading,
    /// Whether subjects may be nodes: somebody has to judge what a node itself sends.
    pub host_policies: Reading,
    /// Whether requests can be judged where the documents are going to be in force.
    pub gate: Gate,
}

/// What becomes of a part of the language that needs something of its surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It is refused, and why is said.
    Refused,
    /// It is read.
    Accepted,
}

/// Whether there is a gate that reads requests. Without one a document that asks something of them
/// is refused as a whole: the rest of it alone would mean something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// There is none: a node.
    Absent,
    /// There is one, or nothing comes into force at all: reading, testing, explaining.
    Present,
}

/// Which cluster a peer selector means that names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnnamedCluster {
    /// The local one.
    Local,
    /// Any of the mesh.
    Any,
}

/// Whether a policy may select workloads without making them default-deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultDeny {
    /// As `enableDefaultDeny` says.
    AsWritten,
    /// Always on.
    Forced,
}

impl Default for Dialect {
    /// As Cilium 1.20 is set where nobody sets anything.
    fn default() -> Dialect {
        Dialect {
            cluster: "default".to_owned(),
            unnamed_cluster: UnnamedCluster::Local,
            default_deny: DefaultDeny::AsWritten,
            node_labels: Reading::Refused,
            host_policies: Reading::Refused,
            gate: Gate::Absent,
        }
    }
}

impl Dialect {
    /// As documents are read where nothing comes into force: what asks something of requests too.
    pub fn offline() -> Dialect {
        Dialect { gate: Gate::Present, ..Dialect::default() }
    }
}

/// The surroundings that selectors of one document are read in.
pub(crate) struct Scope<'a> {
    pub(crate) dialect: &'a Dialect,
    /// The policy's namespace; `None` for cluster-wide kinds.
    pub(crate) namespace: Option<&'a str>,
    /// Whether the subject asks for workloads without labels yet (`reserved:init`).
    pub(crate) subject_is_init: bool,
}

impl Scope<'_> {
    /// A peer selector of CNP and CCNP with what it leaves unsaid.
    pub(crate) fn peer(&self, Selector(mut requirements): Selector) -> Selector {
        if requirements.iter().any(|r| r.source == Some(Source::Reserved)) {
            return canonical(requirements);
        }
        if !requirements.iter().any(names_a_namespace) {
            match self.namespace {
                Some(_) if requirements.iter().any(describes_a_namespace) => {}
                Some(namespace) => requirements.push(k8s(POD_NAMESPACE, is(namespace))),
                None if self.subject_is_init => {}
                // Also beside labels of a namespace: that one is absent must not mean the outside.
                None => requirements.push(k8s(POD_NAMESPACE, Test::Exists)),
            }
        }
        self.add_cluster(&mut requirements);
        canonical(requirements)
    }

    /// The pods of NetworkPolicy's peers: of the policy's namespace, or of those that match.
    pub(crate) fn kubernetes_peer(
        &self,
        pods: Option<Selector>,
        namespaces: Option<Selector>,
    ) -> Selector {
        let mut requirements = pods.unwrap_or_default().0;
        match (namespaces, self.namespace) {
            (Some(Selector(of_namespaces)), _) if !of_namespaces.is_empty() => {
                requirements.extend(of_namespaces);
                // Where no cluster says so either, nothing but a pod may be found by an absence.
                if self.dialect.unnamed_cluster == UnnamedCluster::Any {
                    requirements.push(k8s(POD_NAMESPACE, Test::Exists));
                }
            }
            (None, Some(namespace)) => requirements.push(k8s(POD_NAMESPACE, is(namespace))),
            (Some(_) | None, _) => requirements.push(k8s(POD_NAMESPACE, Test::Exists)),
        }
        self.add_cluster(&mut requirements);
        canonical(requirements)
    }

    /// The cluster that peers are of which name none; `None` means any.
    pub(crate) fn cluster(&self) -> Option<String> {
        match self.dialect.unnamed_cluster {
            UnnamedCluster::Local => Some(self.dialect.cluster.clone()),
            UnnamedCluster::Any => None,
        }
    }

    fn add_cluster(&self, requirements: &mut Vec<Requirement>) {
        let named = requirements.iter().any(|r| is_ours(r) && r.key == POLICY_CLUSTER);
        let unnamed = self.cluster().filter(|_| !named);
        requirements.extend(unnamed.map(|cluster| k8s(POLICY_CLUSTER, is(&cluster))));
    }

    /// A subject selector: held to the policy's namespace.
    ///
    /// A namespace under `matchLabels` gives way to the policy's own, if it is written as
    /// Kubernetes' (`k8s:`). Asked for in any other way it stays, and no workload can have both.
    pub(crate) fn subject(
        &self,
        Selector(mut requirements): Selector,
        node: &Node,
        findings: &mut Findings,
    ) -> Selector {
        let Some(namespace) = self.namespace else {
            return canonical(requirements);
        };
        let foreign = |requirement: &Requirement| {
            is_ours(requirement)
                && requirement.key == POD_NAMESPACE
                && matches!(&requirement.test,
                    Test::In(values) if !values.iter().any(|value| value == namespace))
        };
        let kubernetes = |requirement: &Requirement| {
            requirement.source == Some(Source::K8s) && requirement.key == POD_NAMESPACE
        };
        let message = "the subject names another namespace than the policy's own";
        // Labels stand before expressions.
        let labels = selector::match_labels(node);
        let own = requirements.iter().take(labels).position(kubernetes);
        if let Some(at) = own
            && foreign(&requirements.remove(at))
        {
            let help = format!("`{namespace}` is used");
            findings.warn(Code::FOREIGN_NAMESPACE, node.span, message, help);
        }
        if requirements.iter().any(foreign) {
            let help = format!("nothing is selected: every subject is in `{namespace}`");
            findings.warn(Code::FOREIGN_NAMESPACE, node.span, message, help);
        }
        requirements.push(k8s(POD_NAMESPACE, is(namespace)));
        canonical(requirements)
    }
}

/// A requirement on a label that Kubernetes, or we for it, give.
pub(crate) fn k8s(key: &str, test: Test) -> Requirement {
    Requirement { source: Some(Source::K8s), key: key.to_owned(), test }
}

pub(crate) fn is(value: &str) -> Test {
    Test::In(vec![value.to_owned()])
}

/// Whether its source is one under which pod labels stand.
fn is_ours(requirement: &Requirement) -> bool {
    matches!(requirement.source, None | Some(Source::K8s))
}

fn names_a_namespace(requirement: &Requirement) -> bool {
    is_ours(requirement) && requirement.key == POD_NAMESPACE
}

fn describes_a_namespace(requirement: &Requirement) -> bool {
    is_ours(requirement) && requirement.key.starts_with(NAMESPACE_LABELS)
}

fn canonical(mut requirements: Vec<Requirement>) -> Selector {
    requirements.sort();
    requirements.dedup();
    Selector(requirements)
}

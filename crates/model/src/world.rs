//! What exists on one side of a policy: namespaces, nodes, workloads, services.
//!
//! `kube` and `files` fill a [`World`]; `policy` judges against it. Nothing here knows where it
//! came from.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use crate::{Cidr, Label, Labels, Mode, NamedPort, Protocol, Source};

/// Everything a policy can speak of, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// Namespaces with their labels and modes.
    pub namespaces: Vec<Namespace>,
    /// Nodes of the cluster; one of them may be this one.
    pub nodes: Vec<Node>,
    /// Pods, or what stands for them on one machine.
    pub workloads: Vec<Workload>,
    /// Services with their backends.
    pub services: Vec<Service>,
    /// Groups of address ranges that policies may refer to.
    pub cidr_groups: Vec<CidrGroup>,
    /// Addresses of a control plane that is on none of the nodes.
    pub api_servers: Vec<IpAddr>,
    /// Names that were seen answered, and for whom.
    pub names: Vec<ExternalName>,
}

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The mode of policies whose subject is in it, where they say none themselves.
    pub mode: Option<Mode>,
}

/// A machine of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether it is the one that judges.
    pub local: bool,
    /// Whether the API server runs on it.
    pub apiserver: bool,
}

/// `namespace/name`: what a workload is called everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadName {
    /// The namespace.
    pub namespace: String,
    /// The name in it.
    pub name: String,
}

impl fmt::Display for WorkloadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A pod, or a process with a network namespace of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// What it is called.
    pub name: WorkloadName,
    /// Its own labels, as the user wrote them.
    pub labels: BTreeMap<String, String>,
    /// Its service account.
    pub service_account: String,
    /// The node it runs on; empty for the local one.
    pub node: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Its named ports.
    pub ports: Vec<NamedPort>,
    /// Whether it uses the node's own network; then it has no hook of its own.
    pub host_network: bool,
    /// Whether its labels are known already; before that it is `reserved:init`.
    pub labels_resolved: bool,
    /// The cluster it belongs to.
    pub cluster: String,
}

impl Workload {
    /// The labels that selectors see (policy-relevant ones of the pod, its namespace, its service
    /// account and its cluster). A user's label can never pose as one of the latter three.
    pub fn identity_labels(&self, namespace: Option<&Namespace>) -> Labels {
        if !self.labels_resolved {
            return Labels::from_iter([Label::reserved("init")]);
        }
        let own = self
            .labels
            .iter()
            .filter(|(key, _)| is_identity_key(key))
            .map(|(key, value)| Label::new(Source::K8s, key, value));
        own.chain(self.given_labels(namespace)).collect()
    }

    /// Those of its identity's labels that are not its own: what Kubernetes says of its place.
    pub fn given_labels(&self, namespace: Option<&Namespace>) -> Vec<Label> {
        let give = |key: &str, value: &str| Label::new(Source::K8s, key, value);
        let mut given = vec![
            give(POD_NAMESPACE, &self.name.namespace),
            give(POLICY_CLUSTER, &self.cluster),
            give(POLICY_SERVICE_ACCOUNT, &self.service_account),
        ];
        for (key, value) in namespace.map(|n| &n.labels).into_iter().flatten() {
            given.push(give(&format!("{NAMESPACE_LABELS}.{key}"), value));
        }
        given
    }
}

/// The key that holds a pod's namespace.
pub const POD_NAMESPACE: &str = "io.kubernetes.pod.namespace";
/// The prefix of keys that hold the labels of a pod's namespace.
pub const NAMESPACE_LABELS: &str = "io.cilium.k8s.namespace.labels";
/// The key that holds a pod's cluster.
pub const POLICY_CLUSTER: &str = "io.cilium.k8s.policy.cluster";
/// The key that holds a pod's service account.
pub const POLICY_SERVICE_ACCOUNT: &str = "io.cilium.k8s.policy.serviceaccount";

/// Keys that a user's label may not carry, since they speak for Kubernetes itself.
const SPOKEN_FOR: [&str; 2] = ["io.kubernetes", "io.cilium.k8s"];
/// Prefixes whose labels change with every roll-out or say nothing of who a pod is.
const DROPPED: [&str; 12] = [
    "kubernetes.io",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/controller-uid",
    "k8s.io",
    "pod-template-generation",
    "pod-template-hash",
    "controller-revision-hash",
    "controller-uid",
    "annotation",
    "etcd_node",
];

/// Whether a pod's label is part of its identity (Cilium `pkg/labelsfilter`, default filter).
/// What is not is seen by no selector.
pub fn is_identity_key(key: &str) -> bool {
    let dropped = DROPPED.iter().chain(&SPOKEN_FOR).any(|prefix| key.starts_with(prefix))
        || key.starts_with("topology.kubernetes.io")
        || key.contains("beta.kubernetes.io");
    key.starts_with("app.kubernetes.io") || !dropped
}

/// A service: an address that leads to backends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// Which pods of its namespace stand behind it; empty for a service without selector.
    pub selector: BTreeMap<String, String>,
    /// The backends of a service without selector.
    pub endpoints: Vec<IpAddr>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// One port of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name.
    pub name: String,
    /// The port that clients use.
    pub port: u16,
    /// The port of the backends.
    pub target: u16,
    /// TCP, UDP or SCTP.
    pub protocol: Protocol,
}

/// Address ranges under one name, for policies to refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CidrGroup {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The ranges.
    pub cidrs: Vec<Cidr>,
}

/// A name of the outside that resolved to addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternalName {
    /// The name, lower case, without a final dot.
    pub name: String,
    /// What it resolved to.
    pub addresses: Vec<IpAddr>,
    /// The workloads that asked.
    pub queried_by: Vec<WorkloadName>,
}

impl World {
    /// The namespace with this name.
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.iter().find(|namespace| namespace.name == name)
    }

    /// The workload with this name.
    pub fn workload(&self, name: &WorkloadName) -> Option<&Workload> {
        self.workloads.iter().find(|workload| workload.name == *name)
    }

    /// Who has this address, if it is a workload's.
    pub fn workload_at(&self, ip: IpAddr) -> Option<&Workload> {
        self.workloads.iter().find(|w| !w.host_network && w.addresses.contains(&ip))
    }

    /// The backends behind one port of a service: addresses and their port.
    pub fn backends<'a>(
        &'a self,
        service: &'a Service,
        port: &'a ServicePort,
    ) -> impl Iterator<Item = (IpAddr, u16)> + 'a {
        let selected = self.workloads.iter().filter(|workload| {
            !service.selector.is_empty()
                && workload.name.namespace == service.namespace
                && service.selector.iter().all(|(k, v)| workload.labels.get(k) == Some(v))
        });
        selected
            .flat_map(|workload| workload.addresses.iter().copied())
            .chain(service.endpoints.iter().copied())
            .map(|ip| (ip, port.target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_label_cannot_pose_as_a_namespace_label() {
        let workload = Workload {
            name: WorkloadName { namespace: "d".into(), name: "p".into() },
            labels: BTreeMap::from([
                (format!("{NAMESPACE_LABELS}.team"), "x".to_owned()),
                ("app".to_owned(), "a".to_owned()),
                ("pod-template-hash".to_owned(), "abc".to_owned()),
            ]),
            service_account: "default".into(),
            node: String::new(),
            addresses: vec![],
            ports: vec![],
            host_network: false,
            labels_resolved: true,
            cluster: "default".into(),
        };
        let labels = workload.identity_labels(None);
        let keys: Vec<&str> = labels.iter().map(|label| label.key.as_str()).collect();
        assert_eq!(keys, ["app", POLICY_CLUSTER, POLICY_SERVICE_ACCOUNT, POD_NAMESPACE]);
    }
}

//! Classes: local workloads that no policy can tell apart as subjects, and so share tables.

use std::collections::{BTreeMap, BTreeSet};

use podwall_model::{
    Label, Labels, Mode, NamedPort, POD_NAMESPACE, Source, Workload, WorkloadName, World,
};

use crate::identity::Identity;

/// Workloads with equal labels, equal named ports and one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Class {
    /// The labels that subjects of policies see.
    pub labels: Labels,
    /// The named ports, for ingress rules that speak of a port by name.
    pub ports: BTreeSet<NamedPort>,
    /// The namespace, whose mode holds where a policy says none.
    pub namespace: String,
    /// That namespace's mode.
    pub mode: Option<Mode>,
    /// The workloads, in order.
    pub workloads: Vec<WorkloadName>,
}

impl Class {
    /// The classes of the local workloads of a world, in a fixed order.
    pub fn group(world: &World) -> Vec<Class> {
        let local = world.nodes.iter().find(|node| node.local).map(|node| node.name.as_str());
        let is_local = |workload: &&Workload| {
            let node = workload.node.as_str();
            !workload.host_network && (node.is_empty() || Some(node) == local)
        };
        let namespaces: BTreeMap<&str, _> =
            world.namespaces.iter().map(|namespace| (namespace.name.as_str(), namespace)).collect();
        let mut classes: BTreeMap<(Labels, BTreeSet<NamedPort>, &str), Class> = BTreeMap::new();
        for workload in world.workloads.iter().filter(is_local) {
            let name = workload.name.namespace.as_str();
            let namespace = namespaces.get(name).copied();
            let labels = workload.identity_labels(namespace);
            let ports: BTreeSet<NamedPort> = workload.ports.iter().cloned().collect();
            let class = classes.entry((labels, ports, name)).or_insert_with_key(|key| Class {
                labels: key.0.clone(),
                ports: key.1.clone(),
                namespace: name.to_owned(),
                mode: namespace.and_then(|namespace| namespace.mode),
                workloads: Vec::new(),
            });
            class.workloads.push(workload.name.clone());
        }
        let mut classes: Vec<Class> = classes.into_values().collect();
        classes.iter_mut().for_each(|class| class.workloads.sort());
        classes
    }

    /// The identity that gives the class its number. A workload whose labels are not known yet
    /// does not carry its namespace; the class does.
    pub fn identity(&self) -> Identity {
        let mut labels = self.labels.clone();
        labels.insert(Label::new(Source::K8s, POD_NAMESPACE, &self.namespace));
        Identity { labels, ports: self.ports.clone(), ranges: BTreeSet::new() }
    }
}

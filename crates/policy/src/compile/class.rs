//! Classes: local workloads that no policy can tell apart as subjects, and so share tables.

use std::collections::BTreeSet;

use podwall_model::{
    Label, Labels, Mode, NamedPort, Namespace, POD_NAMESPACE, Source, Workload, WorkloadName, World,
};

use crate::hash::HashMap;
use crate::identity::{Identity, Look, Roster};

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
        Class::group_with(world, &mut Roster::of(world))
    }

    /// The same, with the labels of workloads from a roster.
    pub(crate) fn group_with<'a>(world: &'a World, roster: &mut Roster<'a>) -> Vec<Class> {
        let local = local_node(world);
        let is_local = |workload: &&Workload| is_on(workload, local);
        let mut places: HashMap<(Look, BTreeSet<&NamedPort>, &str), usize> = HashMap::default();
        let mut classes: Vec<Class> = Vec::new();
        for workload in world.workloads.iter().filter(is_local) {
            let name = workload.name.namespace.as_str();
            let look = roster.look(workload);
            let place = places.entry((look, workload.ports.iter().collect(), name));
            let place = *place.or_insert_with(|| {
                classes.push(Class {
                    labels: roster.labels(look).clone(),
                    ports: workload.ports.iter().cloned().collect(),
                    namespace: name.to_owned(),
                    mode: roster.namespace(name).and_then(|namespace| namespace.mode),
                    workloads: Vec::new(),
                });
                classes.len() - 1
            });
            classes[place].workloads.push(workload.name.clone());
        }
        classes.iter_mut().for_each(|class| class.workloads.sort());
        classes
    }

    /// Whether a workload has a class: it is local, and has a hook of its own.
    pub(super) fn is_local(workload: &Workload, world: &World) -> bool {
        is_on(workload, local_node(world))
    }

    /// The class of one workload, by itself.
    pub(super) fn alone(
        workload: &Workload,
        labels: Labels,
        namespace: Option<&Namespace>,
    ) -> Class {
        Class {
            labels,
            ports: workload.ports.iter().cloned().collect(),
            namespace: workload.name.namespace.clone(),
            mode: namespace.and_then(|namespace| namespace.mode),
            workloads: vec![workload.name.clone()],
        }
    }

    /// The identity that gives the class its number. A workload whose labels are not known yet
    /// does not carry its namespace; the class does.
    pub fn identity(&self) -> Identity {
        let mut labels = self.labels.clone();
        let names_it = |labels: &Labels| {
            let mut named = labels.values(Some(Source::K8s), POD_NAMESPACE);
            named.any(|namespace| namespace == self.namespace)
        };
        if !names_it(&labels) {
            labels.insert(Label::new(Source::K8s, POD_NAMESPACE, &self.namespace));
        }
        Identity { labels, ports: self.ports.clone(), ranges: BTreeSet::new() }
    }
}

fn local_node(world: &World) -> Option<&str> {
    world.nodes.iter().find(|node| node.local).map(|node| node.name.as_str())
}

fn is_on(workload: &Workload, local: Option<&str>) -> bool {
    let node = workload.node.as_str();
    !workload.host_network && (node.is_empty() || Some(node) == local)
}

//! Which workloads a policy is about, and the mode in which it is about each.

use podwall_model::{Labels, Mode, Workload, World};
use podwall_policy::matching::matches;
use podwall_policy::mode::{ModeFrom, effective};
use podwall_policy::rule::{Policy, Rule, Subject};

/// Whether a rule is about a workload with these labels.
pub(crate) fn is_about(rule: &Rule, labels: &Labels) -> bool {
    match &rule.subject {
        Subject::Endpoints(selector) => matches(selector, labels),
        Subject::Nodes(_) => false,
    }
}

/// The workloads that policies can be about, with the labels that selectors see.
pub(crate) fn labelled(world: &World) -> Vec<(&Workload, Labels)> {
    let own = world.workloads.iter().filter(|workload| !workload.host_network);
    own.map(|workload| {
        let namespace = world.namespace(&workload.name.namespace);
        (workload, workload.identity_labels(namespace))
    })
    .collect()
}

/// The mode of a policy for workloads of one namespace, and who says so.
pub(crate) fn mode_for(
    policy: &Policy,
    namespace: &str,
    world: &World,
    cluster: Mode,
) -> (Mode, ModeFrom) {
    let of_namespace = world.namespace(namespace).and_then(|namespace| namespace.mode);
    effective(policy.mode, of_namespace, cluster)
}

/// The mode that a list shows: the strongest that it has for any workload it is about.
pub(crate) fn shown_mode(policy: &Policy, world: &World, cluster: Mode) -> (Mode, ModeFrom) {
    if let Some(namespace) = &policy.id.namespace {
        return mode_for(policy, namespace, world, cluster);
    }
    let about = labelled(world)
        .into_iter()
        .filter(|(_, labels)| policy.rules.iter().any(|rule| is_about(rule, labels)));
    about
        .map(|(workload, _)| mode_for(policy, &workload.name.namespace, world, cluster))
        .max_by_key(|(mode, _)| *mode)
        .unwrap_or_else(|| effective(policy.mode, None, cluster))
}

//! Labels by which people mean a workload, apart from those that a roll-out gives.

use std::collections::BTreeMap;

/// Labels that name an application, the best first: with any of these the others are left out.
pub const NAMING_LABELS: [&str; 6] =
    ["app.kubernetes.io/name", "app.kubernetes.io/instance", "app", "k8s-app", "name", "component"];
/// Labels that change with each copy or each deployment.
const PASSING: [&str; 8] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "controller-uid",
];

/// The labels that name a workload: those made for it, else all that last.
#[must_use]
pub fn naming_labels(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let own = |wanted: &dyn Fn(&str) -> bool| -> BTreeMap<String, String> {
        let kept = labels.iter().filter(|(key, _)| wanted(key));
        kept.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    match own(&|key| NAMING_LABELS.contains(&key)) {
        none if none.is_empty() => own(&|key| !PASSING.contains(&key)),
        named => named,
    }
}

//! A world made up from policies alone: one workload for each way in which they name workloads, and
//! in each namespace one that none of them names. It shows what policies say where nobody has a
//! world at hand.

use std::collections::{BTreeMap, BTreeSet};

use podwall_model::{
    NAMESPACE_LABELS, Namespace, Node, POD_NAMESPACE, POLICY_CLUSTER, Source, Workload,
    WorkloadName, World,
};
use podwall_policy::rule::{Peer, Peers, Policy, Selector, Subject, Test};

/// The namespace of workloads that are named without one.
const ELSEWHERE: &str = "elsewhere";

/// The world that these policies speak of.
pub fn imagined<'p>(policies: impl IntoIterator<Item = &'p Policy>) -> World {
    let mut seen: BTreeSet<(String, BTreeMap<String, String>)> = BTreeSet::new();
    let mut namespaces: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for policy in policies {
        for rule in &policy.rules {
            let own = policy.id.namespace.as_deref();
            if let Subject::Endpoints(selector) = &rule.subject {
                add(selector, own, &mut seen, &mut namespaces);
            }
            if let Peers::AnyOf(list) = &rule.peers {
                for peer in list {
                    if let Peer::Labels(selector) = peer {
                        add(selector, own, &mut seen, &mut namespaces);
                    }
                }
            }
        }
    }
    for namespace in namespaces.keys() {
        seen.insert((namespace.clone(), BTreeMap::new()));
    }
    let mut taken = BTreeSet::new();
    World {
        nodes: vec![Node { name: "n1".to_owned(), local: true, ..Node::default() }],
        workloads: seen.into_iter().map(|(ns, labels)| workload(&ns, labels, &mut taken)).collect(),
        namespaces: namespaces
            .into_iter()
            .map(|(name, labels)| Namespace { name, labels, mode: None })
            .collect(),
        ..World::default()
    }
}

fn add(
    Selector(requirements): &Selector,
    own: Option<&str>,
    seen: &mut BTreeSet<(String, BTreeMap<String, String>)>,
    namespaces: &mut BTreeMap<String, BTreeMap<String, String>>,
) {
    if requirements.iter().any(|one| !matches!(one.source, None | Some(Source::K8s))) {
        return;
    }
    let (mut namespace, mut labels, mut of_namespace) = (None, BTreeMap::new(), BTreeMap::new());
    for requirement in requirements {
        let value = match &requirement.test {
            Test::In(values) => values.first().cloned(),
            Test::Exists => Some(String::new()),
            Test::NotIn(_) | Test::Absent => None,
        };
        let Some(value) = value else { continue };
        if requirement.key == POD_NAMESPACE {
            namespace = Some(value).filter(|name| !name.is_empty());
        } else if let Some(key) = requirement.key.strip_prefix(NAMESPACE_LABELS) {
            of_namespace.insert(key.trim_start_matches('.').to_owned(), value);
        } else if requirement.key != POLICY_CLUSTER {
            labels.insert(requirement.key.clone(), value);
        }
    }
    let by_label = || {
        let name = of_namespace.get("kubernetes.io/metadata.name");
        name.cloned().or_else(|| {
            let words: Vec<&str> = of_namespace.values().map(String::as_str).collect();
            (!words.is_empty()).then(|| format!("some-{}", words.join("-")))
        })
    };
    let name = namespace
        .or_else(by_label)
        .or_else(|| own.filter(|_| of_namespace.is_empty()).map(str::to_owned))
        .unwrap_or_else(|| ELSEWHERE.to_owned());
    let known = namespaces.entry(name.clone()).or_default();
    known.entry("kubernetes.io/metadata.name".to_owned()).or_insert_with(|| name.clone());
    known.extend(of_namespace);
    seen.insert((name, labels));
}

fn workload(
    namespace: &str,
    labels: BTreeMap<String, String>,
    taken: &mut BTreeSet<WorkloadName>,
) -> Workload {
    let words: Vec<&str> = labels.values().map(String::as_str).filter(|v| !v.is_empty()).collect();
    let stem = match (labels.is_empty(), words.is_empty()) {
        (true, _) => "any-other".to_owned(),
        (false, true) => "labelled".to_owned(),
        (false, false) => words.join("-"),
    };
    let named = |number: u32| {
        let suffix = if number == 1 { String::new() } else { format!("-{number}") };
        WorkloadName { namespace: namespace.to_owned(), name: format!("{stem}{suffix}") }
    };
    let name = (1..).map(named).find(|name| !taken.contains(name)).expect("some number is free");
    taken.insert(name.clone());
    Workload {
        name,
        labels,
        service_account: "default".to_owned(),
        node: String::new(),
        addresses: Vec::new(),
        ports: Vec::new(),
        host_network: false,
        labels_resolved: true,
        cluster: "default".to_owned(),
    }
}

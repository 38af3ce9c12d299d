//! Entities: names for what is no pod, or for all of them, expanded to what they stand for.

use podwall_model::{Label, POLICY_CLUSTER, Source};

use crate::diagnostic::{Code, Findings, shown};
use crate::fields;
use crate::rule::{Peer, Peers, Requirement, Selector, Test};
use crate::scope::{Dialect, is, k8s};
use crate::yaml::Node;

const NAMES: [&str; 14] = [
    "all",
    "world",
    "world-ipv4",
    "world-ipv6",
    "cluster",
    "cluster-mesh",
    "host",
    "remote-node",
    "kube-apiserver",
    "init",
    "health",
    "ingress",
    "unmanaged",
    "none",
];

/// The peers of a list of entities.
pub(crate) fn read(node: &Node, dialect: &Dialect, findings: &mut Findings) -> Option<Peers> {
    let mut peers = Vec::new();
    let mut anyone = false;
    for item in fields::items(node, findings)? {
        let Some(name) = fields::text(item, findings) else { continue };
        if name == "all" {
            anyone = true;
        } else if NAMES.contains(&name) {
            peers.extend(expand(name, dialect).into_iter().map(Peer::Labels));
        } else {
            let message = format!("unsupported entity: {}", shown(name));
            let near = if findings.is_full() { None } else { nearest(name) };
            let help = match near {
                Some(near) => format!("the nearest is `{near}`"),
                None => format!("write one of {}", NAMES.join(", ")),
            };
            findings.error_with(Code::ENTITY, item.span, message, help);
        }
    }
    Some(if anyone { Peers::Anyone } else { Peers::AnyOf(peers) })
}

/// Whether it is the name of one reserved label.
pub(crate) fn is_reserved(name: &str) -> bool {
    NAMES.contains(&name) && !["all", "cluster", "cluster-mesh", "none"].contains(&name)
}

/// The entity that a misspelt name is nearest to.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    fields::nearest(name, &NAMES)
}

fn expand(name: &str, dialect: &Dialect) -> Vec<Selector> {
    match name {
        "world" => ["world", "world-ipv4", "world-ipv6"].map(reserved).to_vec(),
        "cluster" => {
            let mut selectors = in_cluster();
            selectors.push(Selector(vec![k8s(POLICY_CLUSTER, is(&dialect.cluster))]));
            selectors
        }
        "cluster-mesh" => {
            let mut selectors = in_cluster();
            selectors.push(Selector(vec![k8s(POLICY_CLUSTER, Test::Exists)]));
            selectors
        }
        one => vec![reserved(one)],
    }
}

/// What belongs to a cluster and is no pod with labels.
fn in_cluster() -> Vec<Selector> {
    ["host", "remote-node", "init", "ingress", "health", "unmanaged", "kube-apiserver"]
        .map(reserved)
        .to_vec()
}

fn reserved(name: &str) -> Selector {
    let key = Label::reserved(name).key.clone();
    Selector(vec![Requirement { source: Some(Source::Reserved), key, test: Test::Exists }])
}

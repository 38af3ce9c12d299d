//! ClusterNetworkPolicies: few priorities, so that they meet, in both tiers.

use serde_json::{Map, Value, json};

use super::super::world::{PORT_NAMES, PORTS, TIERS, ZONES};
use super::kubernetes::{self, plain_selector};
use super::{Chance, RANGES};

pub(super) fn random(at: usize, chance: &mut Chance) -> Value {
    let mut spec = Map::from_iter([
        ("tier".into(), chance.one_of(&["Admin", "Admin", "Baseline"]).into()),
        ("priority".into(), chance.one_of(&[0, 1, 1, 7, 1000]).into()),
        ("subject".into(), subject(chance)),
    ]);
    for list in ["ingress", "egress"] {
        if chance.percent(65) {
            let rules = (0..chance.between(1, 3)).map(|_| rule(list, chance)).collect();
            spec.insert(list.into(), Value::Array(rules));
        }
    }
    json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": format!("p{at}")},
        "spec": spec,
    })
}

fn subject(chance: &mut Chance) -> Value {
    if chance.percent(50) { json!({"namespaces": namespaces(chance)}) } else { pods(50, chance) }
}

/// Namespaces, seldom by a label that they lack.
fn namespaces(chance: &mut Chance) -> Value {
    match chance.below(10) {
        0 => json!({"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}),
        1 => json!({"matchExpressions": [{
            "key": "team", "operator": "NotIn", "values": [chance.one_of(&TIERS)],
        }]}),
        _ => kubernetes::namespaces(chance),
    }
}

fn pods(percent: usize, chance: &mut Chance) -> Value {
    json!({"pods": {
        "namespaceSelector": namespaces(chance), "podSelector": plain_selector(percent, chance),
    }})
}

fn rule(list: &str, chance: &mut Chance) -> Value {
    let action = chance.one_of(&["Accept", "Accept", "Deny", "Deny", "Pass"]);
    let mut named_ports = true;
    let peers: Vec<Value> = (0..chance.one_of(&[1, 1, 2]))
        .map(|_| match (list, chance.below(20)) {
            (_, 0..6) => json!({"namespaces": namespaces(chance)}),
            ("egress", 6) => {
                named_ports = false;
                json!({"nodes": {"matchLabels": {"zone": chance.one_of(&ZONES)}}})
            }
            ("egress", 7..12) => {
                named_ports = false;
                json!({"networks": [chance.pick(&RANGES).0]})
            }
            ("egress", 12 | 13) if action == "Accept" => {
                named_ports = false;
                json!({"domainNames": [chance.one_of(&["a.io", "*.a.io", "b.io", "node.io"])]})
            }
            (_, _) => pods(70, chance),
        })
        .collect();
    let mut rule = Map::from_iter([
        ("action".into(), action.into()),
        (if list == "ingress" { "from" } else { "to" }.into(), peers.into()),
    ]);
    if chance.percent(45) {
        let protocols = (0..chance.between(1, 2)).map(|_| protocol(named_ports, chance)).collect();
        rule.insert("protocols".into(), Value::Array(protocols));
    }
    rule.into()
}

fn protocol(named_ports: bool, chance: &mut Chance) -> Value {
    if named_ports && chance.percent(15) {
        return json!({"destinationNamedPort": chance.one_of(&PORT_NAMES)});
    }
    let first = chance.one_of(&PORTS);
    let port = if chance.percent(25) {
        json!({"range": {"start": first, "end": chance.one_of(&[first + 1, first + 100, u16::MAX])}})
    } else {
        json!({"number": first})
    };
    let protocol = chance.one_of(&["tcp", "tcp", "udp", "sctp"]);
    json!({(protocol): {"destinationPort": port}})
}

//! NetworkPolicies, as an API server would let them pass.

use serde_json::{Map, Value, json};

use super::super::world::{APPS, NAMESPACES, PORT_NAMES, PORTS, TIERS};
use super::{Chance, some, within};

/// A NetworkPolicy, as an API server would let it pass.
pub(super) fn random(at: usize, chance: &mut Chance) -> Value {
    let mut spec = Map::from_iter([("podSelector".into(), plain_selector(60, chance))]);
    let types = chance.one_of(&[&["Ingress"][..], &["Egress"], &["Ingress", "Egress"]]);
    for (kind, list, way) in [("Ingress", "ingress", "from"), ("Egress", "egress", "to")] {
        if types.contains(&kind) && chance.percent(85) {
            let rules = (0..chance.one_of(&[0, 1, 1, 1, 2])).map(|_| rule(way, chance));
            spec.insert(list.into(), rules.collect::<Vec<_>>().into());
        }
    }
    spec.insert("policyTypes".into(), types.into());
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": format!("p{at}"), "namespace": chance.one_of(&NAMESPACES[..2])},
        "spec": spec,
    })
}

fn rule(way: &str, chance: &mut Chance) -> Value {
    let mut made = Map::new();
    if chance.percent(85) {
        let peers = (0..chance.one_of(&[0, 1, 1, 1, 2])).map(|_| peer(chance));
        made.insert(way.into(), peers.collect::<Vec<_>>().into());
    }
    if chance.percent(55) {
        let ports = (0..chance.one_of(&[0, 1, 1, 1, 2])).map(|_| port(chance));
        made.insert("ports".into(), ports.collect::<Vec<_>>().into());
    }
    made.into()
}

/// Namespaces by their labels.
pub(super) fn namespaces(chance: &mut Chance) -> Value {
    match chance.below(3) {
        0 => json!({}),
        1 => json!({"matchLabels": {"team": chance.one_of(&TIERS)}}),
        _ => json!({"matchExpressions": [{
            "key": "kubernetes.io/metadata.name", "operator": "In", "values": some(&NAMESPACES, chance),
        }]}),
    }
}

fn peer(chance: &mut Chance) -> Value {
    match chance.below(10) {
        0..4 => json!({"podSelector": plain_selector(70, chance)}),
        4 | 5 => json!({"namespaceSelector": namespaces(chance)}),
        6 | 7 => json!({
            "namespaceSelector": namespaces(chance), "podSelector": plain_selector(70, chance),
        }),
        _ => json!({"ipBlock": within(chance)}),
    }
}

fn port(chance: &mut Chance) -> Value {
    let mut port = Map::new();
    match chance.below(10) {
        0 => {}
        1 | 2 => {
            port.insert("port".into(), chance.one_of(&PORT_NAMES[1..]).into());
        }
        3 | 4 => {
            let first = chance.one_of(&PORTS);
            port.insert("port".into(), first.into());
            port.insert("endPort".into(), chance.one_of(&[first, first + 100, u16::MAX]).into());
        }
        _ => {
            port.insert("port".into(), chance.one_of(&PORTS).into());
        }
    }
    if chance.percent(80) {
        port.insert("protocol".into(), chance.one_of(&["TCP", "TCP", "UDP", "SCTP"]).into());
    }
    port.into()
}

pub(super) fn plain_selector(percent: usize, chance: &mut Chance) -> Value {
    let mut selector = Map::new();
    if chance.percent(percent) {
        let app = chance.one_of(&APPS);
        selector.insert("matchLabels".into(), json!({"app": app}));
    }
    if chance.percent(percent / 3) {
        let expression = match chance.below(4) {
            0 => json!({"key": "tier", "operator": "Exists"}),
            1 => json!({"key": "tier", "operator": "DoesNotExist"}),
            2 => json!({"key": "tier", "operator": "NotIn", "values": some(&TIERS, chance)}),
            _ => json!({"key": "app", "operator": "In", "values": some(&APPS, chance)}),
        };
        selector.insert("matchExpressions".into(), json!([expression]));
    }
    selector.into()
}

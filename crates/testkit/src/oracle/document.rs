//! Random documents: CiliumNetworkPolicy, its clusterwide form, NetworkPolicy and
//! ClusterNetworkPolicy, in the forms that people write them and in some that must be refused.

mod kubernetes;
mod ports;
mod request;
mod tiers;

use serde_json::{Map, Value, json};

use super::Chance;
use super::world::{ACCOUNTS, APPS, GROUPS, NAMESPACES, SERVICE_KINDS, SERVICES, TIERS, ZONES};

/// Ranges that cut through pods, nodes and the outside, with what may be excepted from each.
const RANGES: [(&str, &[&str]); 17] = [
    ("0.0.0.0/0", &["10.0.0.0/8", "198.51.100.0/24", "192.0.2.1/32", "10.0.0.0/24"]),
    ("10.0.0.0/8", &["10.0.0.0/24", "10.0.1.0/24", "10.0.0.2/32"]),
    ("10.0.0.0/24", &["10.0.0.2/31", "10.0.0.1/32"]),
    ("10.0.0.1/32", &[]),
    ("192.0.2.0/24", &["192.0.2.1/32", "192.0.2.2/32"]),
    ("192.0.2.1/32", &[]),
    ("198.51.100.0/24", &["198.51.100.0/25", "198.51.100.7/32"]),
    ("198.51.100.0/25", &["198.51.100.7/32", "198.51.100.8/29"]),
    ("198.51.100.7/32", &[]),
    ("203.0.113.0/24", &["203.0.113.1/32"]),
    ("203.0.113.1/32", &[]),
    ("::/0", &["2001:db8::/32", "fd00::/16"]),
    ("fd00::/16", &["fd00:0:0:1::/64", "fd00::1/128"]),
    ("2001:db8::/32", &["2001:db8:1::/48", "2001:db8:ff::1/128"]),
    ("2001:db8:1::/48", &["2001:db8:1::8/125"]),
    ("2001:db8:1::7/128", &[]),
    ("2001:db8:ff::/48", &["2001:db8:ff::2/128"]),
];

const ENTITIES: [&str; 12] = [
    "all",
    "world",
    "cluster",
    "host",
    "remote-node",
    "kube-apiserver",
    "init",
    "health",
    "ingress",
    "unmanaged",
    "none",
    "cluster-mesh",
];

pub(super) fn random(chance: &mut Chance) -> Vec<Value> {
    (0..chance.between(1, 6)).map(|at| document(at, chance)).collect()
}

/// NetworkPolicies alone.
pub(super) fn network_policies(chance: &mut Chance) -> Vec<Value> {
    (0..chance.between(1, 5)).map(|at| kubernetes::random(at, chance)).collect()
}

/// A NetworkPolicy.
pub(super) fn kubernetes(at: usize, chance: &mut Chance) -> Value {
    kubernetes::random(at, chance)
}

/// A ClusterNetworkPolicy.
pub(super) fn tiered(at: usize, chance: &mut Chance) -> Value {
    tiers::random(at, chance)
}

fn document(at: usize, chance: &mut Chance) -> Value {
    match chance.below(14) {
        0..9 => cilium(at, chance),
        9..12 => kubernetes::random(at, chance),
        _ => tiers::random(at, chance),
    }
}

/// A CiliumNetworkPolicy, or a clusterwide one.
pub(super) fn cilium(at: usize, chance: &mut Chance) -> Value {
    let (kind, namespaced) = match chance.below(7) {
        0..5 => ("CiliumNetworkPolicy", true),
        _ => ("CiliumClusterwideNetworkPolicy", false),
    };
    let mut metadata = json!({"name": format!("p{at}")});
    if namespaced {
        metadata["namespace"] = chance.one_of(&NAMESPACES[..2]).into();
    }
    let mut document = json!({"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata});
    if chance.percent(10) {
        document["specs"] = (0..chance.between(1, 2)).map(|_| spec(chance)).collect();
    } else {
        document["spec"] = spec(chance);
    }
    document
}

fn spec(chance: &mut Chance) -> Value {
    let mut spec = Map::from_iter([("endpointSelector".into(), selector(60, Whom::Pods, chance))]);
    if chance.percent(15) {
        // Whoever is there, so that enough connections are read.
        let list = chance.one_of(&["ingress", "egress"]);
        spec.insert("endpointSelector".into(), json!({}));
        spec.insert(list.into(), json!([of_requests(list, chance)]));
    }
    for _ in 0..chance.between(1, 4) {
        let list = chance.one_of(&["ingress", "egress", "ingressDeny", "egressDeny"]);
        let element = element(list, chance);
        let elements = spec.entry(list).or_insert_with(|| json!([]));
        elements.as_array_mut().expect("just made").push(element);
    }
    if chance.percent(25) {
        let mut switches = Map::new();
        for direction in ["ingress", "egress"] {
            if chance.percent(60) {
                switches.insert(direction.into(), chance.percent(30).into());
            }
        }
        spec.insert("enableDefaultDeny".into(), switches.into());
    }
    if chance.percent(5) {
        spec.insert("description".into(), "what it is for".into());
    }
    if chance.percent(2) {
        spec.insert("colour".into(), "blue".into());
    }
    spec.into()
}

fn element(list: &str, chance: &mut Chance) -> Value {
    let way = if list.starts_with("ingress") { "from" } else { "to" };
    let mut element = Map::new();
    if !list.ends_with("Deny") && chance.percent(20) {
        return of_requests(list, chance);
    }
    let members = chance.one_of(&[0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
    for _ in 0..members {
        let (name, value) = match chance.below(26) {
            // Only lists that allow speak of services and names. None of either is no list of ours:
            // Cilium takes an empty one for none at all.
            20 | 21 if list == "egress" => ("Services", some_of(chance, service)),
            22..25 if list == "egress" => ("FQDNs", some_of(chance, request::name)),
            25 => ("Nodes", list_of(chance, node)),
            0..9 => ("Endpoints", list_of(chance, |chance| selector(75, Whom::Anyone, chance))),
            9..12 => ("CIDR", list_of(chance, |chance| cidr(chance).into())),
            12..16 => ("CIDRSet", list_of(chance, cidr_rule)),
            _ => ("Entities", list_of(chance, |chance| entity(chance).into())),
        };
        element.insert(format!("{way}{name}"), value);
    }
    // Beside services an empty list of another kind says nothing to Cilium, and nobody to us.
    if element.contains_key("toServices") {
        element.retain(|name, value| name == "toServices" || value != &json!([]));
    }
    if chance.percent(55) {
        element.insert("toPorts".into(), ports::random(list, chance));
    } else if chance.percent(12) {
        element.insert("icmps".into(), json!([{"fields": list_of(chance, ports::icmp)}]));
    }
    element.into()
}

/// What is asked of the requests of everybody, or of nearly everybody.
fn of_requests(list: &str, chance: &mut Chance) -> Value {
    let way = if list == "ingress" { "from" } else { "to" };
    let items: Vec<Value> =
        (0..chance.between(1, 3)).map(|_| request::random(list, chance)).collect();
    let mut element = Map::from_iter([("toPorts".into(), items.into())]);
    let everybody = chance.one_of(&["", "", "all", "cluster", "world"]);
    if !everybody.is_empty() {
        element.insert(format!("{way}Entities"), json!([everybody]));
    }
    element.into()
}

/// One or two of them, seldom none.
fn list_of(chance: &mut Chance, mut item: impl FnMut(&mut Chance) -> Value) -> Value {
    let count = chance.one_of(&[0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3]);
    (0..count).map(|_| item(chance)).collect()
}

/// One or two of them.
fn some_of(chance: &mut Chance, mut item: impl FnMut(&mut Chance) -> Value) -> Value {
    (0..chance.between(1, 2)).map(|_| item(chance)).collect()
}

fn service(chance: &mut Chance) -> Value {
    let mut reference = Map::new();
    if chance.percent(60) {
        reference.insert("namespace".into(), chance.one_of(&NAMESPACES).into());
    }
    if chance.percent(60) {
        reference.insert("serviceName".into(), chance.pick(&SERVICES).0.into());
        return json!({"k8sService": reference});
    }
    let kind = json!({"matchLabels": {"kind": chance.one_of(&SERVICE_KINDS)}});
    reference.insert("selector".into(), kind);
    json!({"k8sServiceSelector": reference})
}

fn node(chance: &mut Chance) -> Value {
    match chance.below(4) {
        0 => json!({}),
        1 => json!({"matchExpressions": [{
            "key": "node:zone", "operator": "NotIn", "values": some(&ZONES, chance),
        }]}),
        _ => json!({"matchLabels": {"node:zone": chance.one_of(&ZONES)}}),
    }
}

fn entity(chance: &mut Chance) -> &'static str {
    match chance.below(100) {
        0 => "world-ipv4",
        1 => "everyone",
        _ => chance.one_of(&ENTITIES),
    }
}

fn cidr(chance: &mut Chance) -> &'static str {
    match chance.below(60) {
        0 => "198.51.100.7",
        1 => "198.51.100.9/24",
        2 => "198.51.100.0/33",
        _ => chance.one_of(&RANGES).0,
    }
}

fn cidr_rule(chance: &mut Chance) -> Value {
    if chance.percent(15) {
        return of_group(chance);
    }
    let mut rule = within(chance);
    if chance.percent(2) {
        rule["except"] = json!([chance.one_of(&RANGES).0]);
    }
    rule
}

/// The ranges of groups. One requirement at most: Cilium puts the labels of all groups that hold
/// an address together, so that two may be met by two groups, and an absence by every address.
fn of_group(chance: &mut Chance) -> Value {
    let (name, kind, _) = *chance.pick(&GROUPS);
    let mut rule = match chance.below(6) {
        0..3 => json!({"cidrGroupRef": name}),
        3 => json!({"cidrGroupRef": "missing"}),
        4 => json!({"cidrGroupSelector": {"matchLabels": {"kind": kind}}}),
        _ => json!({"cidrGroupSelector": {"matchExpressions": [{
            "key": "kind", "operator": "Exists",
        }]}}),
    };
    if chance.percent(20) {
        rule["except"] = json!(["198.51.100.8/29"]);
    }
    rule
}

/// A range, less some that lie in it.
fn within(chance: &mut Chance) -> Value {
    let (range, inside) = chance.one_of(&RANGES);
    let mut rule = json!({"cidr": range});
    let except: Vec<&str> = inside.iter().copied().filter(|_| chance.percent(40)).collect();
    if !except.is_empty() {
        rule["except"] = except.into();
    }
    rule
}

/// Who a selector is to find.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whom {
    /// Pods of the same policy.
    Pods,
    /// Pods, and what is reserved.
    Anyone,
}

/// A selector with a requirement in so many of a hundred cases, and sometimes more.
fn selector(percent: usize, whom: Whom, chance: &mut Chance) -> Value {
    let (mut labels, mut expressions) = (Map::new(), Vec::new());
    let mut count = 0;
    while count < 3 && chance.percent(percent >> count) {
        count += 1;
        let (key, values) = key(whom, chance);
        match chance.below(10) {
            0..5 => {
                // `app` and `any:app` are one key to Cilium, and which value stays is chance.
                let same = |other: &&String| other.trim_start_matches("any:") == key.trim_start_matches("any:");
                if !labels.keys().any(|other| same(&other)) {
                    labels.insert(key, chance.one_of(&values).into());
                }
            }
            5 | 6 => expressions.push(json!({
                "key": key, "operator": chance.one_of(&["In", "NotIn"]), "values": some(&values, chance),
            })),
            7 => expressions.push(json!({
                "key": key, "operator": "NotIn", "values": some(&values, chance),
            })),
            _ => expressions.push(json!({
                "key": key, "operator": chance.one_of(&["Exists", "DoesNotExist"]),
            })),
        }
    }
    let mut selector = Map::new();
    if !labels.is_empty() {
        selector.insert("matchLabels".into(), labels.into());
    }
    if !expressions.is_empty() {
        selector.insert("matchExpressions".into(), expressions.into());
    }
    selector.into()
}

fn some(values: &[&str], chance: &mut Chance) -> Vec<String> {
    let mut some: Vec<String> =
        values.iter().filter(|_| chance.percent(50)).map(|&value| value.to_owned()).collect();
    if some.is_empty() {
        some.push(chance.one_of(values).to_owned());
    }
    some
}

fn key(whom: Whom, chance: &mut Chance) -> (String, Vec<&'static str>) {
    let sourced = |key: &str, chance: &mut Chance| {
        format!("{}{key}", chance.one_of(&["", "", "", "k8s:", "any:"]))
    };
    match chance.below(if whom == Whom::Anyone { 22 } else { 19 }) {
        0..8 => (sourced("app", chance), APPS.to_vec()),
        8..11 => (sourced("tier", chance), TIERS.to_vec()),
        11..13 => (sourced(podwall_model::POD_NAMESPACE, chance), NAMESPACES.to_vec()),
        13..15 => {
            let key = format!("{}.team", podwall_model::NAMESPACE_LABELS);
            (sourced(&key, chance), TIERS.to_vec())
        }
        15 => (sourced(podwall_model::POLICY_SERVICE_ACCOUNT, chance), ACCOUNTS.to_vec()),
        16 => (sourced(podwall_model::POLICY_CLUSTER, chance), vec!["default", "other"]),
        17 => (sourced("pod-template-hash", chance), vec!["abc"]),
        18 => ("container:app".into(), APPS.to_vec()),
        _ => {
            let names = ["host", "remote-node", "kube-apiserver", "world", "world-ipv4", "init"];
            (format!("reserved:{}", chance.one_of(&names)), vec![""])
        }
    }
}

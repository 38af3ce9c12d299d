//! Random documents: CiliumNetworkPolicy, its clusterwide form and NetworkPolicy, in the forms that
//! people write them and in some that must be refused.

use serde_json::{Map, Value, json};

use super::Chance;
use super::world::{ACCOUNTS, APPS, NAMESPACES, PORT_NAMES, PORTS, TIERS};

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

fn document(at: usize, chance: &mut Chance) -> Value {
    let (kind, version, namespaced) = match chance.below(10) {
        0..5 => ("CiliumNetworkPolicy", "cilium.io/v2", true),
        5..7 => ("CiliumClusterwideNetworkPolicy", "cilium.io/v2", false),
        _ => return kubernetes(at, chance),
    };
    let mut metadata = json!({"name": format!("p{at}")});
    if namespaced {
        metadata["namespace"] = chance.one_of(&NAMESPACES[..2]).into();
    }
    let mut document = json!({"apiVersion": version, "kind": kind, "metadata": metadata});
    if chance.percent(10) {
        document["specs"] = (0..chance.between(1, 2)).map(|_| spec(chance)).collect();
    } else {
        document["spec"] = spec(chance);
    }
    document
}

fn spec(chance: &mut Chance) -> Value {
    let mut spec = Map::from_iter([("endpointSelector".into(), selector(60, Whom::Pods, chance))]);
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
    let members = chance.one_of(&[0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
    for _ in 0..members {
        let (name, value) = match chance.below(20) {
            0..9 => ("Endpoints", list_of(chance, |chance| selector(75, Whom::Anyone, chance))),
            9..12 => ("CIDR", list_of(chance, |chance| cidr(chance).into())),
            12..16 => ("CIDRSet", list_of(chance, cidr_rule)),
            _ => ("Entities", list_of(chance, |chance| entity(chance).into())),
        };
        element.insert(format!("{way}{name}"), value);
    }
    if chance.percent(55) {
        element.insert("toPorts".into(), to_ports(chance));
    } else if chance.percent(12) {
        element.insert("icmps".into(), json!([{"fields": list_of(chance, icmp)}]));
    }
    element.into()
}

/// One or two of them, seldom none.
fn list_of(chance: &mut Chance, mut item: impl FnMut(&mut Chance) -> Value) -> Value {
    let count = chance.one_of(&[0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3]);
    (0..count).map(|_| item(chance)).collect()
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
    let mut rule = within(chance);
    if chance.percent(2) {
        rule["except"] = json!([chance.one_of(&RANGES).0]);
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

fn to_ports(chance: &mut Chance) -> Value {
    match chance.below(40) {
        0 => return json!([]),
        1 => return json!([{}]),
        _ => {}
    }
    (0..chance.one_of(&[1, 1, 1, 2]))
        .map(|_| json!({"ports": (0..chance.between(1, 3)).map(|_| port(chance)).collect::<Vec<_>>()}))
        .collect()
}

fn port(chance: &mut Chance) -> Value {
    let mut port = Map::new();
    let number = match chance.below(40) {
        0 | 1 => "0".to_owned(),
        2..10 => chance.one_of(&PORT_NAMES).to_owned(),
        10 => chance.one_of(&["Nobodys", "65536", "", "-1", "0x50"]).to_owned(),
        _ => chance.one_of(&PORTS).to_string(),
    };
    // Cilium merges the rules of one named port, whatever the ends of their ranges: one end a name.
    match (PORT_NAMES.contains(&number.as_str()), number.as_str()) {
        (true, "http") => {
            port.insert("endPort".into(), 8080.into());
        }
        (true, _) => {}
        (false, _) if chance.percent(25) => {
            port.insert("endPort".into(), chance.one_of(&[80, 443, 8080, 65_535, 0]).into());
        }
        (false, _) => {}
    }
    port.insert("port".into(), number.into());
    match chance.below(30) {
        0..15 => port.insert("protocol".into(), "TCP".into()),
        15..20 => port.insert("protocol".into(), "UDP".into()),
        20 => port.insert("protocol".into(), "SCTP".into()),
        21..24 => port.insert("protocol".into(), "ANY".into()),
        24 => port.insert("protocol".into(), chance.one_of(&["tcp", "ICMP", "QUIC"]).into()),
        _ => None,
    };
    port.into()
}

fn icmp(chance: &mut Chance) -> Value {
    let mut field = Map::new();
    if chance.percent(75) {
        field.insert("family".into(), chance.one_of(&["IPv4", "IPv6"]).into());
    }
    let kind = match chance.below(10) {
        0 => json!("EchoRequest"),
        1 => json!("EchoReply"),
        2 => json!(256),
        _ => json!(chance.one_of(&[0, 8, 3, 128])),
    };
    field.insert("type".into(), kind);
    field.into()
}

/// A NetworkPolicy, as an API server would let it pass.
fn kubernetes(at: usize, chance: &mut Chance) -> Value {
    let mut spec = Map::from_iter([("podSelector".into(), plain_selector(60, chance))]);
    let types = chance.one_of(&[&["Ingress"][..], &["Egress"], &["Ingress", "Egress"]]);
    for (kind, list, way) in [("Ingress", "ingress", "from"), ("Egress", "egress", "to")] {
        if types.contains(&kind) && chance.percent(85) {
            let rules = (0..chance.one_of(&[0, 1, 1, 1, 2])).map(|_| kubernetes_rule(way, chance));
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

fn kubernetes_rule(way: &str, chance: &mut Chance) -> Value {
    let mut rule = Map::new();
    if chance.percent(85) {
        let peers = (0..chance.one_of(&[0, 1, 1, 1, 2])).map(|_| kubernetes_peer(chance));
        rule.insert(way.into(), peers.collect::<Vec<_>>().into());
    }
    if chance.percent(55) {
        let ports = (0..chance.one_of(&[0, 1, 1, 1, 2])).map(|_| kubernetes_port(chance));
        rule.insert("ports".into(), ports.collect::<Vec<_>>().into());
    }
    rule.into()
}

fn kubernetes_peer(chance: &mut Chance) -> Value {
    let namespaces = |chance: &mut Chance| match chance.below(3) {
        0 => json!({}),
        1 => json!({"matchLabels": {"team": chance.one_of(&TIERS)}}),
        _ => json!({"matchExpressions": [{
            "key": "kubernetes.io/metadata.name", "operator": "In", "values": some(&NAMESPACES, chance),
        }]}),
    };
    match chance.below(10) {
        0..4 => json!({"podSelector": plain_selector(70, chance)}),
        4 | 5 => json!({"namespaceSelector": namespaces(chance)}),
        6 | 7 => json!({
            "namespaceSelector": namespaces(chance), "podSelector": plain_selector(70, chance),
        }),
        _ => json!({"ipBlock": within(chance)}),
    }
}

fn kubernetes_port(chance: &mut Chance) -> Value {
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

fn plain_selector(percent: usize, chance: &mut Chance) -> Value {
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

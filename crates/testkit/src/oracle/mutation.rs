//! Documents that might be taken, changed in a place or two, so that each side has to say whether
//! it still takes them: fields gone, misplaced or doubled, values of another kind or out of bounds.

use serde_json::{Map, Value};

use super::{Chance, document};

/// What changes are made of.
struct Words {
    /// Values that stand where another stood.
    values: &'static [&'static str],
    /// Fields that are put where they may not belong.
    fields: &'static [(&'static str, &'static str)],
}

const CILIUM: Words = Words { values: &VALUES, fields: &FIELDS };
const KUBERNETES: Words = Words { values: &KUBERNETES_VALUES, fields: &KUBERNETES_FIELDS };
const TIERED: Words = Words { values: &KUBERNETES_VALUES, fields: &TIERED_FIELDS };

const VALUES: [&str; 30] = [
    "null",
    "true",
    "0",
    "-1",
    "70000",
    "\"\"",
    "\"x\"",
    "\"TCP\"",
    "\"ICMP\"",
    "\"0\"",
    "\"80\"",
    "\"65536\"",
    "\"host\"",
    "\"In\"",
    "\"Exists\"",
    "\"10.0.0.0/8\"",
    "\"10.0.0.1\"",
    "\"::/0\"",
    "\"a.b\"",
    "\"*.io\"",
    "\"a b\"",
    "[]",
    "{}",
    "[{}]",
    "[\"x\"]",
    "[\"all\"]",
    "{\"app\": \"a\"}",
    "{\"matchLabels\": {\"app\": \"a\"}}",
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
    "\"-a-\"",
];

const FIELDS: [(&str, &str); 30] = [
    ("nodeSelector", "{}"),
    ("endpointSelector", "{}"),
    ("ingress", "[]"),
    ("egressDeny", "[{\"toEntities\": [\"all\"]}]"),
    ("fromEntities", "[\"all\"]"),
    ("fromEndpoints", "[{}]"),
    ("fromCIDR", "[\"10.0.0.0/8\"]"),
    ("fromRequires", "[{}]"),
    ("toEndpoints", "[]"),
    ("toCIDRSet", "[{\"cidr\": \"10.0.0.0/8\", \"except\": [\"10.1.0.0/16\"]}]"),
    ("toFQDNs", "[{\"matchName\": \"a.io\"}]"),
    ("toServices", "[{\"k8sService\": {\"serviceName\": \"a\"}}]"),
    ("toPorts", "[{\"ports\": [{\"port\": \"80\"}]}]"),
    ("toPorts", "[{}]"),
    ("icmps", "[{\"fields\": [{\"type\": 8}]}]"),
    ("rules", "{\"http\": [{}]}"),
    ("rules", "{\"dns\": [{\"matchPattern\": \"*\"}]}"),
    ("rules", "{}"),
    ("serverNames", "[\"a.io\"]"),
    ("endPort", "90"),
    ("protocol", "\"UDP\""),
    ("except", "[\"10.0.0.0/16\"]"),
    ("cidrGroupRef", "\"clouds\""),
    ("matchExpressions", "[{\"key\": \"app\", \"operator\": \"Exists\"}]"),
    ("values", "[\"a\"]"),
    ("enableDefaultDeny", "{\"ingress\": false}"),
    ("log", "{\"value\": \"here\"}"),
    ("labels", "[{\"key\": \"a\", \"value\": \"b\"}]"),
    ("description", "\"words\""),
    ("path", "\"/[\""),
];

const KUBERNETES_VALUES: [&str; 36] = [
    "null",
    "true",
    "0",
    "-1",
    "1",
    "80.5",
    "1001",
    "65536",
    "\"\"",
    "\"x\"",
    "\"TCP\"",
    "\"tcp\"",
    "\"ICMP\"",
    "\"80\"",
    "\"http\"",
    "\"Http\"",
    "\"a--b\"",
    "\"a-port-name-too-long\"",
    "\"Ingress\"",
    "\"Pass\"",
    "\"In\"",
    "\"Exists\"",
    "\"10.0.0.0/8\"",
    "\"10.0.0.1\"",
    "\"10.0.0.1/8\"",
    "\"010.0.0.0/8\"",
    "\"::/0\"",
    "\"::ffff:10.0.0.0/104\"",
    "\"*.io\"",
    "\"a/b/c\"",
    "[]",
    "{}",
    "[{}]",
    "[\"x\"]",
    "{\"app\": \"a b\"}",
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
];

const KUBERNETES_FIELDS: [(&str, &str); 22] = [
    ("podSelector", "{}"),
    ("namespaceSelector", "{}"),
    ("ipBlock", "{\"cidr\": \"10.0.0.0/8\"}"),
    ("ipBlock", "{\"cidr\": \"10.0.0.0/8\", \"except\": [\"10.1.0.0/16\"]}"),
    ("ipBlock", "{\"cidr\": \"10.0.0.0/8\", \"except\": [\"10.0.0.0/8\"]}"),
    ("ipBlock", "{\"cidr\": \"10.0.0.0/8\", \"except\": [\"11.0.0.0/16\"]}"),
    ("except", "[\"10.0.0.0/16\"]"),
    ("policyTypes", "[\"Egress\"]"),
    ("policyTypes", "[\"Ingress\", \"Ingress\"]"),
    ("policyTypes", "[\"Ingress\", \"Egress\", \"Egress\"]"),
    ("ingress", "[{}]"),
    ("egress", "[]"),
    ("from", "[{}]"),
    ("to", "[]"),
    ("ports", "[{\"port\": 80, \"endPort\": 90}]"),
    ("ports", "[{\"port\": \"http\", \"endPort\": 90}]"),
    ("endPort", "90"),
    ("protocol", "\"UDP\""),
    ("matchLabels", "{\"a/b/c\": \"x\"}"),
    ("matchExpressions", "[{\"key\": \"app\", \"operator\": \"Exists\"}]"),
    ("matchExpressions", "[{\"key\": \"app\", \"operator\": \"In\"}]"),
    ("values", "[\"a\"]"),
];

const TIERED_FIELDS: [(&str, &str); 26] = [
    ("tier", "\"Baseline\""),
    ("priority", "1000"),
    ("action", "\"Deny\""),
    ("name", "\"a rule\""),
    ("subject", "{\"namespaces\": {}}"),
    ("namespaces", "{}"),
    ("pods", "{\"namespaceSelector\": {}, \"podSelector\": {}}"),
    ("pods", "{\"podSelector\": {}}"),
    ("nodes", "{}"),
    ("networks", "[\"10.0.0.0/8\"]"),
    ("networks", "[\"10.0.0.0/8\", \"10.0.0.0/8\"]"),
    ("networks", "[\"10.0.0.1/8\"]"),
    ("domainNames", "[\"a.io\"]"),
    ("domainNames", "[\"*.A_b.io.\"]"),
    ("domainNames", "[\"*\"]"),
    ("domainNames", "[\"a.io\", \"a.io\"]"),
    ("from", "[{\"namespaces\": {}}]"),
    ("to", "[]"),
    ("protocols", "[]"),
    ("protocols", "[{\"tcp\": {}}]"),
    ("protocols", "[{\"destinationNamedPort\": \"http\"}]"),
    ("tcp", "{\"destinationPort\": {\"number\": 80}}"),
    ("range", "{\"start\": 80, \"end\": 80}"),
    ("number", "0"),
    ("matchLabels", "{\"a/b/c\": \"x\"}"),
    ("matchExpressions", "[{\"key\": \"app\", \"operator\": \"In\"}]"),
];

/// Names that a policy may have, or not.
const NAMES: [&str; 7] = ["\"P\"", "\"a_b\"", "\"\"", "\"a.b-c\"", "\"-a\"", "7", "null"];

/// A CiliumNetworkPolicy or a clusterwide one, with changes.
pub(super) fn random(at: usize, chance: &mut Chance) -> Value {
    let document = document::cilium(at, chance);
    changed_in_places(document, &CILIUM, chance)
}

/// A NetworkPolicy or a ClusterNetworkPolicy, with changes.
pub(super) fn of_kubernetes(at: usize, chance: &mut Chance) -> Value {
    let (document, words) = match at % 2 {
        0 => (document::kubernetes(at, chance), &KUBERNETES),
        _ => (document::tiered(at, chance), &TIERED),
    };
    let mut document = changed_in_places(document, words, chance);
    if chance.percent(4) {
        document["metadata"]["name"] = read(chance.one_of(&NAMES));
    }
    document
}

fn changed_in_places(mut document: Value, words: &Words, chance: &mut Chance) -> Value {
    for _ in 0..chance.one_of(&[0, 1, 1, 1, 2]) {
        let count = places(&document["spec"]);
        let Some(spec) = document.get_mut("spec") else { break };
        change(spec, &mut chance.below(count), words, chance);
    }
    document
}

/// How many values it holds, itself among them.
fn places(value: &Value) -> usize {
    1 + match value {
        Value::Object(fields) => fields.values().map(places).sum(),
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Changes the value that so many others stand before.
fn change(value: &mut Value, before: &mut usize, words: &Words, chance: &mut Chance) -> bool {
    if *before == 0 {
        *value = changed(value.take(), words, chance);
        return true;
    }
    *before -= 1;
    match value {
        Value::Object(fields) => {
            fields.values_mut().any(|value| change(value, before, words, chance))
        }
        Value::Array(items) => items.iter_mut().any(|value| change(value, before, words, chance)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn changed(value: Value, words: &Words, chance: &mut Chance) -> Value {
    match value {
        Value::Object(fields) if chance.percent(85) => {
            with_other_fields(fields, words, chance).into()
        }
        Value::Array(items) if chance.percent(60) => with_other_items(items, words, chance).into(),
        _ => read(chance.one_of(words.values)),
    }
}

fn with_other_fields(
    mut fields: Map<String, Value>,
    words: &Words,
    chance: &mut Chance,
) -> Map<String, Value> {
    let keys: Vec<String> = fields.keys().cloned().collect();
    let (name, value) = chance.one_of(words.fields);
    if keys.is_empty() || chance.percent(50) {
        fields.insert(name.to_owned(), read(value));
        return fields;
    }
    let key = chance.pick(&keys);
    let old = fields.remove(key).unwrap_or_default();
    match chance.below(4) {
        0 => {}
        1 => {
            fields.insert(format!("{key}s"), old);
        }
        2 => {
            fields.insert(name.to_owned(), old);
        }
        _ => {
            fields.insert(key.clone(), read(chance.one_of(words.values)));
        }
    }
    fields
}

fn with_other_items(mut items: Vec<Value>, words: &Words, chance: &mut Chance) -> Vec<Value> {
    match (items.first().cloned(), chance.below(4)) {
        (Some(first), 0) => items.push(first),
        (Some(first), 1) => items.extend(vec![first; 40]),
        (Some(_), 2) => {
            items.pop();
        }
        (_, _) => items.push(read(chance.one_of(words.values))),
    }
    items
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("a value of the list")
}

//! Documents that might be taken, changed in a place or two, so that each side has to say whether
//! it still takes them: fields gone, misplaced or doubled, values of another kind or out of bounds.

use serde_json::{Map, Value};

use super::{Chance, document};

/// Values that stand where another stood.
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

/// Fields that are put where they may not belong.
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

/// A CiliumNetworkPolicy or a clusterwide one, with changes.
pub(super) fn random(at: usize, chance: &mut Chance) -> Value {
    let mut document = document::cilium(at, chance);
    for _ in 0..chance.one_of(&[0, 1, 1, 1, 2]) {
        let count = places(&document["spec"]);
        let Some(spec) = document.get_mut("spec") else { break };
        change(spec, &mut chance.below(count), chance);
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
fn change(value: &mut Value, before: &mut usize, chance: &mut Chance) -> bool {
    if *before == 0 {
        *value = changed(value.take(), chance);
        return true;
    }
    *before -= 1;
    match value {
        Value::Object(fields) => fields.values_mut().any(|value| change(value, before, chance)),
        Value::Array(items) => items.iter_mut().any(|value| change(value, before, chance)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn changed(value: Value, chance: &mut Chance) -> Value {
    match value {
        Value::Object(fields) if chance.percent(85) => with_other_fields(fields, chance).into(),
        Value::Array(items) if chance.percent(60) => with_other_items(items, chance).into(),
        _ => read(chance.one_of(&VALUES)),
    }
}

fn with_other_fields(mut fields: Map<String, Value>, chance: &mut Chance) -> Map<String, Value> {
    let keys: Vec<String> = fields.keys().cloned().collect();
    let (name, value) = chance.one_of(&FIELDS);
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
            fields.insert(key.clone(), read(chance.one_of(&VALUES)));
        }
    }
    fields
}

fn with_other_items(mut items: Vec<Value>, chance: &mut Chance) -> Vec<Value> {
    match (items.first().cloned(), chance.below(4)) {
        (Some(first), 0) => items.push(first),
        (Some(first), 1) => items.extend(vec![first; 40]),
        (Some(_), 2) => {
            items.pop();
        }
        (_, _) => items.push(read(chance.one_of(&VALUES))),
    }
    items
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("a value of the list")
}

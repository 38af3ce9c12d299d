//! Examples of what is asked and answered, added to the description: taken once from a running
//! demo and shortened. A test reads each into its own type.

use serde_json::{Map, Value};

/// Examples by path and parameter, and by operation.
const EXAMPLES: &str = include_str!("examples.json");
/// The greatest number that is taken: what the ledger can hold.
const GREATEST: i64 = i64::MAX;

/// All of them.
pub(super) fn read() -> Value {
    serde_json::from_str(EXAMPLES).expect("the examples are JSON")
}

/// Adds what is asked and answered to one operation.
pub(super) fn add(path: &str, operation: &mut Map<String, Value>, examples: &Value) {
    let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
    for parameter in
        operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten()
    {
        bound(&mut parameter["schema"]);
        let name = parameter["name"].as_str().unwrap_or_default();
        if let Some(example) = examples["parameters"][path].get(name) {
            parameter["example"] = example.clone();
        }
    }
    if let Some(example) = examples["requests"].get(&id) {
        operation["requestBody"]["content"]["application/json"]["example"] = example.clone();
    }
    let Some(example) = examples["answers"].get(&id) else { return };
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    let good = responses.into_iter().flatten().filter(|(status, _)| status.starts_with('2'));
    for (_, response) in good {
        for content in response["content"].as_object_mut().into_iter().flatten() {
            content.1["example"] = example.clone();
        }
    }
}

/// A parameter that is there is never null, and no number is beyond what can be kept.
fn bound(schema: &mut Value) {
    if let Some(kinds) = schema["type"].as_array() {
        let kind = kinds.iter().find(|kind| *kind != "null").cloned();
        schema["type"] = kind.unwrap_or(Value::Null);
    }
    if schema["format"] == "int64" {
        schema["maximum"] = GREATEST.into();
    }
}

//! The published schema of test files beside the reader: what one refuses the other refuses too, on
//! every case of `specs/` and on what seeds make of them.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use podwall_model::World;
use podwall_policy::re2::Pattern;
use podwall_testkit::chance::Chance;
use podwall_testkit::spec::read_text;
use serde_json::{Map, Value, json};

/// How many changed documents are made.
const CHANGED: u64 = 6_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs")
}

/// A schema with the keywords that this one needs; any other is a fault of the test.
struct Schema {
    root: Value,
    patterns: RefCell<HashMap<String, Pattern>>,
}

impl Schema {
    fn read() -> Schema {
        let text = std::fs::read_to_string(root().join("policy-test.schema.json")).unwrap();
        Schema { root: serde_json::from_str(&text).unwrap(), patterns: RefCell::default() }
    }

    fn accepts(&self, value: &Value) -> bool {
        self.fits(&self.root, value)
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let keywords = schema.as_object().expect("a schema is a mapping");
        keywords.iter().all(|(keyword, rule)| self.obeys(schema, (keyword, rule), value))
    }

    fn obeys(&self, schema: &Value, (keyword, rule): (&str, &Value), value: &Value) -> bool {
        let list = || rule.as_array().expect("a list");
        let object = value.as_object();
        let has = |name: &Value| object.is_some_and(|o| o.contains_key(name.as_str().unwrap()));
        match keyword {
            "$schema" | "title" | "description" | "$defs" => true,
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                self.fits(self.root.pointer(pointer).expect("a known definition"), value)
            }
            "type" if rule.is_array() => list().iter().any(|one| is_of(one, value)),
            "type" => is_of(rule, value),
            "enum" => list().contains(value),
            "const" => rule == value,
            "required" => object.is_none() || list().iter().all(has),
            "properties" => self.properties(rule.as_object().unwrap(), object),
            "additionalProperties" => self.additional(schema, rule, object),
            "items" => {
                value.as_array().is_none_or(|all| all.iter().all(|one| self.fits(rule, one)))
            }
            "allOf" => list().iter().all(|one| self.fits(one, value)),
            "anyOf" => list().iter().any(|one| self.fits(one, value)),
            "oneOf" => list().iter().filter(|one| self.fits(one, value)).count() == 1,
            "not" => !self.fits(rule, value),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "pattern" => value.as_str().is_none_or(|text| self.matches(rule, text)),
            other => panic!("a keyword that this test does not know: {other}"),
        }
    }

    fn properties(&self, known: &Map<String, Value>, object: Option<&Map<String, Value>>) -> bool {
        let Some(object) = object else { return true };
        known.iter().all(|(key, rule)| object.get(key).is_none_or(|one| self.fits(rule, one)))
    }

    fn additional(
        &self,
        schema: &Value,
        rule: &Value,
        object: Option<&Map<String, Value>>,
    ) -> bool {
        let is_known =
            |key: &str| schema.pointer("/properties").is_some_and(|p| p.get(key).is_some());
        let mut rest = object.into_iter().flatten().filter(|(key, _)| !is_known(key));
        rest.all(|(_, one)| rule.as_bool().unwrap_or_else(|| self.fits(rule, one)))
    }

    /// Patterns of a schema match anywhere.
    fn matches(&self, pattern: &Value, text: &str) -> bool {
        let pattern = pattern.as_str().unwrap();
        let mut patterns = self.patterns.borrow_mut();
        let compiled = patterns.entry(pattern.to_owned()).or_insert_with(|| {
            Pattern::new(&format!("(?s:.*)(?:{pattern})(?s:.*)")).expect("an expression")
        });
        compiled.matches(text)
    }
}

fn is_of(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        other => panic!("a type that this test does not know: {other}"),
    }
}

/// Every document of every case, with the file it stands in.
fn documents() -> Vec<(PathBuf, Value)> {
    let mut all = Vec::new();
    for folder in [root(), root().join("tiers"), root().join("kubernetes")] {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let yaml = |path: &PathBuf| path.extension().is_some_and(|end| end == "yaml");
        let mut files: Vec<PathBuf> = files.filter(yaml).collect();
        files.retain(|path| !path.ends_with("world.yaml"));
        files.sort();
        for path in files {
            let text = std::fs::read_to_string(&path).unwrap();
            let read: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
            all.extend(read.into_iter().map(|document| (path.clone(), document)));
        }
    }
    all
}

#[test]
fn every_case_fits_the_schema() {
    let schema = Schema::read();
    let documents = documents();
    assert!(documents.len() > 400, "{}", documents.len());
    for (path, document) in documents {
        assert!(schema.accepts(&document), "{}: {}", path.display(), document["metadata"]);
    }
}

/// Where each value stands, but for the texts of policies: those are another language.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    let within: Vec<(String, &Value)> = match value {
        Value::Object(map) => {
            let own = map.iter().filter(|(key, _)| !matches!(key.as_str(), "inline" | "file"));
            own.map(|(key, one)| (key.replace('~', "~0").replace('/', "~1"), one)).collect()
        }
        Value::Array(list) => list.iter().enumerate().map(|(n, v)| (n.to_string(), v)).collect(),
        _ => Vec::new(),
    };
    for (key, one) in within {
        places(one, &format!("{at}/{key}"), found);
    }
}

/// Something else in one place of a document.
fn change(document: &mut Value, chance: &mut Chance) {
    let mut found = Vec::new();
    places(document, "", &mut found);
    let place: &String = chance.pick(&found);
    let value = document.pointer_mut(place).expect("a place of it");
    let others = [
        json!(true),
        json!(5),
        json!(70_000),
        json!(-1),
        json!(""),
        json!("nonsense"),
        json!("a b"),
        json!([]),
        json!({}),
        json!(["x"]),
        json!({"x": "y"}),
        json!("10.0.0.300"),
        json!("icmp"),
        json!("80/ICMP"),
    ];
    match value {
        Value::Object(map) if !map.is_empty() && chance.percent(70) => {
            let keys: Vec<String> = map.keys().cloned().collect();
            let key = chance.pick(&keys).clone();
            match chance.below(3) {
                0 => drop(map.remove(&key)),
                1 => drop(map.insert(format!("{key}x"), json!("x"))),
                _ => {
                    let one = map.remove(&key).expect("a key of it");
                    map.insert(key.to_uppercase(), one);
                }
            }
        }
        other => *other = chance.pick(&others).clone(),
    }
}

/// What no schema can know: whether policies are right, files there, and names given once.
fn is_beyond(message: &str) -> bool {
    ["error PW", "given twice", "no such file", "it is a folder"]
        .iter()
        .any(|part| message.contains(part))
}

#[test]
fn what_the_schema_refuses_the_reader_refuses_and_the_other_way_round() {
    let schema = Schema::read();
    let documents = documents();
    let (mut accepted, mut refused, mut different) = (0, 0, Vec::new());
    for seed in 1..=CHANGED {
        let mut chance = Chance::new(seed);
        let (path, document) = chance.pick(&documents);
        let mut changed = document.clone();
        change(&mut changed, &mut chance);
        let text = changed.to_string();
        let reader = read_text(&text, path, &World::default());
        match (schema.accepts(&changed), reader) {
            (true, Ok(_)) => accepted += 1,
            (false, Err(_)) => refused += 1,
            (true, Err(error)) if is_beyond(&error.message) => {}
            (true, Err(error)) => {
                different.push(format!("{seed}: only the reader refuses: {error}"))
            }
            (false, Ok(_)) => different.push(format!("{seed}: only the schema refuses: {text}")),
        }
    }
    println!("{accepted} accepted, {refused} refused by both");
    let shown: Vec<String> = different.iter().take(20).map(|one| cut(one)).collect();
    assert!(different.is_empty(), "{} differences\n{}", different.len(), shown.join("\n"));
    assert!(accepted > 500 && refused > 2_000, "{accepted} accepted, {refused} refused");
}

fn cut(text: &str) -> String {
    text.chars().take(1_500).collect()
}

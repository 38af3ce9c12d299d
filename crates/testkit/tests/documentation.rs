//! The example policies of Kubernetes' documentation, each linted by itself: what is found in them
//! was looked at by hand once, and is held here.

use std::collections::BTreeMap;
use std::path::Path;

use podwall_author::lint::{Surroundings, Text, lint};
use serde_json::Value;

/// True of these two: who is told where to go by address cannot ask for names any more.
const REVIEWED: [(&str, &str); 2] = [("database", "PW1010"), ("many-ports", "PW1010")];

#[test]
fn nothing_but_what_was_reviewed_is_found_in_the_examples_of_the_documentation() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/kubernetes/documentation.yaml");
    let cases: Vec<Value> =
        serde_saphyr::from_multiple(&std::fs::read_to_string(path).unwrap()).unwrap();
    let policies = cases.iter().flat_map(|case| case["policies"].as_array().unwrap());
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut count = 0;
    for policy in policies {
        let text = policy["inline"].as_str().unwrap().to_owned();
        let linted = lint(&[Text { file: "p.yaml".to_owned(), text }], &Surroundings::default());
        count += linted.policies.len();
        let codes = linted.findings.iter().map(|finding| finding.diagnostic.code.0);
        found.entry(linted.policies[0].id.name.clone()).or_default().extend(codes);
    }
    assert_eq!(count, 13);
    found.retain(|_, codes| !codes.is_empty());
    let reviewed = REVIEWED.map(|(name, code)| (name.to_owned(), vec![code]));
    assert_eq!(found, BTreeMap::from(reviewed));
}

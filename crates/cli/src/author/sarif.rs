//! Findings as SARIF 2.1.0, which code hosts show beside the lines.

use std::collections::BTreeMap;

use podwall_author::lint::{Finding, page};
use podwall_policy::Severity;
use serde_json::{Value, json};

/// One log with one run.
pub(super) fn log(findings: &[Finding]) -> Value {
    let rules: BTreeMap<&str, Value> = findings
        .iter()
        .map(|finding| finding.diagnostic.code.0)
        .map(|code| (code, rule(code)))
        .collect();
    let results: Vec<Value> = findings.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "podwall",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_values().collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: &str) -> Value {
    match page(code) {
        Some(page) => json!({
            "id": code,
            "shortDescription": { "text": page.title() },
            "help": { "text": page.text, "markdown": page.text },
        }),
        None => json!({ "id": code, "shortDescription": { "text": "an error of the language" } }),
    }
}

fn result(finding: &Finding) -> Value {
    let told = &finding.diagnostic;
    let level = match told.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text = match &told.help {
        Some(help) => format!("{}, hint: {help}", told.message),
        None => told.message.clone(),
    };
    json!({
        "ruleId": told.code.0,
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": told.file },
            "region": { "startLine": told.span.line, "startColumn": told.span.column },
        }}],
    })
}

//! Findings as GitLab's code quality report.

use podwall_author::lint::Finding;
use podwall_policy::Severity;
use serde_json::{Value, json};

/// The report: one entry for each finding.
pub(super) fn report(findings: &[Finding]) -> Value {
    findings.iter().map(entry).collect()
}

fn entry(finding: &Finding) -> Value {
    let told = &finding.diagnostic;
    let severity = match told.severity {
        Severity::Error => "critical",
        Severity::Warning => "minor",
    };
    json!({
        "description": format!("{}: {}", told.code, told.message),
        "check_name": told.code.0,
        // The place is left out: a finding that only moves is the same one.
        "fingerprint": fingerprint(&[told.code.0, &told.file, &told.message]),
        "severity": severity,
        "location": { "path": told.file, "lines": { "begin": told.span.line } },
    })
}

/// FNV-1a over all parts: the same on every machine and in every version.
fn fingerprint(parts: &[&str]) -> String {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

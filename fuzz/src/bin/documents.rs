//! Policy documents: any text gives rules or diagnostics, never a panic; as many policies as
//! accepted documents; a refused document is told with an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use podwall_policy::{Severity, check};

fuzz_target!(|text: &str| {
    let checked = check(text, "fuzz.yaml");
    let errors = checked.diagnostics.iter().any(|d| d.severity == Severity::Error);
    for diagnostic in &checked.diagnostics {
        assert!(diagnostic.span.line >= 1 && diagnostic.span.column >= 1);
        assert!(!diagnostic.message.is_empty());
    }
    let accepted = checked.documents.iter().filter(|document| document.accepted).count();
    assert_eq!(accepted, checked.policies.len());
    assert!(errors || accepted == checked.documents.len());
});

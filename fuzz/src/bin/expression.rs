//! Regular expressions: any text gives one or an error, and matching any text ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use podwall_policy::re2::Pattern;

fuzz_target!(|input: (&str, &str)| {
    let (pattern, text) = input;
    match Pattern::new(pattern) {
        Ok(pattern) => {
            let _ = pattern.matches(text);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

//! Workload files: any text gives workloads or an error with a place.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = podwall_files::parse_world(text) {
        assert!(!error.to_string().is_empty());
    }
});

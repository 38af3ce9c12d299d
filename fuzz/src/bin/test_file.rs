//! Test files: any text gives cases or an error with its place, and judge and tables end with the
//! same report on whatever was read.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use podwall_files::spec::read_text;
use podwall_model::World;
use podwall_testkit::spec::{Judge, Tables, run};

fuzz_target!(|text: &str| {
    // A file that a test names is none of this target's.
    if text.contains("file") {
        return;
    }
    match read_text(text, Path::new("fuzz.yaml"), &World::default()) {
        Err(error) => assert!(!error.message.is_empty()),
        Ok(specs) => {
            for spec in &specs {
                let judged = run(spec, &mut Judge);
                let walked = run(spec, &mut Tables::default());
                let got = |report: &podwall_testkit::spec::Report| -> Vec<(String, String)> {
                    let failures = report.failures.iter();
                    failures.map(|one| (one.place.clone(), one.got.clone())).collect()
                };
                assert_eq!(got(&judged), got(&walked));
            }
        }
    }
});

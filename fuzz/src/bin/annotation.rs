//! The mode switch: what it writes says what was asked, and says the same of everything else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use podwall_model::Mode;
use podwall_policy::{check, set_mode};

fuzz_target!(|text: &str| {
    let before = check(text, "fuzz.yaml");
    for id in before.policies.iter().map(|policy| &policy.id) {
        for mode in [Some(Mode::Enforce), Some(Mode::Off), None] {
            let Ok(written) = set_mode(text, id, mode) else { continue };
            let after = check(&written, "fuzz.yaml");
            for (old, new) in before.policies.iter().zip(&after.policies) {
                assert_eq!(old.id, new.id);
                assert_eq!(old.rules, new.rules);
                let wanted = if new.id == *id { mode } else { old.mode };
                assert_eq!(new.mode, wanted);
            }
            assert_eq!(before.policies.len(), after.policies.len());
        }
    }
});

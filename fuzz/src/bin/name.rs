//! Patterns of names: any two texts give a pattern or an error, a pattern means what its own text
//! means again, and the index finds what the pattern matches.
#![no_main]

use libfuzzer_sys::fuzz_target;
use podwall_policy::names::{Name, NamePattern, PatternIndex, Reading};

fuzz_target!(|input: (&str, &str)| {
    let (pattern, name) = input;
    let name = Name::new(name);
    let Ok(pattern) = NamePattern::of_pattern(pattern) else { return };
    let again = NamePattern::of_pattern(&pattern.to_string());
    if pattern != NamePattern::Exactly(Name::new("")) {
        assert_eq!(again.as_ref(), Ok(&pattern));
    }
    for reading in [Reading::Query, Reading::Peer] {
        let mut index = PatternIndex::new(reading);
        index.add(&pattern, 1);
        assert_eq!(!index.look_up(&name).is_empty(), pattern.matches(&name, reading));
    }
});

//! What the demo's programs wrote, read back.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The lines of one log.
pub(crate) struct Log(Vec<Value>);

impl Log {
    /// The log as it is now; a line that is just being written is not yet part of it.
    pub(crate) fn of(directory: &Path, name: &str) -> Log {
        let text = fs::read_to_string(directory.join(format!("{name}.log"))).unwrap_or_default();
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        Log(whole.map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    pub(crate) fn count(&self, family: &str, outcome: &str) -> usize {
        let meant = |line: &&Value| line["family"] == family && line["outcome"] == outcome;
        self.0.iter().filter(meant).count()
    }

    pub(crate) fn outcomes(&self) -> BTreeSet<String> {
        self.0.iter().filter_map(|line| line["outcome"].as_str()).map(str::to_owned).collect()
    }

    pub(crate) fn outcomes_of(&self, action: &str) -> BTreeSet<String> {
        let meant = self.0.iter().filter(|line| line["action"] == action);
        meant.filter_map(|line| line["outcome"].as_str()).map(str::to_owned).collect()
    }

    pub(crate) fn actions(&self, action: &str) -> usize {
        self.0.iter().filter(|line| line["action"] == action).count()
    }

    /// The newest number under `family` and `key`; 0 before there is one.
    pub(crate) fn last(&self, family: &str, key: &str) -> u64 {
        let numbers = self.0.iter().rev().filter_map(|line| line[family][key].as_u64());
        numbers.take(1).sum()
    }

    pub(crate) fn gaps(&self) -> usize {
        self.0.iter().filter(|line| !line["gap"].is_null()).count()
    }

    pub(crate) fn assert_numbered(&self) {
        let numbers: Vec<u64> = self.0.iter().map(|line| line["n"].as_u64().unwrap()).collect();
        assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");
    }
}

/// Waits until `condition` holds.
#[allow(clippy::disallowed_methods)] // the pause between two looks at a condition with a bound
pub(crate) fn wait_until(within: Duration, what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + within;
    while !condition() {
        assert!(Instant::now() < end, "waited {within:?} for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

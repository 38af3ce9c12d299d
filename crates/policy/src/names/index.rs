//! Many patterns at once: which of them mean a name, found by the labels it ends with.

use std::collections::HashMap;

use super::Name;
use super::pattern::{NamePattern, Reading};

/// Patterns, each with what it stands for. A look-up costs as many probes as the name has labels,
/// and one match for each pattern whose plain last labels are the name's.
#[derive(Clone, Debug)]
pub struct PatternIndex<T> {
    reading: Reading,
    exact: HashMap<Name, Vec<T>>,
    /// By the labels after the last star, without a leading dot; empty where there are none.
    ending: HashMap<String, Vec<(NamePattern, T)>>,
}

impl<T: Copy + Ord> PatternIndex<T> {
    /// An index of nothing.
    pub fn new(reading: Reading) -> PatternIndex<T> {
        PatternIndex { reading, exact: HashMap::new(), ending: HashMap::new() }
    }

    /// Adds a pattern.
    pub fn add(&mut self, pattern: &NamePattern, value: T) {
        let ending = match pattern {
            NamePattern::Exactly(name) => {
                self.exact.entry(name.clone()).or_default().push(value);
                return;
            }
            NamePattern::Every => String::new(),
            NamePattern::Labels { globs, .. } => {
                let plain = globs.iter().rev().take_while(|glob| !glob.contains('*')).count();
                globs[globs.len() - plain..].join(".")
            }
        };
        self.ending.entry(ending).or_default().push((pattern.clone(), value));
    }

    /// What stands behind the patterns that mean this name, in order, each once.
    pub fn look_up(&self, name: &Name) -> Vec<T> {
        let mut found: Vec<T> = self.exact.get(name).cloned().unwrap_or_default();
        let text = name.as_str();
        let starts = std::iter::once(0).chain(text.match_indices('.').map(|(dot, _)| dot + 1));
        let endings = starts.map(|start| &text[start..]).chain(std::iter::once(""));
        for ending in endings {
            let candidates = self.ending.get(ending).into_iter().flatten();
            found.extend(
                candidates
                    .filter(|(pattern, _)| pattern.matches(name, self.reading))
                    .map(|(_, value)| *value),
            );
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_finds_what_the_patterns_mean() {
        let patterns = [
            "*", "**.io", "*.io", "a.io", "*.b.io", "**.b.io", "a*.b.io", "*.*", "", "a.*",
            "b.**.io",
        ];
        let patterns: Vec<NamePattern> =
            patterns.iter().map(|text| NamePattern::of_pattern(text).unwrap()).collect();
        for reading in [Reading::Query, Reading::Peer] {
            let mut index = PatternIndex::new(reading);
            for (at, pattern) in patterns.iter().enumerate() {
                index.add(pattern, at);
            }
            for name in [".", "io", "a.io", "ab.b.io", "x.y.b.io", "b.x.io", "a.b", "$.io", "..io"]
            {
                let name = Name::new(name);
                let meant: Vec<usize> = (0..patterns.len())
                    .filter(|at| patterns[*at].matches(&name, reading))
                    .collect();
                assert_eq!(index.look_up(&name), meant, "{name}");
            }
        }
    }
}

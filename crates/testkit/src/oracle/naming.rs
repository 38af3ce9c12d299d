//! Patterns of names, each with a name that it may mean, for Cilium's own matcher.

use std::fmt;
use std::str::FromStr;

use podwall_policy::names::{Name, NamePattern, Reading};
use serde_json::json;

use super::{Chance, SampleError, digest};

/// Pairs of one line.
const PAIRS: usize = 100;
const PARTS: [&str; 14] =
    ["a", "b", "www", "*", "*", "**", "***", "a*", "*b", "a*b", "a**b", "_s", "X-1", ""];
const LABELS: [&str; 8] = ["a", "b", "ab", "www", "_s", "x-1", "AXB", "9"];

/// A pattern and a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Whether the text stands under `matchName`; else under `matchPattern`.
    pub is_name: bool,
    /// The text of the pattern.
    pub text: String,
    /// The name.
    pub name: String,
}

/// Pairs of one seed.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// What they were made from.
    pub seed: u64,
    /// The pairs.
    pub pairs: Vec<Pair>,
}

/// What a matcher says of the pairs of a seed, a letter for each: `r` it refuses the pattern, `b`
/// the name is meant by rules of DNS and by peers, `q` by rules alone, `p` by peers alone, `.` by
/// neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedPairs {
    /// The seed.
    pub seed: u64,
    /// What the pairs said when they were asked.
    pub digest: u32,
    /// The letters.
    pub letters: String,
}

impl Pairs {
    /// The pairs of a seed.
    pub fn new(seed: u64) -> Pairs {
        let mut chance = Chance::new(seed ^ 0x006e_616d_6573);
        Pairs { seed, pairs: (0..PAIRS).map(|_| pair(&mut chance)).collect() }
    }

    /// The line that the witness reads.
    pub fn line(&self) -> String {
        let pairs = self.pairs.iter().map(|pair| json!([pair.is_name, pair.text, pair.name]));
        serde_json::Value::from_iter(pairs).to_string()
    }

    /// What we say of them.
    pub fn letters(&self) -> String {
        self.pairs.iter().map(Pair::letter).collect()
    }

    /// What a witness said of them, to be recorded.
    pub fn record(&self, letters: &str) -> RecordedPairs {
        let digest = digest(&self.line());
        RecordedPairs { seed: self.seed, digest, letters: letters.to_owned() }
    }
}

impl Pair {
    fn letter(&self) -> char {
        let pattern = if self.is_name {
            NamePattern::of_name(&self.text)
        } else {
            NamePattern::of_pattern(&self.text)
        };
        let Ok(pattern) = pattern else { return 'r' };
        let name = Name::new(&self.name);
        let means = |reading| pattern.matches(&name, reading);
        match (means(Reading::Query), means(Reading::Peer)) {
            (true, true) => 'b',
            (true, false) => 'q',
            (false, true) => 'p',
            (false, false) => '.',
        }
    }
}

fn pair(chance: &mut Chance) -> Pair {
    let is_name = chance.percent(15);
    let mut parts: Vec<&str> =
        (0..chance.between(1, 4)).map(|_| chance.one_of(&PARTS[..13])).collect();
    if chance.percent(5) {
        parts.push(PARTS[13]);
    }
    let mut text = parts.join(".");
    if is_name && chance.percent(90) {
        text = text.replace('*', "a");
    }
    match chance.below(40) {
        0..6 => text.push('.'),
        6 => text.push_str(chance.one_of(&["$", " ", "é", "/", "\n"])),
        7 => text = text.to_ascii_uppercase(),
        8 => text = "a".repeat(chance.one_of(&[250, 254, 256, 260])),
        _ => {}
    }
    let name = if chance.percent(85) { near(&text, chance) } else { far(chance) };
    Pair { is_name, text, name }
}

/// A name much like a pattern.
fn near(text: &str, chance: &mut Chance) -> String {
    let mut name = String::new();
    for letter in text.chars() {
        if letter != '*' {
            name.push(letter);
        } else if chance.percent(70) {
            name.push_str(chance.one_of(&["", "a", "www", "_", "a.b", "0", ".", "A-"]));
        }
    }
    match chance.below(12) {
        0 => name.insert_str(0, chance.one_of(&["a.", "b.a.", "x", "."])),
        1 => name.push_str(chance.one_of(&[".", "..", ".a", "b"])),
        2 => name = name.to_ascii_uppercase(),
        3 => name = name.replacen('a', chance.one_of(&["b", "", "!", "é"]), 1),
        _ => {}
    }
    name
}

fn far(chance: &mut Chance) -> String {
    let labels: Vec<&str> = (0..chance.between(0, 4)).map(|_| chance.one_of(&LABELS)).collect();
    labels.join(".")
}

impl fmt::Display for RecordedPairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:08x} {}", self.seed, self.digest, self.letters)
    }
}

impl FromStr for RecordedPairs {
    type Err = SampleError;

    fn from_str(line: &str) -> Result<RecordedPairs, SampleError> {
        let none = || SampleError(line.to_owned());
        let words: Vec<&str> = line.split(' ').collect();
        let [seed, digest, letters] = words[..] else { return Err(none()) };
        Ok(RecordedPairs {
            seed: seed.parse().map_err(|_| none())?,
            digest: u32::from_str_radix(digest, 16).map_err(|_| none())?,
            letters: letters.to_owned(),
        })
    }
}

//! Patterns of names: `matchName` and `matchPattern`.
//!
//! A star stands for any letters, digits, dashes and underscores inside one label. Two or more at
//! the front, before a dot, stand for one or more whole labels; anywhere else they are one star.
//! Stars alone are every name.

use std::error::Error;
use std::fmt;

use super::{MAX_NAME, Name};

/// What a name has to look like. Patterns that mean the same are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamePattern {
    /// One name.
    Exactly(Name),
    /// Every name.
    Every,
    /// Names of as many labels as there are globs, with more in front if that is said.
    Labels {
        /// What stands before the globs.
        front: Front,
        /// One glob for each label, lower case.
        globs: Vec<String>,
    },
}

/// What may stand before the globs of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Front {
    /// Nothing.
    Nothing,
    /// One or more whole labels (`**.`).
    Labels,
}

/// Whether stars alone reach names that are no host names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A DNS rule: every name that can be asked for, whatever bytes it has.
    Query,
    /// A peer: names of letters, digits, dashes and underscores, and the root.
    Peer,
}

/// Why a text is no name or no pattern, in Cilium's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// Characters that a `matchName` cannot have.
    NameCharacters(String),
    /// Characters that a `matchPattern` cannot have.
    PatternCharacters(String),
    /// Longer than a name can be.
    TooLong(String),
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatternError::NameCharacters(text) => write!(
                f,
                "Invalid characters in MatchName: \"{text}\". Only 0-9, a-z, A-Z and ., -, _ \
                 characters are allowed"
            ),
            PatternError::PatternCharacters(text) => write!(
                f,
                "Invalid characters in MatchPattern: \"{text}\". Only 0-9, a-z, A-Z and ., -, _ \
                 and * characters are allowed"
            ),
            PatternError::TooLong(text) => {
                write!(f, "Invalid MatchPattern: \"{text}\". Must be <= {MAX_NAME} characters long")
            }
        }
    }
}

impl Error for PatternError {}

impl NamePattern {
    /// The pattern of a `matchName`: that name alone.
    pub fn of_name(text: &str) -> Result<NamePattern, PatternError> {
        if text.is_empty() || !text.bytes().all(|byte| is_host(byte) || byte == b'.') {
            return Err(PatternError::NameCharacters(text.to_owned()));
        }
        if text.len() > MAX_NAME {
            return Err(PatternError::TooLong(text.to_owned()));
        }
        Ok(NamePattern::Exactly(Name::new(text)))
    }

    /// The pattern of a `matchPattern`. An empty one is the root alone.
    pub fn of_pattern(text: &str) -> Result<NamePattern, PatternError> {
        if !text.bytes().all(|byte| is_host(byte) || matches!(byte, b'.' | b'*')) {
            return Err(PatternError::PatternCharacters(text.to_owned()));
        }
        if text.len() > MAX_NAME {
            return Err(PatternError::TooLong(text.to_owned()));
        }
        let Name(text) = Name::new(text);
        if !text.contains('*') {
            return Ok(NamePattern::Exactly(Name(text)));
        }
        if text.bytes().all(|byte| byte == b'*') {
            return Ok(NamePattern::Every);
        }
        let mut globs: Vec<String> = text.split('.').map(one_star_each).collect();
        let leading = text.bytes().take_while(|byte| *byte == b'*').count();
        let front = if leading >= 2 && text[leading..].starts_with('.') {
            globs.remove(0);
            Front::Labels
        } else {
            Front::Nothing
        };
        Ok(NamePattern::Labels { front, globs })
    }

    /// Whether a name is meant.
    pub fn matches(&self, name: &Name, reading: Reading) -> bool {
        match self {
            NamePattern::Exactly(one) => one == name,
            NamePattern::Every => match reading {
                Reading::Query => true,
                Reading::Peer => name.0.is_empty() || name.0.split('.').all(is_host_label),
            },
            NamePattern::Labels { front, globs } => {
                let mut labels = name.0.rsplit('.');
                let fits = globs.iter().rev().all(|glob| {
                    labels.next().is_some_and(|label| fits(glob.as_bytes(), label.as_bytes()))
                });
                fits && match front {
                    Front::Nothing => labels.next().is_none(),
                    Front::Labels => {
                        labels.next().is_some_and(is_host_label) && labels.all(is_host_label)
                    }
                }
            }
        }
    }
}

impl fmt::Display for NamePattern {
    /// As it may be written. One dot at the end is the root's: an empty last label needs two.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            NamePattern::Exactly(Name(name)) => name.clone(),
            NamePattern::Every => "*".to_owned(),
            NamePattern::Labels { front: Front::Nothing, globs } => globs.join("."),
            NamePattern::Labels { front: Front::Labels, globs } => {
                format!("**.{}", globs.join("."))
            }
        };
        f.write_str(&text)?;
        f.write_str(if text.ends_with('.') { "." } else { "" })
    }
}

fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn is_host_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(is_host)
}

/// A label with each run of stars made one.
fn one_star_each(label: &str) -> String {
    let mut glob = String::with_capacity(label.len());
    for letter in label.chars() {
        if letter != '*' || !glob.ends_with('*') {
            glob.push(letter);
        }
    }
    glob
}

/// Whether a label fits a glob. Letters of a glob are host letters, so a label with a star before
/// it fits only if all its letters are.
fn fits(glob: &[u8], label: &[u8]) -> bool {
    if !glob.contains(&b'*') {
        return glob == label;
    }
    if !label.iter().all(|byte| is_host(*byte)) {
        return false;
    }
    let (mut at, mut in_glob) = (0, 0);
    // The last star, and how much of the label stood before it was widened.
    let mut star: Option<(usize, usize)> = None;
    while at < label.len() {
        if glob.get(in_glob) == Some(&b'*') {
            star = Some((in_glob, at));
            in_glob += 1;
        } else if glob.get(in_glob) == Some(&label[at]) {
            (at, in_glob) = (at + 1, in_glob + 1);
        } else if let Some((place, from)) = star {
            star = Some((place, from + 1));
            (at, in_glob) = (from + 1, place + 1);
        } else {
            return false;
        }
    }
    glob[in_glob..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, reading: Reading, names: &[&str], others: &[&str]) {
        let pattern = NamePattern::of_pattern(pattern).unwrap();
        for name in names {
            assert!(pattern.matches(&Name::new(name), reading), "{pattern} and {name}");
        }
        for name in others {
            assert!(!pattern.matches(&Name::new(name), reading), "{pattern} not {name}");
        }
    }

    #[test]
    fn patterns_mean_what_cilium_means() {
        for reading in [Reading::Query, Reading::Peer] {
            check(
                "*.cilium.io",
                reading,
                &["www.cilium.io", "WWW.Cilium.IO."],
                &["cilium.io", "a.b.cilium.io"],
            );
            check("*cilium.io", reading, &["cilium.io", "subcilium.io"], &["www.cilium.io"]);
            check(
                "sub*.cilium.io",
                reading,
                &["sub.cilium.io", "subdomain.cilium.io"],
                &["www.cilium.io", "sub.x.cilium.io"],
            );
            check(
                "**.cilium.io",
                reading,
                &["app.cilium.io", "a.b.cilium.io"],
                &["cilium.io", "a.$.cilium.io"],
            );
            check("****.cilium.io", reading, &["app.cilium.io", "a.b.cilium.io"], &["cilium.io"]);
            check(
                "*.*.cilium.io",
                reading,
                &["a.b.cilium.io"],
                &["a.cilium.io", "a.b.c.cilium.io"],
            );
            check("a.**.b.io", reading, &["a.x.b.io"], &["a.x.y.b.io", "a.b.io"]);
            check("**x.io", reading, &["x.io", "ax.io"], &["a.x.io"]);
            check("", reading, &["."], &["a.io", "io"]);
            check(
                "a*b*c.io",
                reading,
                &["abc.io", "aXbXbXc.io"],
                &["ab.io", "abcd.io", "a b c.io"],
            );
            for every in ["*", "**", "**.", "***", "*."] {
                check(every, reading, &[".", "a.io", "a_b.c-d.io"], &[]);
            }
        }
    }

    #[test]
    fn stars_alone_reach_odd_names_only_in_queries() {
        check("*", Reading::Query, &["a b.io", "ä.io", "$"], &[]);
        check("*", Reading::Peer, &["a.io"], &["a b.io", "ä.io", "$"]);
    }

    #[test]
    fn what_is_written_means_the_same_again() {
        for text in ["*.*..", "a..", "*..", "**.a..", "*", "**.x", ".", "a.io."] {
            let pattern = NamePattern::of_pattern(text).unwrap();
            assert_eq!(
                NamePattern::of_pattern(&pattern.to_string()).as_ref(),
                Ok(&pattern),
                "{text}"
            );
        }
    }

    #[test]
    fn bad_names_are_refused_in_the_words_of_cilium() {
        let said = NamePattern::of_name("a$.io").unwrap_err().to_string();
        assert!(said.starts_with("Invalid characters in MatchName: \"a$.io\""), "{said}");
        assert!(NamePattern::of_name("*.io").is_err());
        assert!(NamePattern::of_name("").is_err());
        let said = NamePattern::of_pattern("a[.io").unwrap_err().to_string();
        assert!(said.starts_with("Invalid characters in MatchPattern: \"a[.io\""), "{said}");
        let long = "a".repeat(256);
        assert!(matches!(NamePattern::of_pattern(&long), Err(PatternError::TooLong(_))));
    }
}

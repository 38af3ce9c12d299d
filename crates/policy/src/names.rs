//! Names of the outside: what patterns mean, what an answer teaches, and how long it holds.
//!
//! The DNS proxy asks patterns whether a workload may ask for a name, and teaches [`Learnt`] what
//! was answered; peers by name (`toFQDNs`) are the addresses that it holds. Time is handed in.
//! The source of each meaning is Cilium 1.20's DNS proxy and its pattern matcher.

mod answer;
mod index;
mod learnt;
mod pattern;

use std::fmt;

pub use self::answer::{Answer, AnswerError, MAX_RECORDS, Record, RecordContent, Taught};
pub use self::index::PatternIndex;
pub use self::learnt::{Learnt, Limits, Noted};
pub use self::pattern::{Front, NamePattern, PatternError, Reading};

/// The most bytes that a name or a pattern may have (RFC 1035, and Cilium's limit of a pattern).
pub const MAX_NAME: usize = 255;

/// A name as it is compared: lower case, without its final dot. The root is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The name that a text means, whatever its case and with or without its final dot.
    pub fn new(text: &str) -> Name {
        Name(text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase())
    }

    /// The text, without a final dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}

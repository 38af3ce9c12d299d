//! What the oracle answered: as it says it, and as it is recorded.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::Case;

/// An answer to one case.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Answer {
    /// The seed of the case.
    pub id: u64,
    /// Of each document why it is refused; empty: it is taken. A recorded answer says `refused`.
    pub refused: Vec<String>,
    /// Of each flow what becomes of it.
    pub verdicts: Vec<Said>,
}

/// What becomes of a flow at its subject.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    /// It passes.
    Allow,
    /// It passes to the proxy.
    Redirect,
    /// A rule denies it.
    Deny,
    /// No rule allows it.
    Drop,
    /// It has to be authenticated first.
    Auth,
    /// The rules of the subject cannot be merged.
    Refused,
}

const LETTERS: [(char, Said); 6] = [
    ('a', Said::Allow),
    ('p', Said::Redirect),
    ('n', Said::Deny),
    ('d', Said::Drop),
    ('u', Said::Auth),
    ('x', Said::Refused),
];

/// A line of a sample that is none.
#[derive(Debug, thiserror::Error)]
#[error("not a recorded answer: `{0}`, hint: record the sample again")]
pub struct SampleError(pub(super) String);

/// A recorded answer: seed, digest of the case, documents, flows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What the case said when it was asked.
    pub digest: u32,
    /// The answer.
    pub answer: Answer,
}

impl Answer {
    /// The line of a sample that records it.
    pub fn record(self, case: &Case) -> Recorded {
        Recorded { digest: case.digest(), answer: self }
    }
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken = |text: &String| if text.is_empty() { '.' } else { 'r' };
        let letter = |said: &Said| {
            let known = LETTERS.iter().find(|(_, other)| other == said);
            known.expect("every word has a letter").0
        };
        let documents: String = self.answer.refused.iter().map(taken).collect();
        let flows: String = self.answer.verdicts.iter().map(letter).collect();
        write!(f, "{} {:08x} {documents} {flows}", self.answer.id, self.digest)
    }
}

impl FromStr for Recorded {
    type Err = SampleError;

    fn from_str(line: &str) -> Result<Recorded, SampleError> {
        let none = || SampleError(line.to_owned());
        let words: Vec<&str> = line.split(' ').collect();
        let [id, digest, documents, flows] = words[..] else { return Err(none()) };
        let refused = documents.chars().map(|letter| match letter {
            '.' => Some(String::new()),
            'r' => Some("refused".to_owned()),
            _ => None,
        });
        let said = flows.chars().map(|letter| {
            LETTERS.iter().find(|(known, _)| *known == letter).map(|(_, said)| *said)
        });
        Ok(Recorded {
            digest: u32::from_str_radix(digest, 16).map_err(|_| none())?,
            answer: Answer {
                id: id.parse().map_err(|_| none())?,
                refused: refused.collect::<Option<_>>().ok_or_else(none)?,
                verdicts: said.collect::<Option<_>>().ok_or_else(none)?,
            },
        })
    }
}

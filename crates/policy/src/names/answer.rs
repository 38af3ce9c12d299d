//! What an answer teaches: the addresses of the name that was asked for, and for how long.
//!
//! An alias (CNAME) leads on to the next name; the addresses at its end belong to the name that was
//! asked for, and to it alone. The shortest time of the chain holds for all of it.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::Name;

/// The most records of one answer that are read; the rest of a larger one teaches nothing.
pub const MAX_RECORDS: usize = 4096;

/// An answer as a proxy read it, in the order of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The name of the first question.
    pub asked: Name,
    /// The records of the answer section.
    pub records: Vec<Record>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose it is.
    pub owner: Name,
    /// How long it holds.
    pub lasts: Duration,
    /// What it says.
    pub content: RecordContent,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordContent {
    /// A or AAAA.
    Address(IpAddr),
    /// CNAME: look there.
    Alias(Name),
    /// Anything else: nothing that a policy speaks of.
    Other,
}

/// What an answer teaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taught {
    /// The name that was asked for.
    pub name: Name,
    /// Its addresses; none where the answer has none.
    pub addresses: Vec<IpAddr>,
    /// How long they hold: the shortest time of the chain.
    pub lasts: Duration,
}

/// Why an answer teaches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerError {
    /// A record that belongs to none of the names that the chain has led to up to there.
    OutOfChain(Name),
    /// More records than are read.
    TooMany(usize),
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnswerError::OutOfChain(name) => {
                write!(f, "record of a name that the answer does not lead to: `{name}`")
            }
            AnswerError::TooMany(count) => {
                write!(f, "more than {MAX_RECORDS} records in one answer: `{count}`")
            }
        }
    }
}

impl Error for AnswerError {}

impl Answer {
    /// Walks the chain.
    pub fn teach(&self) -> Result<Taught, AnswerError> {
        if self.records.len() > MAX_RECORDS {
            return Err(AnswerError::TooMany(self.records.len()));
        }
        let mut at = &self.asked;
        let mut addresses = Vec::new();
        let mut lasts: Option<Duration> = None;
        for record in &self.records {
            let content = match &record.content {
                RecordContent::Other => continue,
                RecordContent::Address(ip) => Ok(*ip),
                RecordContent::Alias(target) => Err(target),
            };
            if record.owner != *at {
                return Err(AnswerError::OutOfChain(record.owner.clone()));
            }
            match content {
                Ok(ip) => addresses.push(ip),
                Err(target) => at = target,
            }
            lasts = Some(lasts.map_or(record.lasts, |shortest| shortest.min(record.lasts)));
        }
        let lasts = lasts.unwrap_or_default();
        Ok(Taught { name: self.asked.clone(), addresses, lasts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(owner: &str, seconds: u64, content: RecordContent) -> Record {
        Record { owner: Name::new(owner), lasts: Duration::from_secs(seconds), content }
    }

    fn alias(owner: &str, seconds: u64, target: &str) -> Record {
        record(owner, seconds, RecordContent::Alias(Name::new(target)))
    }

    fn address(owner: &str, seconds: u64, last: u8) -> Record {
        record(owner, seconds, RecordContent::Address(IpAddr::from([192, 0, 2, last])))
    }

    fn answer(records: Vec<Record>) -> Answer {
        Answer { asked: Name::new("A.io."), records }
    }

    #[test]
    fn a_chain_gives_its_addresses_to_the_name_that_was_asked_for() {
        let chain =
            vec![alias("a.io", 300, "x.io"), alias("x.io", 20, "y.io"), address("y.io", 60, 1)];
        let taught = answer(chain).teach().unwrap();
        assert_eq!(taught.name, Name::new("a.io"));
        assert_eq!(taught.addresses, [IpAddr::from([192, 0, 2, 1])]);
        assert_eq!(taught.lasts, Duration::from_secs(20));
    }

    #[test]
    fn a_record_out_of_the_chain_teaches_nothing() {
        let disorder =
            vec![alias("x.io", 20, "y.io"), alias("a.io", 300, "x.io"), address("y.io", 60, 1)];
        assert_eq!(answer(disorder).teach(), Err(AnswerError::OutOfChain(Name::new("x.io"))));
        let foreign = vec![address("a.io", 60, 1), address("bank.io", 60, 2)];
        assert_eq!(answer(foreign).teach(), Err(AnswerError::OutOfChain(Name::new("bank.io"))));
    }

    #[test]
    fn other_records_say_nothing() {
        let records = vec![record("b.io", 1, RecordContent::Other), address("a.io", 60, 1)];
        assert_eq!(answer(records).teach().unwrap().lasts, Duration::from_secs(60));
        assert_eq!(answer(Vec::new()).teach().unwrap().addresses, Vec::<IpAddr>::new());
    }
}

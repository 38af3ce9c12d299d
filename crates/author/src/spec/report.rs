//! What came of running cases, and each thing that was not as expected.

use std::fmt;

/// What came of running a case.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many flows and documents were judged.
    pub judged: usize,
    /// What was not as expected.
    pub failures: Vec<Failure>,
    /// What the witness could not judge: the case and why.
    pub unfit: Vec<String>,
}

impl Report {
    /// Adds another report to this one.
    pub fn add(&mut self, other: Report) {
        self.judged += other.judged;
        self.failures.extend(other.failures);
        self.unfit.extend(other.unfit);
    }
}

/// One thing that was not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// File and line.
    pub place: String,
    /// The case and the flow.
    pub name: String,
    /// What the case expects.
    pub expected: String,
    /// What the witness says.
    pub got: String,
    /// The chain of reasons, from the judge.
    pub reasons: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.place, self.name)?;
        writeln!(f, "  expected {}", self.expected)?;
        write!(f, "  got      {}", self.got)?;
        for reason in &self.reasons {
            write!(f, "\n  | {reason}")?;
        }
        Ok(())
    }
}

//! The log of changes: lines that are only ever appended, in a file beside the ledger.
//!
//! What cannot be written at the moment is held and written with the next change; whoever cannot
//! write is told. A line that cannot be read is left where it is and left out.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use podwall_wire::rest::{Change, ChangeKind, ChangedBy};

use crate::caller::Caller;

/// The most changes that are held in memory and can be asked for; the file has them all.
const HELD_LIMIT: usize = 20_000;

/// The log.
pub(crate) struct ChangeLog {
    path: Option<PathBuf>,
    /// Oldest first.
    held: Vec<Change>,
    /// The number of the newest change of each subject.
    newest_of: HashMap<String, u64>,
    next: u64,
    /// How many of the newest are not on disk yet.
    unwritten: usize,
    /// Why not.
    trouble: Option<String>,
}

/// A change before it has a number and a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) what: ChangeKind,
    pub(crate) subject: String,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
}

impl ChangeLog {
    /// The log in this file, with what it holds already.
    pub(crate) fn open(path: &Path) -> ChangeLog {
        let text = std::fs::read(path).unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n');
        let mut held: Vec<Change> =
            lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let next = held.iter().map(|change| change.seq + 1).max().unwrap_or(1);
        held.drain(..held.len().saturating_sub(HELD_LIMIT));
        let newest_of = held.iter().map(|change| (change.subject.clone(), change.seq)).collect();
        ChangeLog {
            path: Some(path.to_owned()),
            held,
            newest_of,
            next,
            unwritten: 0,
            trouble: None,
        }
    }

    /// Notes changes of one revision; gives them back with their numbers.
    pub(crate) fn note(
        &mut self,
        noted: Vec<Noted>,
        caller: &Caller,
        time: u64,
        revision: u64,
    ) -> Vec<Change> {
        let mut new = Vec::with_capacity(noted.len());
        for Noted { what, subject, from, to } in noted {
            self.newest_of.insert(subject.clone(), self.next);
            let (who, by) = (caller.who.clone(), caller.by);
            new.push(Change { seq: self.next, time, who, by, what, subject, from, to, revision });
            self.next += 1;
        }
        self.held.extend(new.iter().cloned());
        self.unwritten += new.len();
        self.write();
        let beyond = self.held.len().saturating_sub(HELD_LIMIT);
        self.held.drain(..beyond);
        self.unwritten = self.unwritten.min(self.held.len());
        new
    }

    /// Why the newest changes are not on disk, if they are not.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Writes what is not written yet.
    pub(crate) fn write(&mut self) {
        let (Some(path), true) = (&self.path, self.unwritten > 0) else { return };
        let new = &self.held[self.held.len() - self.unwritten..];
        let written = append(path, new);
        self.trouble = written.as_ref().err().map(ToString::to_string);
        if written.is_ok() {
            self.unwritten = 0;
        }
    }

    /// Newest first: those that `asked` wants, below a number.
    pub(crate) fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
        asked: impl Fn(&Change) -> bool,
    ) -> (Vec<Change>, Option<u64>) {
        let older = self.held.iter().rev().filter(|c| before.is_none_or(|before| c.seq < before));
        let mut found: Vec<Change> = older.filter(|c| asked(c)).take(limit + 1).cloned().collect();
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|change| change.seq);
        (found, next)
    }

    /// The newest change of each subject.
    pub(crate) fn last_of(&self, subject: &str) -> Option<&Change> {
        let seq = self.newest_of.get(subject)?;
        let place = self.held.binary_search_by_key(seq, |change| change.seq).ok()?;
        self.held.get(place)
    }
}

fn append(path: &Path, changes: &[Change]) -> std::io::Result<()> {
    let mut text = Vec::new();
    // A line that a full disk cut short ends here, and spoils none of ours.
    let torn = std::fs::read(path).is_ok_and(|old| !old.is_empty() && !old.ends_with(b"\n"));
    if torn {
        text.push(b'\n');
    }
    for change in changes {
        serde_json::to_writer(&mut text, change)?;
        text.push(b'\n');
    }
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.write_all(&text)?;
    file.sync_data()
}

/// Whoever edited a file.
pub(crate) fn by_file() -> Caller {
    Caller { who: "file".to_owned(), by: ChangedBy::File }
}

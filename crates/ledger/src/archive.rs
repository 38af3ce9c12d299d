//! The archive: counters over time on disk, in files by time, at three grains. What is too old goes
//! with its file.
//!
//! Batches are merged in: each file remembers the newest tail row that it holds, so that a batch
//! that is offered again after a crash is taken once. A file that is damaged is moved aside and
//! said so; the others go on.

mod parts;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use thiserror::Error;

use crate::chunk::{self, Damaged};
use crate::stats::Added;
use crate::track::Tracks;

/// One grain of the archive.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tier {
    /// How its files begin.
    pub(crate) name: &'static str,
    /// How long a bucket is, in milliseconds.
    pub(crate) bucket_ms: u64,
    /// How long the time of one chunk is.
    pub(crate) chunk_ms: u64,
    /// How long the time of one file is.
    pub(crate) file_ms: u64,
    /// How long it is kept.
    pub(crate) kept_ms: u64,
}

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// From fine to coarse.
pub(crate) const TIERS: [Tier; 4] = [
    Tier {
        name: "10s",
        bucket_ms: 10_000,
        chunk_ms: 10 * MINUTE,
        file_ms: HOUR,
        kept_ms: 6 * HOUR,
    },
    Tier { name: "1m", bucket_ms: MINUTE, chunk_ms: HOUR, file_ms: DAY, kept_ms: 7 * DAY },
    Tier {
        name: "10m",
        bucket_ms: 10 * MINUTE,
        chunk_ms: 6 * HOUR,
        file_ms: 10 * DAY,
        kept_ms: 90 * DAY,
    },
    Tier { name: "1h", bucket_ms: HOUR, chunk_ms: 2 * DAY, file_ms: 30 * DAY, kept_ms: 90 * DAY },
];

/// What a row of a chunk is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// In which buckets somebody read; one row.
    Cover = 0,
    /// Namespaces; one row.
    Namespaces = 1,
    /// The sums of each workload, by direction and verdict; one row.
    WorkloadSums = 2,
    /// The sums of each policy; one row.
    PolicySums = 3,
    /// One workload in full.
    Workload = 4,
    /// One policy, rule by rule.
    Policy = 5,
    /// What no rule allowed, by workload and direction; one row.
    Denied = 6,
}

/// Why the archive did not do something.
#[derive(Debug, Error)]
pub(crate) enum ArchiveError {
    /// What SQLite says.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// What is in a row.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// What the system says.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

impl ArchiveError {
    /// Whether the file is to blame, and not its disk.
    fn is_damage(&self) -> bool {
        match self {
            ArchiveError::Damaged(_) => true,
            ArchiveError::System(_) => false,
            ArchiveError::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
            ),
        }
    }
}

/// One row of a tail: what was added in one bucket of ten seconds.
pub(crate) struct Batch<'a> {
    /// Its number; a file takes each once.
    pub(crate) id: u64,
    /// The end of its bucket, in milliseconds since the epoch.
    pub(crate) end: u64,
    /// By the number of its track.
    pub(crate) added: &'a BTreeMap<u32, Added>,
}

/// The files of one folder.
pub(crate) struct Archive {
    folder: PathBuf,
    open: HashMap<PathBuf, Connection>,
    /// Files that were moved aside, in words.
    pub(crate) damaged: Option<String>,
}

impl Archive {
    pub(crate) fn new(folder: &Path) -> Archive {
        Archive { folder: folder.to_owned(), open: HashMap::new(), damaged: None }
    }

    /// Merges a batch into one tier; what would be taken away at once (`oldest`) is left out.
    pub(crate) fn merge(
        &mut self,
        tier: &Tier,
        tracks: &Tracks,
        batch: &[Batch<'_>],
        oldest: u64,
    ) -> Result<(), ArchiveError> {
        let mut by_file: BTreeMap<u64, Vec<&Batch<'_>>> = BTreeMap::new();
        for row in batch {
            let file = row.end.saturating_sub(1) / tier.file_ms;
            if file >= oldest / tier.file_ms {
                by_file.entry(file).or_default().push(row);
            }
        }
        for (file, rows) in by_file {
            let path = self.path(tier, file);
            let merged = self.merge_file(tier, &path, tracks, &rows);
            if let Err(error) = &merged
                && error.is_damage()
            {
                self.move_aside(&path, error);
                self.merge_file(tier, &path, tracks, &rows)?;
            } else {
                merged?;
            }
        }
        Ok(())
    }

    fn merge_file(
        &mut self,
        tier: &Tier,
        path: &Path,
        tracks: &Tracks,
        rows: &[&Batch<'_>],
    ) -> Result<(), ArchiveError> {
        fs::create_dir_all(&self.folder)?;
        let connection = self.connection(path)?;
        let upto: u64 =
            connection
                .query_row("SELECT coalesce(max(upto), 0) FROM mark", [], |row| row.get(0))?;
        let new: Vec<_> = rows.iter().copied().filter(|row| row.id > upto).collect();
        let Some(last) = new.iter().map(|row| row.id).max() else { return Ok(()) };
        let parts = parts::of(tier, tracks, &new);
        let transaction = connection.unchecked_transaction()?;
        for ((kind, name, number), mut part) in parts {
            let known: Option<Vec<u8>> = transaction
                .prepare_cached(
                    "SELECT body FROM part WHERE kind = ?1 AND name = ?2 AND chunk = ?3",
                )?
                .query_row(params![kind as u8, name, number], |row| row.get(0))
                .optional()?;
            if let Some(known) = known {
                chunk::merge(&mut part, &known)?;
            }
            transaction
                .prepare_cached("INSERT OR REPLACE INTO part VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![kind as u8, name, number, chunk::encode(&part)])?;
        }
        transaction.execute("DELETE FROM mark", [])?;
        transaction.execute("INSERT INTO mark VALUES (?1)", [last])?;
        Ok(transaction.commit()?)
    }

    /// Gives the rows of one kind whose chunks touch a time: the chunk's start and its bytes. With
    /// a name that one alone; with a prefix those that begin so.
    pub(crate) fn rows(
        &mut self,
        tier: &Tier,
        wanted: &Wanted<'_>,
        mut give: impl FnMut(u64, &[u8]) -> Result<(), Damaged>,
    ) -> Result<(), ArchiveError> {
        let first = wanted.since / tier.file_ms;
        let last = wanted.until.saturating_sub(1) / tier.file_ms;
        for path in self.files(tier, first, last) {
            let read = self.rows_of(tier, &path, wanted, &mut give);
            if let Err(error) = &read
                && error.is_damage()
            {
                self.move_aside(&path, error);
            } else {
                read?;
            }
        }
        Ok(())
    }

    fn rows_of(
        &mut self,
        tier: &Tier,
        path: &Path,
        wanted: &Wanted<'_>,
        give: &mut impl FnMut(u64, &[u8]) -> Result<(), Damaged>,
    ) -> Result<(), ArchiveError> {
        let connection = self.connection(path)?;
        let mut select = connection.prepare_cached(
            "SELECT chunk, body FROM part WHERE kind = ?1 AND name >= ?2 AND name <= ?3
             AND chunk BETWEEN ?4 AND ?5",
        )?;
        let (from, to) = wanted.names();
        let first = wanted.since / tier.chunk_ms;
        let last = wanted.until.saturating_sub(1) / tier.chunk_ms;
        let mut rows = select.query(params![wanted.kind as u8, from, to, first, last])?;
        while let Some(row) = rows.next()? {
            let number: u64 = row.get(0)?;
            let body = row.get_ref(1)?.as_blob().map_err(|_| Damaged)?;
            give(number * tier.chunk_ms, body)?;
        }
        Ok(())
    }

    /// Takes away the files of times that are over.
    pub(crate) fn retain(&mut self, now: u64) {
        for tier in &TIERS {
            let oldest = now.saturating_sub(tier.kept_ms) / tier.file_ms;
            let Some(last) = oldest.checked_sub(1) else { continue };
            for path in self.files(tier, 0, last) {
                self.open.remove(&path);
                for end in ["", "-wal", "-shm"] {
                    let _ = fs::remove_file(with_end(&path, end));
                }
            }
        }
    }

    fn path(&self, tier: &Tier, file: u64) -> PathBuf {
        self.folder.join(format!("{}-{}.sqlite", tier.name, file * tier.file_ms))
    }

    /// The files of a tier that are there, by time.
    fn files(&self, tier: &Tier, first: u64, last: u64) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let number = |name: &str| -> Option<u64> {
            let rest = name.strip_prefix(tier.name)?.strip_prefix('-')?;
            let start: u64 = rest.strip_suffix(".sqlite")?.parse().ok()?;
            Some(start / tier.file_ms)
        };
        let mut found: Vec<(u64, PathBuf)> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| Some((number(entry.file_name().to_str()?)?, entry.path())))
            .filter(|(file, _)| (first..=last).contains(file))
            .collect();
        found.sort();
        found.into_iter().map(|(_, path)| path).collect()
    }

    fn connection(&mut self, path: &Path) -> Result<&Connection, ArchiveError> {
        // A file that was taken away under us is made anew.
        if self.open.contains_key(path) && !path.exists() {
            self.open.remove(path);
        }
        if !self.open.contains_key(path) {
            let connection = open(path)?;
            self.open.insert(path.to_owned(), connection);
        }
        Ok(self.open.get(path).expect("it was put there"))
    }

    fn move_aside(&mut self, path: &Path, error: &ArchiveError) {
        self.open.remove(path);
        let aside = with_end(path, ".damaged");
        let _ = fs::rename(path, &aside);
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(with_end(path, end));
        }
        self.damaged = Some(format!(
            "a part of the history is damaged ({error}) and was moved to `{}`",
            aside.display()
        ));
    }
}

/// Which rows are asked for.
pub(crate) struct Wanted<'a> {
    pub(crate) kind: Kind,
    pub(crate) name: Name<'a>,
    pub(crate) since: u64,
    pub(crate) until: u64,
}

/// Names of rows.
#[derive(Clone, Copy)]
pub(crate) enum Name<'a> {
    /// This one.
    Is(&'a str),
    /// All that begin so.
    Begins(&'a str),
}

impl Wanted<'_> {
    /// The first and the last name in the order of bytes.
    fn names(&self) -> (String, String) {
        match self.name {
            Name::Is(name) => (name.to_owned(), name.to_owned()),
            Name::Begins(prefix) => (prefix.to_owned(), format!("{prefix}\u{10ffff}")),
        }
    }
}

fn open(path: &Path) -> Result<Connection, ArchiveError> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -1_024)?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS part (
             kind INTEGER NOT NULL, name TEXT NOT NULL, chunk INTEGER NOT NULL, body BLOB NOT NULL
         );
         CREATE UNIQUE INDEX IF NOT EXISTS part_name ON part (kind, name, chunk);
         CREATE TABLE IF NOT EXISTS mark (upto INTEGER NOT NULL);",
    )?;
    Ok(connection)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(end);
    PathBuf::from(text)
}

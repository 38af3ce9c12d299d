//! Counters over time: what is new in memory, the rest in the archive.
//!
//! A bucket of ten seconds is a row of the tail, written with the absolute values it was made from;
//! every ten minutes the tail goes into each tier of the archive, one tier a step, and is dropped
//! when all have it. What passed while nobody read is a gap, with its own sums.

mod gaps;
mod query;
mod source;

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, params};

use self::gaps::Gap;
use crate::archive::{Archive, ArchiveError, Batch, TIERS};
use crate::chunk::{self, Chunk};
use crate::counter::Key;
use crate::stats::{Added, Step};
use crate::track::{Track, Tracks};

/// How long a bucket is, in milliseconds.
pub(crate) const BUCKET_MS: u64 = 10_000;
/// A reading is due each second; one that took longer than this left a gap.
pub(crate) const LONG_MS: u64 = 10_000;
/// How much time the tail spans before it goes into the archive.
const TAIL_MS: u64 = 600_000;
/// The most entries that are held in memory while the disk takes none, some 100 MB; the oldest are
/// given up first.
const HELD_LIMIT: usize = 2_000_000;

/// A history that was counted elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// What was counted.
    pub keys: Vec<Key>,
    /// Times, by their end in milliseconds since the epoch.
    pub times: Vec<(u64, Counted)>,
}

/// The packets and bytes that passed in a time, by the place of their key.
pub type Counted = Vec<(usize, u64, u64)>;

/// Counters over time.
pub(crate) struct History {
    tracks: Tracks,
    /// The bucket that is being filled.
    open: Option<Row>,
    /// Full buckets that are not in every tier yet, oldest first.
    tail: Vec<Row>,
    /// Up to which row each tier has the tail.
    done: [u64; TIERS.len()],
    /// Rows up to here are in the tail's table.
    stored: u64,
    gaps: Vec<Gap>,
    next: u64,
    archive: Option<Archive>,
    /// Why the archive takes nothing.
    trouble: Option<String>,
    /// Buckets that were given up since memory was full.
    given_up: u64,
}

/// One bucket, or a part of one.
struct Row {
    id: u64,
    /// The end of its bucket.
    end: u64,
    added: BTreeMap<u32, Added>,
}

impl History {
    pub(crate) fn new(archive: Option<Archive>) -> History {
        History {
            tracks: Tracks::default(),
            open: None,
            tail: Vec::new(),
            done: [0; TIERS.len()],
            stored: 0,
            gaps: Vec::new(),
            next: 1,
            archive,
            trouble: None,
            given_up: 0,
        }
    }

    /// Takes up what an earlier run left in the tail.
    pub(crate) fn load(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut select = connection.prepare("SELECT id, end, body FROM main.tail ORDER BY id")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (id, end): (u64, u64) = (row.get(0)?, row.get(1)?);
            let mut part = Chunk::new();
            // A row that is damaged costs its ten seconds.
            if chunk::merge(&mut part, row.get_ref(2)?.as_blob()?).is_ok() {
                let added = self.numbered(part);
                self.tail.push(Row { id, end, added });
            }
            self.next = id + 1;
            self.stored = id;
        }
        let newest = "SELECT coalesce(max(upto), 0) FROM main.archived";
        let upto: u64 = connection.query_row(newest, [], |row| row.get(0))?;
        self.next = self.next.max(upto + 1);
        self.stored = self.stored.max(upto);
        self.gaps = gaps::load(connection, &mut self.tracks)?;
        self.done = [upto; TIERS.len()];
        // Nothing is so old at the time 0.
        self.finish(connection, 0)
    }

    /// Puts all that was left into every tier: some may have it, and take it once.
    pub(crate) fn finish(&mut self, connection: &Connection, now: u64) -> rusqlite::Result<()> {
        for _ in TIERS {
            self.archive_now(connection, now)?;
        }
        if let Some(archive) = &mut self.archive {
            archive.retain(now);
        }
        Ok(())
    }

    fn numbered(&mut self, part: Chunk) -> BTreeMap<u32, Added> {
        let entries = part.into_iter().filter(|(track, _)| !track.workload.is_empty());
        entries
            .map(|(track, buckets)| {
                let mut sum = Added::default();
                buckets.into_values().for_each(|added| sum.plus(added));
                (self.tracks.number(track), sum)
            })
            .collect()
    }

    /// Takes what one reading added.
    pub(crate) fn take(&mut self, step: &Step) {
        let tracks = &mut self.tracks;
        let added = step.added.iter().map(|(key, added)| (tracks.number(Track::of(key)), *added));
        let mut sums: BTreeMap<u32, Added> = BTreeMap::new();
        added.for_each(|(track, added)| sums.entry(track).or_default().plus(added));
        if step.end - step.start > LONG_MS {
            if !sums.is_empty() {
                self.gaps.push(Gap {
                    start: step.start,
                    end: step.end,
                    added: sums,
                    stored: false,
                });
            }
            return;
        }
        let end = step.end.saturating_sub(1) / BUCKET_MS * BUCKET_MS + BUCKET_MS;
        if self.open.as_ref().is_none_or(|open| open.end != end) {
            self.close();
            self.open = Some(Row { id: self.next, end, added: BTreeMap::new() });
            self.next += 1;
        }
        if let Some(open) = &mut self.open {
            sums.into_iter()
                .for_each(|(track, more)| open.added.entry(track).or_default().plus(more));
        }
    }

    /// Takes what was counted elsewhere, as buckets that are full.
    pub(crate) fn take_past(&mut self, past: Past) {
        self.close();
        let keys = past.keys.iter();
        let numbers: Vec<u32> = keys.map(|key| self.tracks.number(Track::of(key))).collect();
        for (end, added) in past.times {
            let mut sums: BTreeMap<u32, Added> = BTreeMap::new();
            for (key, packets, bytes) in added {
                sums.entry(numbers[key]).or_default().plus(Added { packets, bytes });
            }
            self.tail.push(Row { id: self.next, end, added: sums });
            self.next += 1;
        }
    }

    /// As if written: a history of elsewhere goes into the archive without the tail.
    pub(crate) fn skip_tail(&mut self) {
        self.stored = self.next - 1;
    }

    /// Ends the bucket that is being filled, so that it settles with what was read so far.
    pub(crate) fn close(&mut self) {
        self.tail.extend(self.open.take());
        let mut held: usize = self.tail.iter().map(|row| row.added.len() + 1).sum();
        while held > HELD_LIMIT {
            held -= self.tail.remove(0).added.len() + 1;
            self.given_up += 1;
        }
    }

    /// Writes what is new of the tail, in the transaction that writes the absolute values.
    pub(crate) fn write(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<u64> {
        let mut put = transaction.prepare_cached("INSERT INTO main.tail VALUES (?1, ?2, ?3)")?;
        let mut upto = self.stored;
        for row in self.tail.iter().filter(|row| row.id > self.stored) {
            let mut part = Chunk::new();
            for (track, added) in &row.added {
                part.entry(self.tracks.get(*track).clone()).or_default().insert(0, *added);
            }
            put.execute(params![row.id, row.end, chunk::encode(&part)])?;
            upto = row.id;
        }
        gaps::write(transaction, &self.tracks, &self.gaps)?;
        Ok(upto)
    }

    /// What was written is on disk.
    pub(crate) fn written(&mut self, upto: u64) {
        self.stored = upto;
        self.gaps.iter_mut().for_each(|gap| gap.stored = true);
    }

    /// The rows are to be written anew, into another file.
    pub(crate) fn forget_written(&mut self) {
        self.stored = self.done.into_iter().min().unwrap_or(0);
        self.gaps.iter_mut().for_each(|gap| gap.stored = false);
    }

    /// Puts the tail into the next tier that lacks it, if it is long enough; drops what all have.
    pub(crate) fn archive(&mut self, connection: &Connection, now: u64) -> rusqlite::Result<()> {
        let Some(first) = self.tail.first() else { return Ok(()) };
        let spans = self.tail.last().is_some_and(|last| {
            last.end.saturating_sub(first.end) >= TAIL_MS || first.end > last.end
        });
        let begun = self.done.iter().any(|its| *its != self.done[0]);
        if spans || begun {
            self.archive_now(connection, now)?;
        }
        if let Some(archive) = &mut self.archive {
            archive.retain(now);
        }
        Ok(())
    }

    /// One tier more, with all that is on disk of the tail.
    fn archive_now(&mut self, connection: &Connection, now: u64) -> rusqlite::Result<()> {
        let History { tail, tracks, done, archive, .. } = self;
        let Some(archive) = archive else { return Ok(()) };
        let settled = tail.iter().rev().map(|row| row.id).find(|id| *id <= self.stored);
        let Some(upto) = settled else { return Ok(()) };
        let begun = done.iter().any(|its| *its != done[0]);
        let target = if begun { done.iter().copied().max().unwrap_or(upto) } else { upto };
        // One tier a step, so that nobody waits long.
        if let Some((tier, done)) = TIERS.iter().zip(done).find(|(_, done)| **done < target) {
            let rows = tail.iter().filter(|row| row.id > *done && row.id <= target);
            let batch: Vec<Batch<'_>> =
                rows.map(|row| Batch { id: row.id, end: row.end, added: &row.added }).collect();
            match archive.merge(tier, tracks, &batch, now.saturating_sub(tier.kept_ms)) {
                Ok(()) => *done = target,
                Err(error) => {
                    self.trouble = Some(error.to_string());
                    return Ok(());
                }
            }
        }
        self.trouble = None;
        if self.done.iter().all(|done| *done >= target) {
            drop_archived(connection, target)?;
            self.tail.retain(|row| row.id > target);
        }
        Ok(())
    }

    /// Why history is not complete, in words.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// What was found damaged and moved aside.
    pub(crate) fn damaged(&self) -> Option<&str> {
        self.archive.as_ref().and_then(|archive| archive.damaged.as_deref())
    }
}

fn drop_archived(connection: &Connection, upto: u64) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute("DELETE FROM main.tail WHERE id <= ?1", [upto])?;
    transaction.execute("DELETE FROM main.archived", [])?;
    transaction.execute("INSERT INTO main.archived VALUES (?1)", [upto])?;
    transaction.commit()
}

/// What the archive said, as a question's error.
pub(crate) fn as_sqlite(error: ArchiveError) -> rusqlite::Error {
    match error {
        ArchiveError::Sqlite(error) => error,
        ArchiveError::Damaged(_) | ArchiveError::System(_) => {
            rusqlite::Error::ToSqlConversionFailure(Box::new(error))
        }
    }
}

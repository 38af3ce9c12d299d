//! Gaps: times in which nobody read, with what was found to have passed in them.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, params};

use crate::chunk::{self, Chunk};
use crate::stats::Added;
use crate::track::Tracks;

/// One gap.
pub(super) struct Gap {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) added: BTreeMap<u32, Added>,
    /// Whether it is on disk.
    pub(super) stored: bool,
}

/// The gaps on disk. A row that is damaged is left out.
pub(super) fn load(connection: &Connection, tracks: &mut Tracks) -> rusqlite::Result<Vec<Gap>> {
    let mut select = connection.prepare("SELECT start, end, body FROM main.gap ORDER BY end")?;
    let mut rows = select.query([])?;
    let mut gaps = Vec::new();
    while let Some(row) = rows.next()? {
        let mut part = Chunk::new();
        if chunk::merge(&mut part, row.get_ref(2)?.as_blob()?).is_err() {
            continue;
        }
        let added = part.into_iter().map(|(track, buckets)| {
            let mut sum = Added::default();
            buckets.into_values().for_each(|added| sum.plus(added));
            (tracks.number(track), sum)
        });
        let added = added.collect();
        gaps.push(Gap { start: row.get(0)?, end: row.get(1)?, added, stored: true });
    }
    Ok(gaps)
}

/// Writes those that are not on disk yet.
pub(super) fn write(
    transaction: &Transaction<'_>,
    tracks: &Tracks,
    gaps: &[Gap],
) -> rusqlite::Result<()> {
    let mut put = transaction.prepare_cached("INSERT INTO main.gap VALUES (?1, ?2, ?3)")?;
    for gap in gaps.iter().filter(|gap| !gap.stored) {
        let mut part = Chunk::new();
        for (track, added) in &gap.added {
            part.entry(tracks.get(*track).clone()).or_default().insert(0, *added);
        }
        put.execute(params![gap.start, gap.end, chunk::encode(&part)])?;
    }
    Ok(())
}

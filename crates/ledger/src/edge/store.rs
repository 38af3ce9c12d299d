//! The sums of edges over time: by the minute for some hours, by the hour for a week, by the day
//! for ninety days. A bucket is one row; what is finished goes into the next coarser one, and what
//! comes late goes into all that have begun.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::bucket::{self, Bucket, Events};
use super::key::{EdgeKey, Keys, UNNAMED};
use crate::flow::Record;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// How long a bucket of each tier is.
const LENGTHS: [u64; 3] = [MINUTE, HOUR, DAY];
/// How long it is kept once a coarser one has it.
const KEPT: [u64; 3] = [6 * HOUR, 8 * DAY, 90 * DAY];
/// The most sums that are held while the disk takes none, some 40 MB; of the oldest minutes only
/// how many events there were is kept beyond.
const HELD_LIMIT: usize = 500_000;
/// A bucket is finished when nothing more is likely to come.
const LATE: u64 = MINUTE;

/// The sums of edges.
#[derive(Default)]
pub(crate) struct Store {
    keys: Keys,
    /// Not on disk yet, by the start of their minute.
    fresh: BTreeMap<u64, Bucket>,
    /// Which buckets are on disk, by tier.
    known: [BTreeSet<u64>; 3],
}

impl Store {
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Store> {
        let mut store = Store { keys: Keys::load(connection)?, ..Store::default() };
        let mut select = connection.prepare("SELECT tier, start FROM main.edge_sum")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(known) = store.known.get_mut(row.get::<_, usize>(0)?) {
                known.insert(row.get(1)?);
            }
        }
        Ok(store)
    }

    /// Takes new records.
    pub(crate) fn take(&mut self, connection: &Connection, records: &[Record]) {
        for record in records {
            if self.keys.is_full() {
                self.forget_oldest(connection);
            }
            let events = Events { count: record.count, first: record.time, last: record.time };
            let number = self.keys.number(EdgeKey::of(record));
            let minute = self.fresh.entry(record.time / MINUTE * MINUTE).or_default();
            minute.entry(number).or_default().plus(events);
        }
        self.hold_at_most(HELD_LIMIT);
    }

    /// Lets the edges of the oldest minutes go; their events stay, as those of no known edge.
    fn hold_at_most(&mut self, limit: usize) {
        let mut held: usize = self.fresh.values().map(Bucket::len).sum();
        for bucket in self.fresh.values_mut() {
            if held <= limit {
                return;
            }
            held -= bucket.len();
            let mut sum = Events::default();
            for (_, events) in bucket.drain() {
                sum.plus(events);
            }
            bucket.insert(UNNAMED, sum);
            held += 1;
        }
    }

    /// Makes room; rare, and as long as a look at everything.
    fn forget_oldest(&mut self, connection: &Connection) {
        let mut last: HashMap<u32, u64> = HashMap::new();
        let mut see = |edge: u32, events: Events| {
            let its = last.entry(edge).or_default();
            *its = events.last.max(*its);
        };
        for (tier, known) in self.known.iter().enumerate() {
            for start in known {
                // What cannot be read says nothing of when it was seen.
                let _ = each(connection, tier, *start, &mut see);
            }
        }
        for (edge, events) in self.fresh.values().flatten() {
            see(*edge, *events);
        }
        self.keys.forget(&last);
    }

    /// Writes what is new, in the transaction that writes the records it was made from.
    pub(crate) fn write(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        self.keys.write(transaction)?;
        for (minute, bucket) in &self.fresh {
            put(transaction, 0, *minute, bucket)?;
            for (tier, length) in LENGTHS.iter().enumerate().skip(1) {
                let start = minute / length * length;
                if self.known[tier].contains(&start) {
                    put(transaction, tier, start, bucket)?;
                }
            }
        }
        Ok(())
    }

    /// What was written is on disk.
    pub(crate) fn written(&mut self) {
        self.known[0].extend(self.fresh.keys());
        self.fresh.clear();
        self.keys.written();
    }

    /// The file is another one, and empty.
    pub(crate) fn forget_written(&mut self) {
        self.known = Default::default();
        self.keys.forget_written();
    }

    /// Sums up one bucket that is finished, and drops what is too old.
    pub(crate) fn roll(&mut self, connection: &Connection, now: u64) -> rusqlite::Result<()> {
        for (tier, length) in LENGTHS.iter().enumerate().skip(1) {
            let coarse = |start: &u64| start / length * length;
            let due = self.known[tier - 1]
                .iter()
                .map(coarse)
                .find(|start| start + length + LATE <= now && !self.known[tier].contains(start));
            let Some(start) = due else { continue };
            let mut sum = Bucket::new();
            for finer in self.known[tier - 1].range(start..start + length) {
                each(connection, tier - 1, *finer, &mut |edge, events| {
                    sum.entry(edge).or_default().plus(events);
                })?;
            }
            let bytes = bucket::encode(&sum, start);
            connection.execute(PUT, params![tier, start, bytes])?;
            self.known[tier].insert(start);
            return Ok(());
        }
        self.retain(connection, now)
    }

    /// Everything that is finished, at once.
    pub(crate) fn roll_all(&mut self, connection: &Connection, now: u64) -> rusqlite::Result<()> {
        let mut before = usize::MAX;
        while before != self.known[1].len() + self.known[2].len() {
            before = self.known[1].len() + self.known[2].len();
            self.roll(connection, now)?;
        }
        Ok(())
    }

    /// A finer bucket goes when the coarser one that has it is old enough as a whole.
    fn retain(&mut self, connection: &Connection, now: u64) -> rusqlite::Result<()> {
        let mut delete = connection
            .prepare_cached("DELETE FROM main.edge_sum WHERE tier = ?1 AND start = ?2")?;
        for (tier, kept) in KEPT.iter().enumerate() {
            let coarser = (tier + 1).min(LENGTHS.len() - 1);
            let length = LENGTHS[coarser];
            let whole = |start: &u64| start / length * length;
            let old: Vec<u64> = self.known[tier]
                .iter()
                .take_while(|start| whole(start) + length + kept <= now)
                .filter(|start| tier == coarser || self.known[coarser].contains(&whole(start)))
                .copied()
                .collect();
            for start in old {
                delete.execute(params![tier, start])?;
                self.known[tier].remove(&start);
            }
        }
        Ok(())
    }

    /// The start of the oldest bucket.
    pub(crate) fn known_from(&self) -> Option<u64> {
        let oldest = self.known.iter().filter_map(|known| known.first().copied());
        oldest.chain(self.fresh.keys().next().copied()).min()
    }

    /// Gives each edge of a time with its events; those of no known edge are summed up.
    pub(crate) fn find<'a>(
        &'a self,
        connection: &Connection,
        since: u64,
        until: u64,
        mut give: impl FnMut(&'a EdgeKey, Events),
    ) -> rusqlite::Result<u64> {
        let mut sums = vec![Events::default(); self.keys.newest() as usize + 1];
        let mut see = |edge: u32, events: Events| {
            if events.last >= since
                && events.first <= until
                && let Some(sum) = sums.get_mut(edge as usize)
            {
                sum.plus(events);
            }
        };
        for (tier, start) in self.pieces(since, until) {
            each(connection, tier, start, &mut see)?;
        }
        let minutes = self.fresh.range(since / MINUTE * MINUTE..=until);
        for (edge, events) in minutes.flat_map(|(_, bucket)| bucket) {
            see(*edge, *events);
        }
        let total: u64 = sums.iter().map(|sum| sum.count).sum();
        let mut named = 0;
        for (edge, key) in self.keys.iter().filter(|(edge, _)| *edge != UNNAMED) {
            let events = sums[edge as usize];
            if events.count > 0 {
                named += events.count;
                give(key, events);
            }
        }
        Ok(total - named)
    }

    /// The coarsest buckets that lie wholly in the time, finer ones at its edges; where those are
    /// gone, the coarse one in whole.
    fn pieces(&self, since: u64, until: u64) -> Vec<(usize, u64)> {
        let mut pieces = Vec::new();
        let mut time = since;
        while time <= until {
            let fitting = LENGTHS.iter().enumerate().rev().find_map(|(tier, length)| {
                let start = time / length * length;
                let end = start + length;
                let whole = start == time && end <= until;
                let finer =
                    || self.known[..tier].iter().any(|k| k.range(start..end).next().is_some());
                let fits = self.known[tier].contains(&start) && (whole || tier == 0 || !finer());
                fits.then_some((tier, start, end))
            });
            time = match fitting {
                Some((tier, start, end)) => {
                    pieces.push((tier, start));
                    end
                }
                None => self.next(time),
            };
        }
        pieces
    }

    /// The start of the next minute of which anything is known.
    fn next(&self, time: u64) -> u64 {
        let minute = time / MINUTE * MINUTE + MINUTE;
        let starts = self.known.iter().filter_map(|known| known.range(minute..).next().copied());
        starts.min().unwrap_or(u64::MAX)
    }
}

const PUT: &str = "INSERT OR REPLACE INTO main.edge_sum VALUES (?1, ?2, ?3)";

/// Adds to a bucket on disk.
fn put(
    transaction: &Transaction<'_>,
    tier: usize,
    start: u64,
    more: &Bucket,
) -> rusqlite::Result<()> {
    let mut sum = more.clone();
    each(transaction, tier, start, &mut |edge, events| sum.entry(edge).or_default().plus(events))?;
    let bytes = bucket::encode(&sum, start);
    transaction.prepare_cached(PUT)?.execute(params![tier, start, bytes])?;
    Ok(())
}

/// Reads one bucket on disk. One that is damaged costs its time.
fn each(
    connection: &Connection,
    tier: usize,
    start: u64,
    see: &mut impl FnMut(u32, Events),
) -> rusqlite::Result<()> {
    let mut select = connection
        .prepare_cached("SELECT body FROM main.edge_sum WHERE tier = ?1 AND start = ?2")?;
    let bytes: Option<Vec<u8>> =
        select.query_row(params![tier, start], |row| row.get(0)).optional()?;
    let _ = bucket::visit(&bytes.unwrap_or_default(), start, see);
    Ok(())
}

#[cfg(test)]
mod tests {
    use podwall_model::{Direction, Protocol, Verdict};

    use super::*;
    use crate::flow::Party;

    fn record(minute: u64, port: u16) -> Record {
        Record {
            time: minute * MINUTE,
            verdict: Verdict::Dropped,
            direction: Direction::Egress,
            workload: "shop/web".to_owned(),
            source: Party::default(),
            destination: Party::default(),
            protocol: Protocol::TCP,
            port,
            policy: None,
            count: 2,
            body: String::new(),
        }
    }

    #[test]
    fn what_is_too_much_to_hold_keeps_its_events() {
        let connection = Connection::open_in_memory().unwrap();
        let mut store = Store::default();
        let records: Vec<Record> =
            (1..4).flat_map(|minute| (0..10).map(move |port| record(minute, port))).collect();
        store.take(&connection, &records);
        store.hold_at_most(15);
        let mut told = 0;
        let unnamed = store.find(&connection, 0, 4 * MINUTE, |_, events| told += events.count);
        assert_eq!((told, unnamed), (20, Ok(40)), "the newest minute is told, two are summed up");
        let held: usize = store.fresh.values().map(Bucket::len).sum();
        assert_eq!(held, 12);
    }
}

//! Counters: the kernel's absolute values as they were last read, and the sums over all its lives.
//!
//! An absolute value and the difference that was made from it are written in one step, so that a
//! restart of anybody neither loses a packet nor counts it twice.

use std::collections::{BTreeMap, BTreeSet};

use podwall_model::{Direction, Reason, Verdict};
use rusqlite::{Connection, Row, Transaction, params};

use crate::stats::{Added, Step};

/// What one counter counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The node.
    pub node: String,
    /// The workload that judged, `namespace/name`.
    pub workload: String,
    /// In or out of it.
    pub direction: Direction,
    /// What became of the packets.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// The rule that decided.
    pub rule: Option<RuleName>,
}

/// A rule, and which content it had.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleName {
    /// The policy it stands in.
    pub policy: String,
    /// The rule, as test files write it.
    pub rule: String,
    /// A hash of its content.
    pub content: u64,
}

/// The value of one counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Packets over all lives of the kernel's counter.
    pub packets: u64,
    /// Bytes over all lives.
    pub bytes: u64,
    /// When it last grew, in milliseconds since the epoch; 0 for never.
    pub last: u64,
    absolute_packets: u64,
    absolute_bytes: u64,
}

/// Absolute counters of one node at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The node.
    pub node: String,
    /// When, in milliseconds since the epoch.
    pub time: u64,
    /// Whether the kernel's counters began anew since the last reading.
    pub fresh: bool,
    /// Each counter with its packets and bytes.
    pub counters: Vec<(Key, u64, u64)>,
}

/// The time a first sample is said to span, since nobody knows when counting began.
const FIRST_MS: u64 = 1_000;

#[derive(Default)]
pub(crate) struct Counters {
    counts: BTreeMap<Key, Count>,
    last: BTreeMap<String, u64>,
    /// Changed since they were last written.
    changed: BTreeSet<Key>,
}

impl Counters {
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Counters> {
        let mut counters = Counters::default();
        let mut select = connection.prepare("SELECT * FROM main.counter")?;
        for row in select.query_map([], stored)? {
            let (key, count) = row?;
            counters.counts.insert(key, count);
        }
        let mut select = connection.prepare("SELECT node, time FROM main.reading")?;
        for row in select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (node, time) = row?;
            counters.last.insert(node, time);
        }
        Ok(counters)
    }

    /// Whether anybody was ever read.
    pub(crate) fn has_read(&self) -> bool {
        !self.last.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &Count)> {
        self.counts.iter()
    }

    pub(crate) fn take(&mut self, reading: &Reading) -> Step {
        if reading.fresh {
            self.begin_anew(&reading.node);
        }
        let start = self.last.insert(reading.node.clone(), reading.time);
        let start = start.unwrap_or(reading.time.saturating_sub(FIRST_MS)).min(reading.time);
        let mut step = Step { start, end: reading.time, added: BTreeMap::new() };
        for (key, packets, bytes) in &reading.counters {
            let count = self.counts.entry(key.clone()).or_default();
            let more =
                (grown(count.absolute_packets, *packets), grown(count.absolute_bytes, *bytes));
            if *packets == count.absolute_packets && *bytes == count.absolute_bytes {
                continue;
            }
            (count.absolute_packets, count.absolute_bytes) = (*packets, *bytes);
            count.packets += more.0;
            count.bytes += more.1;
            count.last = reading.time;
            self.changed.insert(key.clone());
            let added: &mut Added = step.added.entry(key.clone()).or_default();
            added.plus(Added { packets: more.0, bytes: more.1 });
        }
        self.forget_absent(reading);
        step
    }

    /// A counter that is not read any more was given back: should it come again, it begins at 0.
    fn forget_absent(&mut self, reading: &Reading) {
        let read: BTreeSet<&Key> = reading.counters.iter().map(|(key, ..)| key).collect();
        let absent = self.counts.iter_mut().filter(|(key, count)| {
            key.node == reading.node
                && (count.absolute_packets, count.absolute_bytes) != (0, 0)
                && !read.contains(key)
        });
        for (key, count) in absent {
            (count.absolute_packets, count.absolute_bytes) = (0, 0);
            self.changed.insert(key.clone());
        }
    }

    /// The kernel's own counters began at 0 again.
    fn begin_anew(&mut self, node: &str) {
        for (key, count) in self.counts.iter_mut().filter(|(key, _)| key.node == node) {
            if count.absolute_packets != 0 || count.absolute_bytes != 0 {
                (count.absolute_packets, count.absolute_bytes) = (0, 0);
                self.changed.insert(key.clone());
            }
        }
        self.last.remove(node);
    }

    pub(crate) fn write(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut put = transaction.prepare_cached(
            "INSERT OR REPLACE INTO main.counter
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?;
        for key in &self.changed {
            let count = self.counts.get(key).expect("a changed counter is a counter");
            let rule = key.rule.as_ref();
            put.execute(params![
                key.node,
                key.workload,
                key.direction as u8,
                key.verdict as u8,
                key.reason as u8,
                rule.map_or("", |rule| &rule.policy),
                rule.map_or("", |rule| &rule.rule),
                // SQLite's integers have a sign; the bits are what counts.
                rule.map_or(0, |rule| rule.content).cast_signed(),
                count.absolute_packets,
                count.absolute_bytes,
                count.packets,
                count.bytes,
                count.last,
            ])?;
        }
        let mut put =
            transaction.prepare_cached("INSERT OR REPLACE INTO main.reading VALUES (?1, ?2)")?;
        for (node, time) in &self.last {
            put.execute(params![node, time])?;
        }
        Ok(())
    }

    /// Everything is to be written anew, into another file.
    pub(crate) fn forget_written(&mut self) {
        self.changed = self.counts.keys().cloned().collect();
    }

    pub(crate) fn written(&mut self) {
        self.changed.clear();
    }
}

/// A counter that went back began anew without telling: all it shows is new.
fn grown(before: u64, now: u64) -> u64 {
    now.checked_sub(before).unwrap_or(now)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<(Key, Count)> {
    let rule = RuleName {
        policy: row.get(5)?,
        rule: row.get(6)?,
        content: row.get::<_, i64>(7)?.cast_unsigned(),
    };
    let key = Key {
        node: row.get(0)?,
        workload: row.get(1)?,
        direction: if row.get::<_, u8>(2)? == 0 { Direction::Ingress } else { Direction::Egress },
        verdict: Verdict::from_number(row.get(3)?).unwrap_or(Verdict::Dropped),
        reason: Reason::from_number(row.get(4)?).unwrap_or(Reason::None),
        rule: Some(rule).filter(|rule| !rule.rule.is_empty()),
    };
    let count = Count {
        absolute_packets: row.get(8)?,
        absolute_bytes: row.get(9)?,
        packets: row.get(10)?,
        bytes: row.get(11)?,
        last: row.get(12)?,
    };
    Ok((key, count))
}

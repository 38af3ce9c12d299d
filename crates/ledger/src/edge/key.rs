//! Edges by number, so that buckets hold numbers. How many are known is bounded, for each workload
//! too: who sweeps a network fills its own share, and nobody else's.

use std::collections::{BTreeMap, HashMap};

use podwall_model::{Direction, Verdict};
use rusqlite::{Connection, Row, Transaction, params};

use super::{End, EndKind};
use crate::flow::{Party, Record};

/// The most edges that are known at once, some 60 MB.
const KEY_LIMIT: usize = 200_000;
/// The most of one workload that judges.
const SHARE: u32 = 5_000;
/// What events are counted under that belong to no edge that is known.
pub(crate) const UNNAMED: u32 = 0;

/// What is the same for all events of an edge.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EdgeKey {
    pub(crate) source: End,
    pub(crate) destination: End,
    pub(crate) port: u16,
    pub(crate) protocol: u8,
    pub(crate) direction: Direction,
    pub(crate) verdict: Verdict,
    /// The workload that judged.
    pub(crate) workload: String,
    /// The policy that decided, or that isolates; else empty.
    pub(crate) policy: String,
}

impl EdgeKey {
    pub(crate) fn of(record: &Record) -> EdgeKey {
        EdgeKey {
            source: end(&record.source),
            destination: end(&record.destination),
            port: record.port,
            protocol: record.protocol.0,
            direction: record.direction,
            verdict: record.verdict,
            workload: record.workload.clone(),
            policy: record.policy.clone().unwrap_or_default(),
        }
    }
}

fn end(party: &Party) -> End {
    match &party.workload {
        Some(name) => End { name: name.clone(), kind: EndKind::Workload },
        None => End {
            name: party.names.first().unwrap_or(&party.address).clone(),
            kind: EndKind::Outside,
        },
    }
}

/// The edges that are known.
#[derive(Default)]
pub(crate) struct Keys {
    keys: BTreeMap<u32, EdgeKey>,
    numbers: HashMap<EdgeKey, u32>,
    shares: HashMap<String, u32>,
    /// Not on disk yet.
    new: Vec<u32>,
    /// On disk still.
    gone: Vec<u32>,
    newest: u32,
}

impl Keys {
    /// The edges on disk. A row that says nothing known is left out.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Keys> {
        let mut keys = Keys::default();
        let mut select = connection.prepare("SELECT * FROM main.edge ORDER BY id")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (number, key) = stored(row)?;
            keys.newest = keys.newest.max(number);
            if let Some(key) = key {
                keys.put(number, key);
            }
        }
        Ok(keys)
    }

    fn put(&mut self, number: u32, key: EdgeKey) {
        *self.shares.entry(key.workload.clone()).or_default() += 1;
        self.numbers.insert(key.clone(), number);
        self.keys.insert(number, key);
    }

    /// The number of an edge; [`UNNAMED`] where its workload has its share.
    pub(crate) fn number(&mut self, key: EdgeKey) -> u32 {
        if let Some(known) = self.numbers.get(&key) {
            return *known;
        }
        let full = self.shares.get(&key.workload).is_some_and(|share| *share >= SHARE);
        if full || self.is_full() {
            return UNNAMED;
        }
        self.newest += 1;
        self.new.push(self.newest);
        self.put(self.newest, key);
        self.newest
    }

    /// Whether some have to go before another is known.
    pub(crate) fn is_full(&self) -> bool {
        self.keys.len() >= KEY_LIMIT
    }

    /// Forgets a tenth, those that were seen longest ago.
    pub(crate) fn forget(&mut self, last: &HashMap<u32, u64>) {
        let mut ages: Vec<(u64, u32)> =
            self.keys.keys().map(|key| (last.get(key).copied().unwrap_or(0), *key)).collect();
        ages.sort_unstable();
        for (_, number) in ages.into_iter().take(KEY_LIMIT / 10) {
            let Some(key) = self.keys.remove(&number) else { continue };
            self.numbers.remove(&key);
            if let Some(share) = self.shares.get_mut(&key.workload) {
                *share -= 1;
            }
            self.gone.push(number);
        }
        self.shares.retain(|_, share| *share > 0);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &EdgeKey)> {
        self.keys.iter().map(|(number, key)| (*number, key))
    }

    /// The highest number that was ever given.
    pub(crate) fn newest(&self) -> u32 {
        self.newest
    }

    /// Writes what changed since it was last written.
    pub(crate) fn write(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut put = transaction.prepare_cached(
            "INSERT OR REPLACE INTO main.edge VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        let kind = |end: &End| end.kind as u8;
        for number in &self.new {
            let Some(key) = self.keys.get(number) else { continue };
            put.execute(params![
                number,
                key.source.name,
                kind(&key.source),
                key.destination.name,
                kind(&key.destination),
                key.port,
                key.protocol,
                key.direction as u8,
                key.verdict as u8,
                key.workload,
                key.policy,
            ])?;
        }
        let mut drop = transaction.prepare_cached("DELETE FROM main.edge WHERE id = ?1")?;
        for number in &self.gone {
            drop.execute([number])?;
        }
        Ok(())
    }

    /// What was written is on disk.
    pub(crate) fn written(&mut self) {
        self.new.clear();
        self.gone.clear();
    }

    /// All are to be written anew, into another file.
    pub(crate) fn forget_written(&mut self) {
        self.new = self.keys.keys().copied().collect();
        self.gone.clear();
    }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<(u32, Option<EdgeKey>)> {
    let kind = |number: u8| if number == 0 { EndKind::Workload } else { EndKind::Outside };
    let Some(verdict) = Verdict::from_number(row.get(8)?) else { return Ok((row.get(0)?, None)) };
    let key = EdgeKey {
        source: End { name: row.get(1)?, kind: kind(row.get(2)?) },
        destination: End { name: row.get(3)?, kind: kind(row.get(4)?) },
        port: row.get(5)?,
        protocol: row.get(6)?,
        direction: if row.get::<_, u8>(7)? == 0 { Direction::Ingress } else { Direction::Egress },
        verdict,
        workload: row.get(9)?,
        policy: row.get(10)?,
    };
    Ok((row.get(0)?, Some(key)))
}

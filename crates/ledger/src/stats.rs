//! Samples, sums and pairs of a time.

use std::collections::BTreeMap;

use podwall_model::Verdict;
use rusqlite::{Connection, params};

use crate::counter::Key;

/// The most pairs that are told: a sweep of a few ports over two families is some dozens.
const PAIRS: u32 = 500;

/// Packets and bytes by verdict; what would pass if all were enforced is dropped today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Passed.
    pub forwarded: Added,
    /// Passed, and would be dropped.
    pub would_drop: Added,
    /// Dropped.
    pub dropped: Added,
}

/// Packets with their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What was added between two moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its start, in milliseconds since the epoch.
    pub start: u64,
    /// Its end.
    pub end: u64,
    /// What was added.
    pub sums: Sums,
}

/// Who is, or would be, kept from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The client.
    pub source: String,
    /// The server.
    pub destination: String,
    /// The server's port.
    pub port: u16,
    /// The protocol's number.
    pub protocol: u8,
    /// Dropped or would drop.
    pub verdict: Verdict,
    /// How many events.
    pub count: u64,
    /// The first, in milliseconds since the epoch.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// The policy that decided, or that isolates.
    pub policy: Option<String>,
}

/// The answer for a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The step, in milliseconds.
    pub step: u64,
    /// By the asked step; a step in which nothing was read is absent.
    pub samples: Vec<Sample>,
    /// The sums, with what was read over longer times than a step.
    pub total: Sums,
    /// By namespace of the workload that judged, with its part of each sample.
    pub namespaces: BTreeMap<String, (Sums, Vec<Sums>)>,
    /// The pairs that are stopped most.
    pub pairs: Vec<Pair>,
}

impl Added {
    pub(crate) fn plus(&mut self, more: Added) {
        self.packets += more.packets;
        self.bytes += more.bytes;
    }
}

impl Sums {
    fn of(&mut self, verdict: Verdict) -> &mut Added {
        match verdict {
            Verdict::Forwarded => &mut self.forwarded,
            Verdict::WouldDrop => &mut self.would_drop,
            Verdict::Dropped | Verdict::WouldAllow => &mut self.dropped,
        }
    }

    pub(crate) fn add(&mut self, verdict: Verdict, more: Added) {
        self.of(verdict).plus(more);
    }
}

/// What one reading added.
pub(crate) struct Step {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) added: BTreeMap<Key, Added>,
}

impl Step {
    pub(crate) fn sample(&self) -> Sample {
        let mut sums = Sums::default();
        for (key, more) in &self.added {
            sums.add(key.verdict, *more);
        }
        Sample { start: self.start, end: self.end, sums }
    }
}

pub(crate) fn insert(connection: &Connection, step: &Step) -> rusqlite::Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT INTO recent.sample VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let mut put = |namespace: &str, verdict: Verdict, added: Added| {
        let Added { packets, bytes } = added;
        insert.execute(params![step.start, step.end, namespace, verdict as u8, packets, bytes])
    };
    // A second in which nothing moved is known too, and no gap.
    if step.added.is_empty() {
        put("", Verdict::Forwarded, Added::default())?;
    }
    let mut by_namespace: BTreeMap<(&str, u8), (Verdict, Added)> = BTreeMap::new();
    for (key, added) in &step.added {
        let namespace = key.workload.split('/').next().unwrap_or_default();
        let place = by_namespace.entry((namespace, key.verdict as u8));
        place.or_insert((key.verdict, Added::default())).1.plus(*added);
    }
    for ((namespace, _), (verdict, added)) in by_namespace {
        put(namespace, verdict, added)?;
    }
    Ok(())
}

pub(crate) fn window(
    connection: &Connection,
    since: u64,
    until: u64,
    step: u64,
) -> rusqlite::Result<Window> {
    let step = step.max(1);
    let mut window = Window { step, ..Window::default() };
    let mut steps: BTreeMap<u64, BTreeMap<String, Sums>> = BTreeMap::new();
    let mut select = connection.prepare_cached(
        "SELECT start, end, namespace, verdict, packets, bytes FROM samples
         WHERE end > ?1 AND end <= ?2",
    )?;
    let mut rows = select.query(params![since, until])?;
    while let Some(row) = rows.next()? {
        let (start, end): (u64, u64) = (row.get(0)?, row.get(1)?);
        let namespace: String = row.get(2)?;
        let verdict = Verdict::from_number(row.get(3)?).unwrap_or(Verdict::Dropped);
        let more = Added { packets: row.get(4)?, bytes: row.get(5)? };
        window.total.add(verdict, more);
        if !namespace.is_empty() {
            window.namespaces.entry(namespace.clone()).or_default().0.add(verdict, more);
        }
        // When in a long time these packets passed is not known: they are in the sums alone.
        if end - start <= step.max(LONG_MS) {
            let at = (end - 1) / step * step;
            let sums = steps.entry(at).or_default().entry(namespace).or_default();
            sums.add(verdict, more);
        }
    }
    for (index, (start, by_namespace)) in steps.iter().enumerate() {
        let mut sums = Sums::default();
        for (namespace, part) in by_namespace {
            sums = sums.plus(part);
            if let Some((_, samples)) = window.namespaces.get_mut(namespace) {
                samples.resize(index, Sums::default());
                samples.push(*part);
            }
        }
        window.samples.push(Sample { start: *start, end: start + step, sums });
    }
    for (_, samples) in window.namespaces.values_mut() {
        samples.resize(window.samples.len(), Sums::default());
    }
    window.pairs = pairs(connection, since, until)?;
    Ok(window)
}

/// A reading is due each second; one that took longer than this left a gap.
const LONG_MS: u64 = 10_000;

impl Sums {
    fn plus(mut self, other: &Sums) -> Sums {
        self.add(Verdict::Forwarded, other.forwarded);
        self.add(Verdict::WouldDrop, other.would_drop);
        self.add(Verdict::Dropped, other.dropped);
        self
    }
}

pub(crate) fn pairs(
    connection: &Connection,
    since: u64,
    until: u64,
) -> rusqlite::Result<Vec<Pair>> {
    // An end is its workload, else its first other name, else its address.
    let mut select = connection.prepare_cached(
        "SELECT source, destination, port, protocol, verdict, sum(count) AS total,
                min(time), max(time), max(policy)
         FROM flows WHERE verdict IN (?1, ?2, ?3) AND time BETWEEN ?4 AND ?5
         GROUP BY source, destination, port, protocol, verdict
         ORDER BY total DESC LIMIT ?6",
    )?;
    let stopped = [Verdict::WouldDrop, Verdict::Dropped, Verdict::WouldAllow].map(|v| v as u8);
    let rows = select.query_map(
        params![stopped[0], stopped[1], stopped[2], since, until, PAIRS],
        |row| {
            Ok(Pair {
                source: shown(row.get_ref(0)?.as_str()?),
                destination: shown(row.get_ref(1)?.as_str()?),
                port: row.get(2)?,
                protocol: row.get(3)?,
                verdict: Verdict::from_number(row.get(4)?).unwrap_or(Verdict::Dropped),
                count: row.get(5)?,
                first: row.get(6)?,
                last: row.get(7)?,
                policy: Some(row.get::<_, String>(8)?).filter(|policy| !policy.is_empty()),
            })
        },
    )?;
    rows.collect()
}

fn shown(party: &str) -> String {
    let mut parts = party.split('\n');
    let workload = parts.next().unwrap_or_default();
    let address = parts.next().unwrap_or_default();
    match (workload, parts.next()) {
        ("", Some(name)) => name.to_owned(),
        ("", None) => address.to_owned(),
        (workload, _) => workload.to_owned(),
    }
}

//! Flow records: what is asked of them, and finding the newest that answer it.

use podwall_model::{Direction, Protocol, Verdict};
use rusqlite::{Connection, Row, params};

use crate::Pattern;

/// The most flows of one page.
pub const PAGE_LIMIT: usize = 5_000;
/// The most rows one question looks at; the rest is found with the cursor it gives back.
const SCAN_LIMIT: u64 = 200_000;
/// Between the parts of an end, in its column; no name or address holds it.
const PART: char = '\n';

/// One flow to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When, in milliseconds since the epoch.
    pub time: u64,
    /// What became of it.
    pub verdict: Verdict,
    /// In or out of the workload that judged.
    pub direction: Direction,
    /// The workload that judged, `namespace/name`.
    pub workload: String,
    /// The client.
    pub source: Party,
    /// The server.
    pub destination: Party,
    /// The protocol.
    pub protocol: Protocol,
    /// The server's port.
    pub port: u16,
    /// The policy that decided, or that isolates.
    pub policy: Option<String>,
    /// How many events it stands for.
    pub count: u64,
    /// The record as it will be given back.
    pub body: String,
}

/// One end of a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// `namespace/name`, if it is a workload.
    pub workload: Option<String>,
    /// Its address.
    pub address: String,
    /// Other names of it.
    pub names: Vec<String>,
}

/// What is asked for; an empty part asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Any of these.
    pub verdicts: Vec<Verdict>,
    /// The client is any of these.
    pub from: Vec<Pattern>,
    /// The server is any of these.
    pub to: Vec<Pattern>,
    /// Either end is in any of these namespaces.
    pub namespaces: Vec<String>,
    /// The server's port is any of these.
    pub ports: Vec<u16>,
    /// The protocol is any of these.
    pub protocols: Vec<Protocol>,
    /// Decided by any of these: a policy's id or the end of one (`shop/db`, `db`).
    pub policies: Vec<String>,
    /// In or out of the workload that judged.
    pub direction: Option<Direction>,
    /// Not before this time, in milliseconds since the epoch.
    pub since: Option<u64>,
    /// Not after this time.
    pub until: Option<u64>,
    /// Only numbers below this one.
    pub before: Option<u64>,
    /// Only numbers above this one.
    pub after: Option<u64>,
    /// How many; 0 means as many as a page holds.
    pub limit: usize,
}

/// One flow that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// The body it was kept with.
    pub body: String,
}

/// What was found, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The flows.
    pub entries: Vec<Entry>,
    /// Where older ones begin, if there may be any.
    pub next: Option<u64>,
}

impl Filter {
    /// Whether a flow answers it. Numbers (`before`, `after`) are not looked at.
    pub fn matches(&self, record: &Record) -> bool {
        let one_of = |patterns: &[Pattern], party| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(party))
        };
        let among = |namespace: &String| {
            [&record.source, &record.destination].into_iter().any(|party| {
                let name = party.workload.as_deref().unwrap_or_default();
                name.split_once('/').is_some_and(|(its, _)| its == namespace)
            })
        };
        none_or(&self.verdicts, &record.verdict)
            && none_or(&self.ports, &record.port)
            && none_or(&self.protocols, &record.protocol)
            && self.direction.is_none_or(|direction| direction == record.direction)
            && self.since.is_none_or(|since| record.time >= since)
            && self.until.is_none_or(|until| record.time <= until)
            && one_of(&self.from, &record.source)
            && one_of(&self.to, &record.destination)
            && (self.namespaces.is_empty() || self.namespaces.iter().any(among))
            && (self.policies.is_empty() || self.policies.iter().any(|tail| decided(record, tail)))
    }
}

fn none_or<T: PartialEq>(list: &[T], value: &T) -> bool {
    list.is_empty() || list.contains(value)
}

fn decided(record: &Record, tail: &str) -> bool {
    record.policy.as_deref().is_some_and(|policy| {
        policy.strip_suffix(tail).is_some_and(|head| head.is_empty() || head.ends_with('/'))
    })
}

pub(crate) fn insert(
    connection: &mut Connection,
    first: u64,
    records: &[Record],
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO recent.flow VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    for (seq, record) in (first..).zip(records) {
        insert.execute(params![
            seq,
            record.time,
            record.verdict as u8,
            record.direction as u8,
            record.workload,
            joined(&record.source),
            joined(&record.destination),
            record.protocol.0,
            record.port,
            record.policy.as_deref().unwrap_or_default(),
            record.count,
            record.body,
        ])?;
    }
    drop(insert);
    transaction.commit()
}

pub(crate) fn find(connection: &Connection, filter: &Filter) -> rusqlite::Result<Found> {
    let limit = match filter.limit {
        0 => PAGE_LIMIT,
        asked => asked.min(PAGE_LIMIT),
    };
    let mut select = connection.prepare_cached(
        "SELECT * FROM flows WHERE seq < ?1 AND seq > ?2 ORDER BY seq DESC LIMIT ?3",
    )?;
    // SQLite counts to 2^63.
    let before = filter.before.unwrap_or(i64::MAX as u64).min(i64::MAX as u64);
    let after = filter.after.unwrap_or(0).min(i64::MAX as u64);
    let mut rows = select.query(params![before, after, SCAN_LIMIT])?;
    let mut found = Found::default();
    let mut scanned = 0;
    while let Some(row) = rows.next()? {
        let (seq, record) = read(row)?;
        scanned += 1;
        // Events of one moment may be told a little out of order, but never by this much.
        if filter.since.is_some_and(|since| record.time + OUT_OF_ORDER_MS < since) {
            return Ok(found);
        }
        if filter.matches(&record) {
            found.entries.push(Entry { seq, body: record.body });
        }
        if found.entries.len() == limit || scanned == SCAN_LIMIT {
            found.next = Some(seq);
            return Ok(found);
        }
    }
    Ok(found)
}

/// How much later than its neighbours an event may reach us.
const OUT_OF_ORDER_MS: u64 = 60_000;

fn read(row: &Row<'_>) -> rusqlite::Result<(u64, Record)> {
    let record = Record {
        time: row.get(1)?,
        verdict: Verdict::from_number(row.get(2)?).unwrap_or(Verdict::Dropped),
        direction: match row.get::<_, u8>(3)? {
            0 => Direction::Ingress,
            _ => Direction::Egress,
        },
        workload: row.get(4)?,
        source: parted(row.get_ref(5)?.as_str()?),
        destination: parted(row.get_ref(6)?.as_str()?),
        protocol: Protocol(row.get(7)?),
        port: row.get(8)?,
        policy: Some(row.get::<_, String>(9)?).filter(|policy| !policy.is_empty()),
        count: row.get(10)?,
        body: row.get(11)?,
    };
    Ok((row.get(0)?, record))
}

fn joined(party: &Party) -> String {
    let mut text = party.workload.clone().unwrap_or_default();
    for part in std::iter::once(&party.address).chain(&party.names) {
        text.push(PART);
        text.push_str(part);
    }
    text
}

pub(crate) fn parted(text: &str) -> Party {
    let mut parts = text.split(PART).map(str::to_owned);
    Party {
        workload: parts.next().filter(|name| !name.is_empty()),
        address: parts.next().unwrap_or_default(),
        names: parts.collect(),
    }
}

//! Flow records: what is kept of each, and what is asked of them.

mod search;

use podwall_model::{Direction, Protocol, Verdict};
use rusqlite::{Connection, params};

use crate::Pattern;

pub(crate) use search::find;

/// The most flows of one page.
pub const PAGE_LIMIT: usize = 5_000;
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
    /// From when on flows that passed are here one by one, where older ones are told as sums alone.
    pub passed_from: Option<u64>,
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
    record.policy.as_deref().is_some_and(|policy| ends(policy, tail))
}

/// Whether a policy's id is this, or ends so.
fn ends(policy: &str, tail: &str) -> bool {
    policy.strip_suffix(tail).is_some_and(|head| head.is_empty() || head.ends_with('/'))
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
    let mut keep = transaction.prepare_cached("INSERT INTO recent.body VALUES (?1, ?2)")?;
    for (seq, record) in (first..).zip(records) {
        insert.execute(params![
            seq,
            record.time,
            record.verdict == Verdict::Forwarded,
            record.verdict as u8,
            record.direction as u8,
            record.protocol.0,
            record.port,
            record.count,
            joined(&record.source),
            joined(&record.destination),
            record.policy.as_deref().unwrap_or_default(),
            record.workload,
        ])?;
        keep.execute(params![seq, record.body])?;
    }
    drop((insert, keep));
    transaction.commit()
}

fn joined(party: &Party) -> String {
    let mut text = party.workload.clone().unwrap_or_default();
    for part in std::iter::once(&party.address).chain(&party.names) {
        text.push(PART);
        text.push_str(part);
    }
    text
}

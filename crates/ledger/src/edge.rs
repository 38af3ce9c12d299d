//! Edges: who talked to whom, how often, first and last. Told from sums by the minute, the hour and
//! the day, never from single records.

mod bucket;
mod key;
mod newcomer;
mod store;

use std::cmp::Reverse;
use std::collections::HashMap;

use podwall_model::{Direction, Verdict};
use rusqlite::Connection;

use bucket::Events;

pub(crate) use key::EdgeKey;
pub use newcomer::NewPairs;
pub(crate) use newcomer::new_pairs;
pub(crate) use store::Store;

/// The most edges that one answer tells; what is beyond is counted.
pub(crate) const EDGE_LIMIT: usize = 20_000;
/// The most pairs that are told: a sweep of a few ports over two families is some dozens.
pub(crate) const PAIR_LIMIT: usize = 500;

/// Which edges are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EdgeQuestion {
    /// From when on, in milliseconds since the epoch.
    pub since: u64,
    /// Up to when.
    pub until: u64,
    /// Judged at this workload, `namespace/name`.
    pub workload: Option<String>,
    /// Either end is in any of these namespaces; an empty list is everything.
    pub namespaces: Vec<String>,
}

/// Flows between the same two ends, judged alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The client: its workload, else its first name, else its address.
    pub source: End,
    /// The server.
    pub destination: End,
    /// The server's port.
    pub port: u16,
    /// The protocol's number.
    pub protocol: u8,
    /// In or out of the workload that judged.
    pub direction: Direction,
    /// What became of them.
    pub verdict: Verdict,
    /// The policy that decided, or that isolates.
    pub policy: Option<String>,
    /// How many events.
    pub count: u64,
    /// The first, in milliseconds since the epoch.
    pub first: u64,
    /// The last.
    pub last: u64,
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

/// One end of an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct End {
    /// What it is called.
    pub name: String,
    /// Whether it is a workload.
    pub kind: EndKind,
}

/// What an end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndKind {
    /// A workload, `namespace/name`.
    Workload,
    /// A name or an address of something else.
    Outside,
}

/// The edges of a time, and how many were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// Those with most events first.
    pub edges: Vec<Edge>,
    /// How many edges more there are than are told.
    pub left_out: u64,
    /// Events of ends that nobody could tell apart any more, since too many were known.
    pub unnamed: u64,
}

impl End {
    pub(crate) fn is_in(&self, namespaces: &[String]) -> bool {
        let namespace = self.name.split_once('/').map(|(namespace, _)| namespace);
        self.kind == EndKind::Workload
            && namespace.is_some_and(|its| namespaces.iter().any(|asked| asked == its))
    }
}

impl EdgeQuestion {
    fn asks(&self, key: &EdgeKey) -> bool {
        self.workload.as_ref().is_none_or(|workload| *workload == key.workload)
            && (self.namespaces.is_empty()
                || key.source.is_in(&self.namespaces)
                || key.destination.is_in(&self.namespaces))
    }
}

/// The edges that are asked for, those with most events first.
pub(crate) fn find(
    connection: &Connection,
    store: &Store,
    question: &EdgeQuestion,
) -> rusqlite::Result<Edges> {
    let mut found: Vec<(&EdgeKey, Events)> = Vec::new();
    let unnamed = store.find(connection, question.since, question.until, |key, events| {
        if question.asks(key) {
            found.push((key, events));
        }
    })?;
    // In the order in which they were first seen, where they are alike.
    found.sort_by_key(|(_, events)| Reverse(events.count));
    let left_out = found.len().saturating_sub(EDGE_LIMIT) as u64;
    found.truncate(EDGE_LIMIT);
    let edges = found.into_iter().map(|(key, events)| Edge {
        source: key.source.clone(),
        destination: key.destination.clone(),
        port: key.port,
        protocol: key.protocol,
        direction: key.direction,
        verdict: key.verdict,
        policy: Some(key.policy.clone()).filter(|policy| !policy.is_empty()),
        count: events.count,
        first: events.first,
        last: events.last,
    });
    Ok(Edges { edges: edges.collect(), left_out, unnamed })
}

/// The pairs that are stopped most.
pub(crate) fn pairs(
    connection: &Connection,
    store: &Store,
    (since, until): (u64, u64),
) -> rusqlite::Result<Vec<Pair>> {
    type Same<'a> = (&'a str, &'a str, u16, u8, Verdict);
    let mut found: HashMap<Same<'_>, (Events, &str)> = HashMap::new();
    store.find(connection, since, until, |key, events| {
        if key.verdict == Verdict::Forwarded {
            return;
        }
        let ends = (key.source.name.as_str(), key.destination.name.as_str());
        let same = (ends.0, ends.1, key.port, key.protocol, key.verdict);
        let known = found.entry(same).or_default();
        known.0.plus(events);
        known.1 = known.1.max(&key.policy);
    })?;
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by(|(one, (a, _)), (other, (b, _))| {
        b.count.cmp(&a.count).then_with(|| one.cmp(other))
    });
    found.truncate(PAIR_LIMIT);
    let pair = |(same, (events, policy)): (Same<'_>, (Events, &str))| Pair {
        source: same.0.to_owned(),
        destination: same.1.to_owned(),
        port: same.2,
        protocol: same.3,
        verdict: same.4,
        count: events.count,
        first: events.first,
        last: events.last,
        policy: Some(policy.to_owned()).filter(|policy| !policy.is_empty()),
    };
    Ok(found.into_iter().map(pair).collect())
}

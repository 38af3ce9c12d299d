//! Pairs that are new: who talks to whom since a time, and never did before as far as is known.

use std::collections::HashMap;

use podwall_model::{Direction, Verdict};
use rusqlite::Connection;

use super::bucket::Events;
use super::{EdgeKey, Pair, Store};

/// The most new pairs that one answer tells.
const NEW_LIMIT: usize = 100;

/// The pairs that are new since a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewPairs {
    /// Those that are stopped first, then those with most events.
    pub pairs: Vec<Pair>,
    /// How many more there are than are told.
    pub left_out: u64,
    /// From when on anything is known. Where that is not before the asked time, nobody knows what
    /// is new, and no pair is told.
    pub known_from: Option<u64>,
}

/// All that was seen between the same two ends on one port.
#[derive(Default)]
struct Seen<'a> {
    /// At the client's and at the server's end, where one connection is seen twice.
    events: [Events; 2],
    verdict: Option<Verdict>,
    policy: &'a str,
}

/// The pairs that were first seen in a time.
pub(crate) fn new_pairs(
    connection: &Connection,
    store: &Store,
    (since, until): (u64, u64),
) -> rusqlite::Result<NewPairs> {
    let known_from = store.known_from();
    if known_from.is_none_or(|known| known >= since) {
        return Ok(NewPairs { known_from, ..NewPairs::default() });
    }
    let mut seen: HashMap<(&str, &str, u16, u8), Seen<'_>> = HashMap::new();
    store.find(connection, 0, until, |key, events| {
        let ends = (key.source.name.as_str(), key.destination.name.as_str());
        seen.entry((ends.0, ends.1, key.port, key.protocol)).or_default().add(key, events);
    })?;
    let mut pairs: Vec<Pair> = seen
        .into_iter()
        .filter(|(_, seen)| seen.first() >= since)
        .map(|((source, destination, port, protocol), seen)| Pair {
            source: source.to_owned(),
            destination: destination.to_owned(),
            port,
            protocol,
            verdict: seen.verdict.unwrap_or(Verdict::Forwarded),
            count: seen.events.iter().map(|events| events.count).max().unwrap_or(0),
            first: seen.first(),
            last: seen.events.iter().map(|events| events.last).max().unwrap_or(0),
            policy: Some(seen.policy.to_owned()).filter(|policy| !policy.is_empty()),
        })
        .collect();
    pairs.sort_by(|a, b| {
        let passed = |pair: &Pair| pair.verdict == Verdict::Forwarded;
        let ends = |pair: &Pair| (pair.source.clone(), pair.destination.clone(), pair.port);
        (passed(a), b.count).cmp(&(passed(b), a.count)).then_with(|| ends(a).cmp(&ends(b)))
    });
    let left_out = pairs.len().saturating_sub(NEW_LIMIT) as u64;
    pairs.truncate(NEW_LIMIT);
    Ok(NewPairs { pairs, left_out, known_from })
}

impl<'a> Seen<'a> {
    fn add(&mut self, key: &'a EdgeKey, events: Events) {
        let side = match key.direction {
            Direction::Egress => 0,
            Direction::Ingress => 1,
        };
        self.events[side].plus(events);
        let worse = self.verdict.is_none_or(|verdict| weight(key.verdict) > weight(verdict));
        if worse {
            self.verdict = Some(key.verdict);
            self.policy = &key.policy;
        }
    }

    fn first(&self) -> u64 {
        let seen = self.events.iter().filter(|events| events.count > 0);
        seen.map(|events| events.first).min().unwrap_or(u64::MAX)
    }
}

/// What fared worse at one end decides.
fn weight(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Forwarded => 0,
        Verdict::WouldDrop => 1,
        Verdict::WouldAllow => 2,
        Verdict::Dropped => 3,
    }
}

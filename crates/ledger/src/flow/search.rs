//! Finding the newest flows that answer a filter: rows are looked at newest first, numbers before
//! texts, and bodies are read of those alone that are given.

use podwall_model::Verdict;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Entry, Filter, Found, PAGE_LIMIT, PART};
use crate::Pattern;

/// The most rows one question looks at; the rest is found with the cursor it gives back.
const SCAN_LIMIT: usize = 40_000;
/// How much later than its neighbours an event may reach us.
const OUT_OF_ORDER_MS: u64 = 60_000;

/// The newest that pass.
pub(crate) fn find(connection: &Connection, filter: &Filter) -> rusqlite::Result<Found> {
    let limit = match filter.limit {
        0 => PAGE_LIMIT,
        asked => asked.min(PAGE_LIMIT),
    };
    let mut search = Search { connection, filter, limit, scanned: 0, over: false };
    let mut found = Found { passed_from: passed_from(connection)?, ..Found::default() };
    // What is new in memory is newer than all that is on disk.
    for side in ["recent", "main"] {
        if !search.over {
            search.side(side, &mut found)?;
        }
    }
    Ok(found)
}

/// The time of the oldest flow that passed.
fn passed_from(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    let mut oldest = None;
    for side in ["main", "recent"] {
        let sql = format!("SELECT time FROM {side}.flow WHERE passed = 1 ORDER BY time LIMIT 1");
        let time: Option<u64> =
            connection.prepare_cached(&sql)?.query_row([], |row| row.get(0)).optional()?;
        oldest = oldest.or(time);
    }
    Ok(oldest)
}

struct Search<'a> {
    connection: &'a Connection,
    filter: &'a Filter,
    limit: usize,
    scanned: usize,
    /// Whether nothing more is to be looked at.
    over: bool,
}

impl Search<'_> {
    fn side(&mut self, side: &str, found: &mut Found) -> rusqlite::Result<()> {
        // SQLite counts to 2^63.
        let before = self.filter.before.unwrap_or(i64::MAX as u64).min(i64::MAX as u64);
        let after = self.filter.after.unwrap_or(0).min(i64::MAX as u64);
        let before = match self.filter.until {
            Some(until) => before.min(self.newest_until(side, until)? + 1),
            None => before,
        };
        let mut select = self.connection.prepare_cached(&rows(side, &self.filter.verdicts))?;
        let body = format!("SELECT body FROM {side}.body WHERE seq = ?1");
        let mut body = self.connection.prepare_cached(&body)?;
        let mut rows = select.query(params![before, after])?;
        while let Some(row) = rows.next()? {
            self.scanned += 1;
            let (seq, time): (u64, u64) = (row.get(0)?, row.get(1)?);
            // Events of one moment may be told a little out of order, but never by this much.
            if self.filter.since.is_some_and(|since| time + OUT_OF_ORDER_MS < since) {
                self.over = true;
                return Ok(());
            }
            if answers(self.filter, time, row)? {
                let body = body.query_row([seq], |row| row.get(0))?;
                found.entries.push(Entry { seq, body });
            }
            if found.entries.len() == self.limit || self.scanned == SCAN_LIMIT {
                found.next = Some(seq);
                self.over = true;
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Search<'_> {
    /// The number of the newest flow that may be so old: what is newer need not be looked at.
    fn newest_until(&self, side: &str, until: u64) -> rusqlite::Result<u64> {
        let latest = format!("SELECT max(time) FROM {side}.flow WHERE passed = ?1 AND time <= ?2");
        let newest = format!(
            "SELECT max(seq) FROM {side}.flow WHERE passed = ?1 AND time BETWEEN ?2 AND ?3"
        );
        let until = until.saturating_add(OUT_OF_ORDER_MS).min(i64::MAX as u64);
        let mut found = 0;
        for passed in [true, false] {
            let mut latest = self.connection.prepare_cached(&latest)?;
            let time: Option<u64> = latest.query_row(params![passed, until], |row| row.get(0))?;
            let Some(time) = time else { continue };
            let mut newest = self.connection.prepare_cached(&newest)?;
            let span = params![passed, time.saturating_sub(OUT_OF_ORDER_MS), time];
            found = found.max(newest.query_row(span, |row| row.get(0))?);
        }
        Ok(found)
    }
}

/// Rows newest first. Each verdict is followed by its index, and they are merged: the few that are
/// asked for may lie far between others.
fn rows(side: &str, verdicts: &[Verdict]) -> String {
    let select = |more: String| {
        format!(
            "SELECT seq, time, direction, protocol, port, source, destination, policy, verdict
             FROM {side}.flow WHERE seq < ?1 AND seq > ?2{more}"
        )
    };
    let mut verdicts: Vec<Verdict> = verdicts.to_vec();
    verdicts.sort();
    verdicts.dedup();
    let parts: Vec<String> = match verdicts.as_slice() {
        [] => vec![select(String::new())],
        some => some.iter().map(|v| select(format!(" AND verdict = {}", *v as u8))).collect(),
    };
    format!("{} ORDER BY seq DESC", parts.join(" UNION ALL "))
}

/// As [`Filter::matches`], of a row.
fn answers(filter: &Filter, time: u64, row: &Row<'_>) -> rusqlite::Result<bool> {
    let numbers = filter.since.is_none_or(|since| time >= since)
        && filter.until.is_none_or(|until| time <= until)
        && any(&filter.ports, &row.get(4)?)
        && any(&filter.protocols, &podwall_model::Protocol(row.get(3)?))
        && match filter.direction {
            Some(direction) => direction as u8 == row.get::<_, u8>(2)?,
            None => true,
        };
    if !numbers {
        return Ok(false);
    }
    let ends = !(filter.from.is_empty() && filter.to.is_empty() && filter.namespaces.is_empty());
    if ends {
        let (source, destination) = (row.get_ref(5)?.as_str()?, row.get_ref(6)?.as_str()?);
        let among = |text: &str| {
            let namespace = text.split(PART).next().and_then(|name| name.split_once('/'));
            namespace.is_some_and(|(its, _)| filter.namespaces.iter().any(|asked| asked == its))
        };
        let meant = means(&filter.from, source)
            && means(&filter.to, destination)
            && (filter.namespaces.is_empty() || among(source) || among(destination));
        if !meant {
            return Ok(false);
        }
    }
    let policy = row.get_ref(7)?.as_str()?;
    Ok(filter.policies.is_empty() || filter.policies.iter().any(|tail| super::ends(policy, tail)))
}

fn any<T: PartialEq>(list: &[T], value: &T) -> bool {
    list.is_empty() || list.contains(value)
}

fn means(patterns: &[Pattern], text: &str) -> bool {
    patterns.is_empty()
        || patterns.iter().any(|pattern| {
            let mut parts = text.split(PART);
            let workload = parts.next().filter(|name| !name.is_empty());
            let address = parts.next().unwrap_or_default();
            pattern.means(workload, address, parts)
        })
}

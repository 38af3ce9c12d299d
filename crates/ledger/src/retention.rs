//! Moving what is new to disk, and dropping what is too old.

use rusqlite::{Connection, params};

use crate::counter::Counters;
use crate::edge;
use crate::history::History;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most flows that passed, on disk and in memory each. A flow takes some 800 bytes.
    pub flows: u64,
    /// The most flows that were stopped or would have been.
    pub stopped: u64,
    /// How long those are kept, in milliseconds.
    pub stopped_ms: u64,
    /// For how many milliseconds samples are kept second by second.
    pub fine_ms: u64,
    /// How long gaps and losses are told, in milliseconds.
    pub samples_ms: u64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            flows: 200_000,
            stopped: 1_000_000,
            stopped_ms: 8 * 24 * HOUR_MS,
            fine_ms: HOUR_MS,
            samples_ms: 90 * 24 * HOUR_MS,
        }
    }
}

const HOUR_MS: u64 = 3_600_000;

/// Flows, their sums and losses go to disk together, or none does.
pub(crate) fn settle_flows(
    connection: &mut Connection,
    edges: &mut edge::Store,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(FLOWS)?;
    edges.write(&transaction)?;
    transaction.commit()?;
    edges.written();
    Ok(())
}

/// Deleting a flow deletes its body.
const FLOWS: &str = "INSERT INTO main.flow SELECT * FROM recent.flow;
    INSERT INTO main.body SELECT * FROM recent.body;
    INSERT INTO main.loss SELECT * FROM recent.loss;
    DELETE FROM recent.flow; DELETE FROM recent.loss;";

/// One step: flows, losses, absolute counters and what was made from them go to disk together, or
/// none does.
pub(crate) fn settle(
    connection: &mut Connection,
    counters: &mut Counters,
    history: &mut History,
    edges: &mut edge::Store,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(FLOWS)?;
    edges.write(&transaction)?;
    counters.write(&transaction)?;
    let upto = history.write(&transaction)?;
    transaction.commit()?;
    edges.written();
    counters.written();
    history.written(upto);
    Ok(())
}

/// Keeps both sides within their bounds; what is on disk is touched only where rows are too old.
/// Says whether there are as many flows that passed as may be, so that older ones are gone.
pub(crate) fn drop_old(
    connection: &Connection,
    bounds: &Bounds,
    now: u64,
) -> rusqlite::Result<bool> {
    let mut full = false;
    for side in ["recent", "main"] {
        for (passed, most) in [(true, bounds.flows), (false, bounds.stopped)] {
            let count = format!("SELECT count(*) FROM {side}.flow WHERE passed = ?1");
            let rows: u64 =
                connection.prepare_cached(&count)?.query_row([passed], |row| row.get(0))?;
            full |= passed && rows >= most;
            if rows > most {
                let excess = format!(
                    "DELETE FROM {side}.flow WHERE seq IN (
                         SELECT seq FROM {side}.flow WHERE passed = ?1 ORDER BY time LIMIT ?2)"
                );
                connection.prepare_cached(&excess)?.execute(params![passed, rows - most])?;
            }
        }
        let old = format!("DELETE FROM {side}.flow WHERE passed = 0 AND time < ?1");
        connection.prepare_cached(&old)?.execute([now.saturating_sub(bounds.stopped_ms)])?;
        let losses = format!("DELETE FROM {side}.loss WHERE time < ?1");
        connection.prepare_cached(&losses)?.execute([now.saturating_sub(bounds.samples_ms)])?;
    }
    connection
        .execute("DELETE FROM main.gap WHERE end < ?1", [now.saturating_sub(bounds.samples_ms)])?;
    Ok(full)
}

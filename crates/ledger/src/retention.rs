//! Moving what is new to disk, and dropping what is too old.

use rusqlite::{Connection, params};

use crate::counter::Counters;
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

/// Flows and losses go to disk together, or none does.
pub(crate) fn settle_flows(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(FLOWS)?;
    transaction.commit()
}

const FLOWS: &str = "INSERT INTO main.flow SELECT * FROM recent.flow;
    INSERT INTO main.loss SELECT * FROM recent.loss;
    DELETE FROM recent.flow; DELETE FROM recent.loss;";

/// One step: flows, samples, losses, absolute counters and what was made from them go to disk
/// together, or none does.
pub(crate) fn settle(
    connection: &mut Connection,
    counters: &mut Counters,
    history: &mut History,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(FLOWS)?;
    transaction.execute_batch(
        "INSERT INTO main.sample SELECT * FROM recent.sample; DELETE FROM recent.sample;",
    )?;
    counters.write(&transaction)?;
    let upto = history.write(&transaction)?;
    transaction.commit()?;
    counters.written();
    history.written(upto);
    Ok(())
}

/// Keeps both sides within their bounds; what is on disk is touched only where rows are too old.
pub(crate) fn drop_old(connection: &Connection, bounds: &Bounds, now: u64) -> rusqlite::Result<()> {
    for side in ["recent", "main"] {
        for (passed, most) in [("= 0", bounds.flows), ("> 0", bounds.stopped)] {
            let excess = format!(
                "DELETE FROM {side}.flow WHERE verdict {passed} AND seq <= (
                     SELECT seq FROM {side}.flow WHERE verdict {passed}
                     ORDER BY seq DESC LIMIT 1 OFFSET ?1)"
            );
            connection.prepare_cached(&excess)?.execute([most])?;
        }
        let old = format!("DELETE FROM {side}.flow WHERE verdict > 0 AND time < ?1");
        connection.prepare_cached(&old)?.execute([now.saturating_sub(bounds.stopped_ms)])?;
        let samples = format!("DELETE FROM {side}.sample WHERE end < ?1");
        connection.execute(&samples, params![now.saturating_sub(bounds.fine_ms)])?;
        let losses = format!("DELETE FROM {side}.loss WHERE time < ?1");
        connection.execute(&losses, [now.saturating_sub(bounds.samples_ms)])?;
    }
    connection
        .execute("DELETE FROM main.gap WHERE end < ?1", [now.saturating_sub(bounds.samples_ms)])?;
    Ok(())
}

//! Moving what is new to disk, and dropping what is too old.

use rusqlite::{Connection, params};

use crate::counter::Counters;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most flows, on disk and in memory each. A flow takes some 800 bytes.
    pub flows: u64,
    /// How long samples are kept, in milliseconds.
    pub samples_ms: u64,
    /// After how many milliseconds samples are kept by ten seconds only.
    pub fine_ms: u64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { flows: 200_000, samples_ms: 30 * 24 * HOUR_MS, fine_ms: HOUR_MS }
    }
}

const HOUR_MS: u64 = 3_600_000;
/// What samples are rolled up to.
const COARSE_MS: u64 = 10_000;
/// Rows rolled up at once, so that no step takes long.
const ROLL_UP_ROWS: u64 = 20_000;

/// One step: flows, samples, losses and counters go to disk together, or none does.
pub(crate) fn settle(connection: &mut Connection, counters: &mut Counters) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(
        "INSERT INTO main.flow SELECT * FROM recent.flow;
         INSERT INTO main.sample SELECT * FROM recent.sample;
         INSERT INTO main.loss SELECT * FROM recent.loss;
         DELETE FROM recent.flow; DELETE FROM recent.sample; DELETE FROM recent.loss;",
    )?;
    counters.write(&transaction)?;
    transaction.commit()?;
    counters.written();
    Ok(())
}

/// Keeps both sides within their bounds; what is on disk is touched only where rows are too old.
pub(crate) fn drop_old(connection: &Connection, bounds: &Bounds, now: u64) -> rusqlite::Result<()> {
    let oldest_sample = now.saturating_sub(bounds.samples_ms);
    for side in ["recent", "main"] {
        let flows =
            format!("DELETE FROM {side}.flow WHERE seq <= (SELECT max(seq) FROM {side}.flow) - ?1");
        connection.execute(&flows, [bounds.flows])?;
        let samples = format!("DELETE FROM {side}.sample WHERE end < ?1");
        connection.execute(&samples, [oldest_sample])?;
        connection.execute(&format!("DELETE FROM {side}.loss WHERE time < ?1"), [oldest_sample])?;
    }
    roll_up(connection, now.saturating_sub(bounds.fine_ms))
}

/// Second by second becomes ten seconds by ten seconds. A sample that is longer already, since
/// nobody read for a while, stays as it is.
fn roll_up(connection: &Connection, before: u64) -> rusqlite::Result<()> {
    let fine = "end < ?1 AND end - start < ?2";
    let oldest = format!("SELECT min(end) FROM main.sample WHERE {fine}");
    let oldest: Option<u64> =
        connection.query_row(&oldest, params![before, COARSE_MS], |row| row.get(0))?;
    let Some(oldest) = oldest.filter(|end| end + 2 * COARSE_MS < before) else {
        return Ok(());
    };
    // Whole tens of seconds only, so that nothing is rolled up twice.
    let until = before.min(oldest + ROLL_UP_ROWS) / COARSE_MS * COARSE_MS;
    connection.execute_batch("SAVEPOINT roll_up")?;
    let rolled = connection
        .execute(
            &format!(
                "INSERT INTO main.sample
                 SELECT (end - 1) / ?2 * ?2, (end - 1) / ?2 * ?2 + ?2, namespace, verdict,
                        sum(packets), sum(bytes)
                 FROM main.sample WHERE {fine} GROUP BY (end - 1) / ?2, namespace, verdict"
            ),
            params![until, COARSE_MS],
        )
        .and_then(|_| {
            connection.execute(
                &format!("DELETE FROM main.sample WHERE {fine}"),
                params![until, COARSE_MS],
            )
        });
    match rolled {
        Ok(_) => connection.execute_batch("RELEASE roll_up"),
        Err(error) => {
            connection.execute_batch("ROLLBACK TO roll_up; RELEASE roll_up")?;
            Err(error)
        }
    }
}

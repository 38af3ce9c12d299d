//! The tables, twice: `recent` in memory for what is new, `main` on disk for what has settled.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// Grows by one with each change of the tables; a file of another version is left alone.
const VERSION: i64 = 3;

/// `flow`: one row an event, with the facets that are asked for. `passed` says that nothing stops
/// it, today or with all of detection enforced.
/// `body`: the event as it will be given back; apart, so that looking for rows reads few pages.
/// `loss`: events that were lost on their way.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS @.flow (
    seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, passed INTEGER NOT NULL,
    verdict INTEGER NOT NULL, direction INTEGER NOT NULL, protocol INTEGER NOT NULL,
    port INTEGER NOT NULL, count INTEGER NOT NULL, source TEXT NOT NULL,
    destination TEXT NOT NULL, policy TEXT NOT NULL, workload TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS @.flow_passed ON flow (passed, time);
CREATE INDEX IF NOT EXISTS @.flow_verdict ON flow (verdict);
CREATE TABLE IF NOT EXISTS @.body (seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS @.flow_gone AFTER DELETE ON flow
BEGIN DELETE FROM body WHERE seq = old.seq; END;
CREATE TABLE IF NOT EXISTS @.loss (time INTEGER NOT NULL, count INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS @.loss_time ON loss (time);
";

/// `counter`: the kernel's absolute value as it was last read, beside the sum over all its lives.
/// `reading`: when each node was last read.
/// `tail`: buckets of ten seconds that are not in the archive yet.
/// `archived`: the newest that are.
/// `gap`: times in which nobody read, with what had passed in them.
/// `edge`: who talked to whom; `edge_sum`: how often, by the minute, the hour and the day.
const KEPT: &str = "
CREATE TABLE IF NOT EXISTS main.counter (
    node TEXT NOT NULL, workload TEXT NOT NULL, direction INTEGER NOT NULL,
    verdict INTEGER NOT NULL, reason INTEGER NOT NULL, policy TEXT NOT NULL, rule TEXT NOT NULL,
    content INTEGER NOT NULL, absolute_packets INTEGER NOT NULL, absolute_bytes INTEGER NOT NULL,
    packets INTEGER NOT NULL, bytes INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (node, workload, direction, verdict, reason, rule, content)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS main.reading (
    node TEXT PRIMARY KEY, time INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS main.tail (
    id INTEGER PRIMARY KEY, end INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS main.archived (upto INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS main.gap (
    start INTEGER NOT NULL, end INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS main.edge (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, source_kind INTEGER NOT NULL,
    destination TEXT NOT NULL, destination_kind INTEGER NOT NULL, port INTEGER NOT NULL,
    protocol INTEGER NOT NULL, direction INTEGER NOT NULL, verdict INTEGER NOT NULL,
    workload TEXT NOT NULL, policy TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS main.edge_sum (
    tier INTEGER NOT NULL, start INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS main.edge_sum_start ON edge_sum (tier, start);
";

pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != 0 && version != VERSION {
        return Err(rusqlite::Error::InvalidColumnName(format!(
            "the file is of version {version}, this program writes {VERSION}, hint: move it away"
        )));
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    prepare(connection)
}

pub(crate) fn open_in_memory() -> rusqlite::Result<Connection> {
    prepare(Connection::open_in_memory()?)
}

fn prepare(connection: Connection) -> rusqlite::Result<Connection> {
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.execute("ATTACH DATABASE ':memory:' AS recent", [])?;
    connection.execute_batch(&TABLES.replace('@', "recent"))?;
    connection.execute_batch(&TABLES.replace('@', "main"))?;
    connection.execute_batch(KEPT)?;
    connection.pragma_update(Some("main"), "user_version", VERSION)?;
    Ok(connection)
}

//! What a program writes down: one JSON value a line, numbered from 1, in `LOGS/NAME.log`.
//!
//! A log that has grown to its bound is moved to `NAME.log.1` in one step and begun anew; numbers
//! go on, so that a reader sees that nothing is missing in between.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// A few hours of the busiest program; two of these are kept.
const LOG_BOUND_BYTES: u64 = 8 << 20;

/// Where a program's logs go.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    directory: PathBuf,
    name: String,
}

/// One log, written from any thread.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    written_bytes: u64,
    number: u64,
}

impl Logs {
    pub(crate) fn new(directory: PathBuf, name: String) -> Logs {
        Logs { directory, name }
    }

    /// What the program is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The log of the program itself.
    pub(crate) fn own(&self) -> Result<Journal> {
        self.log(&self.name)
    }

    /// Another log of the program.
    pub(crate) fn log(&self, name: &str) -> Result<Journal> {
        let path = self.directory.join(format!("{name}.log"));
        let file =
            begin(&path).with_context(|| format!("unable to write: `{}`", path.display()))?;
        let written_bytes = file.metadata()?.len();
        Ok(Journal { path, state: Mutex::new(State { file, written_bytes, number: 0 }) })
    }
}

impl Journal {
    /// Writes one line: number, time, and what is given. A log that cannot be written stops nothing
    /// that the program does for others.
    pub(crate) fn write(&self, fields: Value) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.number += 1;
        let mut line = Map::new();
        line.insert("n".into(), json!(state.number));
        line.insert("time".into(), json!(now_ms()));
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        let line = format!("{}\n", Value::Object(line));
        if state.written_bytes >= LOG_BOUND_BYTES {
            self.turn_over(&mut state);
        }
        if state.file.write_all(line.as_bytes()).is_ok() {
            state.written_bytes += line.len() as u64;
        }
    }

    fn turn_over(&self, state: &mut State) {
        let old = self.path.with_extension("log.1");
        let turned = fs::rename(&self.path, old).and_then(|()| begin(&self.path));
        if let Ok(file) = turned {
            state.file = file;
            state.written_bytes = 0;
        }
    }
}

fn begin(path: &std::path::Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// Milliseconds since the epoch.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

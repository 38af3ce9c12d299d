//! Flows and counters over time: append, query, keep within bounds.
//!
//! What is new is held in memory and settles on disk once a second, in one step; a disk that is
//! full costs history and nothing else, and is said so. Flow bodies are somebody else's bytes: the
//! ledger keeps them and reads only the facets beside them.

mod archive;
mod chunk;
mod counter;
mod damage;
mod edge;
mod flow;
mod gathering;
mod history;
mod pattern;
mod question;
mod retention;
mod schema;
mod seconds;
mod stats;
mod track;

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use thiserror::Error;

pub use counter::{Count, Key, Reading, RuleName};
pub use edge::{Edge, EdgeQuestion, Edges, End, EndKind, NewPairs, Pair};
pub use flow::{Entry, Filter, Found, PAGE_LIMIT, Party, Record};
pub use history::{Counted, Past};
pub use pattern::Pattern;
pub use question::{Answer, By, GROUP_LIMIT, Group, Question, Scope, Series};
pub use retention::Bounds;
pub use stats::{Added, Sample, Sums, Window};

use archive::Archive;
use counter::Counters;
use history::History;
use seconds::Seconds;

/// Why a question was not answered.
#[derive(Debug, Error)]
#[error("unable to read the ledger")]
pub struct QueryError(#[from] rusqlite::Error);

/// Flows and counters, in memory and on disk.
pub struct Ledger {
    connection: Connection,
    counters: Counters,
    history: History,
    seconds: Seconds,
    edges: edge::Store,
    /// What the newest reading added.
    latest: BTreeMap<Key, Added>,
    /// The end of the newest reading.
    newest: u64,
    bounds: Bounds,
    next: u64,
    trouble: Option<String>,
    path: Option<PathBuf>,
    /// Which file the path named when it was opened.
    file: Option<(u64, u64)>,
    /// Set where the file was taken away while running.
    replaced: Option<String>,
    /// Whether nothing can be kept beyond this run.
    memory_only: bool,
    /// Whether flows that passed were given up to stay within bounds.
    gave_up: bool,
}

impl Ledger {
    /// The ledger at this path; made if it is not there. Where the file cannot be used, the ledger
    /// works from memory and [`Ledger::trouble`] says why. A ledger that is damaged is moved aside,
    /// and [`Ledger::damage`] says so.
    pub fn open(path: &Path, bounds: Bounds) -> Ledger {
        let open = || {
            let archive = Archive::new(&path.with_file_name(ARCHIVE));
            let ledger = Self::with(schema::open(path), Some(archive), bounds)?;
            Ok(Ledger { path: Some(path.to_owned()), file: identity(path), ..ledger })
        };
        let opened = match open() {
            Err(error) if damage::is_corrupt(&error) => {
                let replaced = Some(damage::move_aside(path, &error));
                open().map(|ledger| Ledger { replaced, ..ledger })
            }
            opened => opened,
        };
        opened.unwrap_or_else(|error: rusqlite::Error| {
            let mut ledger = Self::memory(bounds);
            ledger.trouble = Some(words(&error));
            ledger
        })
    }

    /// A ledger that is gone with the process.
    pub fn memory(bounds: Bounds) -> Ledger {
        let mut ledger = Self::with(schema::open_in_memory(), None, bounds)
            .expect("an empty database in memory can be made");
        ledger.memory_only = true;
        ledger
    }

    fn with(
        connection: rusqlite::Result<Connection>,
        archive: Option<Archive>,
        bounds: Bounds,
    ) -> rusqlite::Result<Ledger> {
        let connection = connection?;
        let counters = Counters::load(&connection)?;
        let mut history = History::new(archive);
        history.load(&connection)?;
        let edges = edge::Store::load(&connection)?;
        let newest = "SELECT coalesce(max(seq), 0) FROM main.flow";
        let last: u64 = connection.query_row(newest, [], |row| row.get(0))?;
        Ok(Ledger {
            seconds: Seconds::new(counters.has_read()),
            connection,
            counters,
            history,
            edges,
            path: None,
            file: None,
            replaced: None,
            latest: BTreeMap::new(),
            newest: 0,
            bounds,
            next: last + 1,
            trouble: None,
            memory_only: false,
            gave_up: false,
        })
    }

    /// Why nothing is kept on disk at the moment, in words.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref().or_else(|| self.history.trouble())
    }

    /// What was lost of the history by a damaged or deleted file, in words.
    pub fn damage(&self) -> Option<&str> {
        self.replaced.as_deref().or_else(|| self.history.damaged())
    }

    /// Adds flows in their order; each gets a number that only grows. Returns the first number.
    pub fn append(&mut self, records: &[Record]) -> u64 {
        let first = self.next;
        let inserted = flow::insert(&mut self.connection, first, records);
        if inserted.is_ok() {
            self.edges.take(&self.connection, records);
        }
        self.next += records.len() as u64;
        self.note(inserted);
        first
    }

    /// Takes absolute counters as they were read, and gives what was added since the last reading.
    pub fn read(&mut self, reading: &Reading) -> Sample {
        let step = self.counters.take(reading);
        self.history.take(&step);
        self.newest = self.newest.max(step.end);
        self.seconds.take(&step);
        let sample = step.sample();
        self.latest = step.added;
        sample
    }

    /// Notes that events were lost on their way here.
    pub fn lose(&mut self, time: u64, count: u64) {
        let sql = "INSERT INTO recent.loss (time, count) VALUES (?1, ?2)";
        let inserted = self.connection.execute(sql, [time, count]).map(|_| ());
        self.note(inserted);
    }

    /// Moves what is new to disk and drops what is too old, in one step each.
    pub fn settle(&mut self, now: u64) {
        self.look_for_file();
        self.history.close();
        let Ledger { connection, counters, history, edges, .. } = self;
        let kept = match self.memory_only {
            true => retention::settle_flows(connection, edges),
            false => retention::settle(connection, counters, history, edges),
        };
        self.kept(&kept);
        self.seconds.drop_before(now.saturating_sub(self.bounds.fine_ms));
        let dropped = self.drop_old(now);
        if self.trouble.is_none() || self.memory_only {
            let archived = self.history.archive(&self.connection, now);
            let rolled = self.edges.roll(&self.connection, now);
            self.note(archived.and(rolled).and(dropped));
        }
    }

    /// Takes a history that was counted elsewhere into the archive; the counters themselves stay as
    /// they are.
    pub fn take_past(&mut self, past: Past, now: u64) {
        let ends = past.times.iter().map(|(end, _)| *end);
        self.newest = ends.fold(self.newest, u64::max);
        self.history.take_past(past);
        self.history.skip_tail();
        let archived = self.history.finish(&self.connection, now);
        self.note(archived);
    }

    /// Takes flows that were seen elsewhere, as sums alone.
    pub fn take_past_sums(&mut self, records: &[Record], now: u64) {
        self.edges.take(&self.connection, records);
        self.settle_flows();
        let rolled = self.edges.roll_all(&self.connection, now);
        self.note(rolled);
    }

    fn drop_old(&mut self, now: u64) -> rusqlite::Result<()> {
        self.gave_up = retention::drop_old(&self.connection, &self.bounds, now)?;
        Ok(())
    }

    /// Moves new flows to disk; counters wait for [`Ledger::settle`].
    pub fn settle_flows(&mut self) {
        let kept = retention::settle_flows(&mut self.connection, &mut self.edges);
        self.kept(&kept);
    }

    /// Says why nothing was kept; where the file is damaged, another one takes its place.
    fn kept(&mut self, kept: &rusqlite::Result<()>) {
        if self.memory_only {
            return;
        }
        self.trouble = kept.as_ref().err().map(words);
        if let (Some(path), Err(error)) = (&self.path, kept)
            && damage::is_corrupt(error)
        {
            let replaced = damage::move_aside(path, error);
            self.begin_anew(replaced);
        }
    }

    /// A file that was deleted while running is made anew, with the counters as they are: without
    /// them the next start would count everything twice.
    fn look_for_file(&mut self) {
        let Some(path) = &self.path else { return };
        if identity(path) != self.file {
            self.begin_anew(format!(
                "the ledger was taken away while running: `{}`; flows until then are gone",
                path.display()
            ));
        }
    }

    /// Goes on in a file that is made anew.
    fn begin_anew(&mut self, why: String) {
        let Some(path) = &self.path else { return };
        match schema::open(path) {
            Ok(connection) => {
                self.file = identity(path);
                self.replaced = Some(why);
                self.connection = connection;
                self.counters.forget_written();
                self.history.forget_written();
                self.edges.forget_written();
            }
            Err(error) => self.trouble = Some(words(&error)),
        }
    }

    /// The newest flows that pass a filter.
    pub fn flows(&self, filter: &Filter) -> Result<Found, QueryError> {
        let found = flow::find(&self.connection, filter)?;
        // Before the first was given up, every one is here.
        let passed_from = found.passed_from.filter(|_| self.gave_up);
        Ok(Found { passed_from, ..found })
    }

    /// Samples, sums and pairs of a time, second by second.
    pub fn window(&self, since: u64, until: u64, step: u64) -> Result<Window, QueryError> {
        let pairs = self.pairs(since, until)?;
        Ok(Window { pairs, ..self.seconds(since, until, step) })
    }

    /// The same without pairs.
    pub fn seconds(&self, since: u64, until: u64, step: u64) -> Window {
        self.seconds.window(since, until, step)
    }

    /// The pairs that are stopped most in a time.
    pub fn pairs(&self, since: u64, until: u64) -> Result<Vec<Pair>, QueryError> {
        Ok(edge::pairs(&self.connection, &self.edges, (since, until))?)
    }

    /// The pairs that were first seen in a time.
    pub fn new_pairs(&self, since: u64, until: u64) -> Result<NewPairs, QueryError> {
        Ok(edge::new_pairs(&self.connection, &self.edges, (since, until))?)
    }

    /// Whether samples of this time on are kept second by second.
    pub fn has_seconds(&self, since: u64) -> bool {
        self.newest.saturating_sub(since) <= self.bounds.fine_ms && self.seconds.reaches(since)
    }

    /// Packets and bytes over time, as they are asked for.
    pub fn answer(&mut self, question: &Question) -> Result<Answer, QueryError> {
        // Before the first reading nothing is known that is newer than what is asked for.
        let newest = if self.newest == 0 { question.until } else { self.newest };
        Ok(self.history.answer(question, newest).map_err(history::as_sqlite)?)
    }

    /// Who talked to whom.
    pub fn edges(&self, question: &EdgeQuestion) -> Result<Edges, QueryError> {
        Ok(edge::find(&self.connection, &self.edges, question)?)
    }

    /// One flow by its number.
    pub fn flow(&self, seq: u64) -> Result<Option<Entry>, QueryError> {
        let around = Filter {
            before: seq.checked_add(1),
            after: seq.checked_sub(1),
            limit: 1,
            ..Filter::default()
        };
        Ok(self.flows(&around)?.entries.into_iter().next())
    }

    /// How many events were lost in a time.
    pub fn lost(&self, since: u64, until: u64) -> Result<u64, QueryError> {
        let sql = "SELECT coalesce(sum(count), 0) FROM (
            SELECT time, count FROM main.loss UNION ALL SELECT time, count FROM recent.loss
        ) WHERE time BETWEEN ?1 AND ?2";
        Ok(self.connection.query_row(sql, [since, until], |row| row.get(0))?)
    }

    /// Every counter with its sums over all lives of the kernel's own.
    pub fn counters(&self) -> impl Iterator<Item = (&Key, &Count)> {
        self.counters.iter()
    }

    /// What the newest reading added.
    pub fn latest(&self) -> impl Iterator<Item = (&Key, &Added)> {
        self.latest.iter()
    }

    /// The number that the next flow will get.
    pub fn next_seq(&self) -> u64 {
        self.next
    }

    fn note(&mut self, result: rusqlite::Result<()>) {
        if let Err(error) = result {
            self.trouble = Some(words(&error));
        }
    }
}

/// Where the archive lies, beside the ledger's file.
const ARCHIVE: &str = "history";

fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

fn words(error: &rusqlite::Error) -> String {
    error.to_string()
}

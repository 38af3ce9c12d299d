//! The record of what was made: each thing is written down before it is made, one JSON value a
//! line, so that all of it can be undone after a kill, and nothing else.
//!
//! Undoing goes backwards and may be done any number of times. A record of an earlier boot speaks
//! of nothing that still exists.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use thiserror::Error;

use crate::namespace;
use crate::process::Process;
use crate::{NamespaceError, bpffs};

/// One thing that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A directory; undone only when it is empty.
    Directory(PathBuf),
    /// The mount of `/run/netns` on itself; undone only when nothing is in it.
    NamespaceMount,
    /// A namespace with this path.
    Namespace(PathBuf),
    /// A bpffs mounted at this path.
    Mount(PathBuf),
    /// A program that was started.
    Process(Process),
}

/// A record that is being written: what this run makes.
#[derive(Debug)]
pub struct Made {
    path: PathBuf,
    things: Vec<Thing>,
}

/// What undoing came to.
#[derive(Debug, Default)]
pub struct Undone {
    /// Undone, in this order.
    pub undone: Vec<Thing>,
    /// Still there, and why.
    pub left: Vec<(Thing, String)>,
}

/// Why the record could not be kept.
#[derive(Debug, Error)]
pub enum RecordError {
    /// It could not be written; then nothing was made either.
    #[error("unable to write down what is made: `{0}`, hint: is the disk full?")]
    Write(PathBuf, #[source] io::Error),
    /// It could not be read.
    #[error("unable to read what was made: `{0}`")]
    Read(PathBuf, #[source] io::Error),
    /// A line of it says nothing that is known.
    #[error(
        "not a record of what was made: `{0}` line {1}, hint: undo by hand, then remove the file"
    )]
    Unreadable(PathBuf, usize),
}

impl Made {
    /// Begins or goes on with a record. What is in it already stays in it, but is not this run's.
    pub fn open(path: &Path) -> Result<Made, RecordError> {
        let made = Made { path: path.to_owned(), things: Vec::new() };
        made.append(&json!({ "boot": boot() }))?;
        Ok(made)
    }

    /// Writes down what is about to be made.
    pub fn record(&mut self, thing: Thing) -> Result<(), RecordError> {
        self.append(&json!({ "made": thing.to_json() }))?;
        self.things.push(thing);
        Ok(())
    }

    /// Undoes what this run made, last first.
    pub fn undo(self) -> Result<Undone, RecordError> {
        undo_all(&self.path, self.things)
    }

    fn append(&self, value: &Value) -> Result<(), RecordError> {
        append(&self.path, value)
    }
}

/// What a record says was made and not undone, by any run.
pub fn leftovers(path: &Path) -> Result<Vec<Thing>, RecordError> {
    let text = match fs::read_to_string(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(|cause| RecordError::Read(path.to_owned(), cause))?,
    };
    let mut things = Vec::new();
    let mut this_boot = true;
    // A last line without its end was cut off by a kill: what it would have told was not made.
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    for (index, line) in whole.enumerate() {
        let unreadable = || RecordError::Unreadable(path.to_owned(), index + 1);
        match Line::parse(line).ok_or_else(unreadable)? {
            Line::Boot(id) => this_boot = id == boot(),
            Line::Made(thing) if this_boot => things.push(thing),
            Line::Undone(thing) if this_boot => things.retain(|known| *known != thing),
            Line::Made(_) | Line::Undone(_) => {}
        }
    }
    Ok(things)
}

/// Undoes everything that a record names, whichever run made it, last first.
pub fn undo_leftovers(path: &Path) -> Result<Undone, RecordError> {
    undo_all(path, leftovers(path)?)
}

fn undo_all(path: &Path, things: Vec<Thing>) -> Result<Undone, RecordError> {
    let mut result = Undone::default();
    for thing in things.into_iter().rev() {
        match thing.undo() {
            Ok(()) => {
                append(path, &json!({ "undone": thing.to_json() }))?;
                result.undone.push(thing);
            }
            Err(why) => result.left.push((thing, why)),
        }
    }
    if leftovers(path)?.is_empty() {
        remove_record(path)?;
    }
    Ok(result)
}

fn remove_record(path: &Path) -> Result<(), RecordError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(RecordError::Write(path.to_owned(), cause))
        }
        _ => Ok(()),
    }
}

fn append(path: &Path, value: &Value) -> Result<(), RecordError> {
    let line = format!("{value}\n");
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .map_err(|cause| RecordError::Write(path.to_owned(), cause))
}

/// The kernel's name for this boot; empty where it does not say.
fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

impl Thing {
    fn undo(&self) -> Result<(), String> {
        match self {
            Thing::Directory(path) => remove_if_empty(path).map_err(|cause| cause.to_string()),
            Thing::NamespaceMount => told(namespace::unmount_directory()),
            Thing::Namespace(path) => told(namespace::remove(path)),
            Thing::Mount(path) => bpffs::unmount(path).map_err(|error| error.to_string()),
            Thing::Process(process) => process.kill().map_err(|cause| cause.to_string()),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Thing::Directory(path) => json!({ "directory": path }),
            Thing::NamespaceMount => json!({ "namespaces": namespace::DIRECTORY }),
            Thing::Namespace(path) => json!({ "namespace": path }),
            Thing::Mount(path) => json!({ "mount": path }),
            Thing::Process(Process { pid, start }) => json!({ "process": pid, "start": start }),
        }
    }

    fn from_json(value: &Value) -> Option<Thing> {
        let path = |key: &str| value[key].as_str().map(PathBuf::from);
        if let Some(path) = path("directory") {
            return Some(Thing::Directory(path));
        }
        if let Some(path) = path("namespace") {
            return Some(Thing::Namespace(path));
        }
        if let Some(path) = path("mount") {
            return Some(Thing::Mount(path));
        }
        if path("namespaces").is_some() {
            return Some(Thing::NamespaceMount);
        }
        let pid = u32::try_from(value["process"].as_u64()?).ok()?;
        Some(Thing::Process(Process { pid, start: value["start"].as_u64()? }))
    }
}

fn told(result: Result<(), NamespaceError>) -> Result<(), String> {
    result.map_err(|error| error.to_string())
}

fn remove_if_empty(path: &Path) -> io::Result<()> {
    use io::ErrorKind::{DirectoryNotEmpty, NotFound, ResourceBusy};
    match fs::remove_dir(path) {
        Err(e) if matches!(e.kind(), NotFound | DirectoryNotEmpty | ResourceBusy) => Ok(()),
        other => other,
    }
}

enum Line {
    Boot(String),
    Made(Thing),
    Undone(Thing),
}

impl Line {
    fn parse(text: &str) -> Option<Line> {
        let value: Value = serde_json::from_str(text).ok()?;
        if let Some(id) = value["boot"].as_str() {
            return Some(Line::Boot(id.to_owned()));
        }
        match value.get("undone") {
            Some(thing) => Some(Line::Undone(Thing::from_json(thing)?)),
            None => Some(Line::Made(Thing::from_json(value.get("made")?)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record_with(name: &str, lines: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("pw{}-{name}.json", std::process::id()));
        fs::write(&path, lines).unwrap();
        path
    }

    #[test]
    fn a_line_cut_off_by_a_kill_was_not_made() {
        let boot = boot();
        let path = record_with(
            "cut",
            &format!(
                "{{\"boot\":\"{boot}\"}}\n\
                 {{\"made\":{{\"mount\":\"/x/bpf\"}}}}\n\
                 {{\"made\":{{\"names"
            ),
        );
        assert_eq!(leftovers(&path).unwrap(), [Thing::Mount("/x/bpf".into())]);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_an_earlier_boot_made_is_gone() {
        let path =
            record_with("boot", "{\"boot\":\"another\"}\n{\"made\":{\"process\":1,\"start\":1}}\n");
        assert_eq!(leftovers(&path).unwrap(), []);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_line_that_says_nothing_known_is_an_error() {
        let path = record_with("odd", "{\"made\":{\"moon\":1}}\n");
        let error = leftovers(&path).unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn every_thing_reads_as_it_was_written() {
        for thing in [
            Thing::Directory("/a".into()),
            Thing::NamespaceMount,
            Thing::Namespace("/run/netns/x".into()),
            Thing::Mount("/a b".into()),
            Thing::Process(Process { pid: 7, start: 9 }),
        ] {
            assert_eq!(Thing::from_json(&thing.to_json()), Some(thing));
        }
    }
}

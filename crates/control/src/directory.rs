//! The state directory: where everything of one run lies, and that nobody else runs in it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// Where state lies unless somebody says otherwise.
pub const DEFAULT_STATE: &str = "/run/podwall";

/// The paths below one state directory.
#[derive(Clone, Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// The state directory at this path; nothing is made yet.
    pub fn new(path: impl Into<PathBuf>) -> Directory {
        Directory(path.into())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The socket that commands talk to.
    pub fn socket(&self) -> PathBuf {
        self.0.join("podwall.sock")
    }

    /// The socket that the agent talks to.
    pub fn agent_socket(&self) -> PathBuf {
        self.0.join("agent.sock")
    }

    /// The file system with the pinned state of the kernel.
    pub fn pins(&self) -> PathBuf {
        self.0.join("bpf")
    }

    /// Flows and counters.
    pub fn ledger(&self) -> PathBuf {
        self.0.join("ledger.sqlite")
    }

    /// The record of what was made, for undoing it.
    pub fn made(&self) -> PathBuf {
        self.0.join("made.json")
    }

    /// Modes, the revision, and the last texts that were accepted.
    pub fn memory(&self) -> PathBuf {
        self.0.join("control.json")
    }

    /// The log of changes.
    pub fn changes(&self) -> PathBuf {
        self.0.join("changes.jsonl")
    }

    fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// Makes the directory, for root alone. One that is there is taken as it is.
    pub fn make(&self) -> anyhow::Result<()> {
        if self.0.is_dir() {
            return Ok(());
        }
        let parent = self.0.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent)
            .and_then(|()| DirBuilder::new().mode(0o700).create(&self.0))
            .with_context(|| format!("unable to make the state directory: `{}`", self.0.display()))
    }

    /// Keeps every other run out until the lock is dropped.
    pub fn lock_for(&self, pid: u32) -> anyhow::Result<Lock> {
        let path = self.lock();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).with_context(|| {
            format!("unable to write to `{}`, hint: give another with --state", self.0.display())
        })?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut file) => {
                // Only told to people: the lock itself is the kernel's.
                let _ = file.set_len(0).and_then(|()| write!(file, "{pid}"));
                Ok(Lock { _file: file })
            }
            Err((mut file, Errno::EWOULDBLOCK)) => bail!(
                "another podwall runs with this state directory: `{}`{}, hint: end it with \
                 Ctrl-C or `podwall down`, or give another with --state",
                self.0.display(),
                owner(&mut file).map(|pid| format!(", process {pid}")).unwrap_or_default(),
            ),
            Err((_, error)) => {
                Err(error).with_context(|| format!("unable to lock: `{}`", path.display()))
            }
        }
    }

    /// The process that runs here, if one does.
    pub fn runner(&self) -> Option<u32> {
        let file = OpenOptions::new().read(true).open(self.lock()).ok()?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(_) => None,
            Err((mut file, _)) => owner(&mut file),
        }
    }

    /// Takes away the directory if it is empty, and the lock file first.
    pub fn remove_if_empty(&self) {
        let _ = fs::remove_file(self.lock());
        let _ = fs::remove_dir(&self.0);
    }
}

/// That no other run uses the directory.
pub struct Lock {
    _file: Flock<File>,
}

fn owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

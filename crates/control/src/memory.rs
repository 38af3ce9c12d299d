//! What outlives a run: the global mode, modes given to namespaces, the revision, and the texts
//! that were last accepted, so that a file that is broken at the next start changes nothing.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use podwall_wire::rest::Mode;
use serde::{Deserialize, Serialize};

/// The remembered part of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Memory {
    /// The cluster-wide default mode.
    pub(crate) mode: Mode,
    /// Modes that were given to namespaces here, not in a file.
    pub(crate) namespaces: BTreeMap<String, Mode>,
    /// The newest revision.
    pub(crate) revision: u64,
    /// The workload file as it was last accepted.
    pub(crate) workloads: Option<String>,
    /// The policy files as they were last accepted.
    pub(crate) policies: BTreeMap<String, String>,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory {
            mode: Mode::Detect,
            namespaces: BTreeMap::new(),
            revision: 0,
            workloads: None,
            policies: BTreeMap::new(),
        }
    }
}

impl Memory {
    /// What was remembered; nothing, where nothing was.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Memory> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Memory::default());
            }
            read => read.with_context(|| format!("unable to read: `{}`", path.display()))?,
        };
        serde_json::from_slice(&text).with_context(|| {
            format!("not what podwall wrote: `{}`, hint: move it away", path.display())
        })
    }

    /// Writes it whole: a reader sees the old or the new.
    pub(crate) fn store(&self, path: &Path) -> std::io::Result<()> {
        let temporary = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    }
}

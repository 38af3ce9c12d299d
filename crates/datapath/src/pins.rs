//! Where state is pinned: `maps/NAME`, `programs/NAME` and `links/NAME` under one directory.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::sys::statfs::{FsType, statfs};

/// `BPF_FS_MAGIC` of `linux/magic.h`.
const BPFFS: FsType = FsType(0xcafe_4a11);

/// The directories of pinned state.
#[derive(Clone, Debug)]
pub(crate) struct Pins {
    root: PathBuf,
}

impl Pins {
    /// Pins under this directory.
    pub(crate) fn new(root: &Path) -> Pins {
        Pins { root: root.to_owned() }
    }

    /// The directory itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The pin of a map.
    pub(crate) fn map(&self, name: &str) -> PathBuf {
        self.root.join("maps").join(name)
    }

    /// The pin of a program.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.root.join("programs").join(name)
    }

    /// The pin of a link.
    pub(crate) fn link(&self, name: &str) -> PathBuf {
        self.root.join("links").join(name)
    }

    /// The names of all pinned links.
    pub(crate) fn links(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join("links"))? {
            let name = entry?.file_name();
            names.push(String::from_utf8_lossy(name.as_bytes()).into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// Whether the directory stands in a bpffs.
    pub(crate) fn is_in_bpffs(&self) -> io::Result<bool> {
        fs::create_dir_all(&self.root)?;
        Ok(statfs(&self.root)?.filesystem_type() == BPFFS)
    }

    /// Makes the directories.
    pub(crate) fn make(&self) -> io::Result<()> {
        for directory in ["maps", "programs", "links"] {
            fs::create_dir_all(self.root.join(directory))?;
        }
        Ok(())
    }

    /// Removes all pins, links first, and the directories. What is gone already is no error.
    pub(crate) fn clear(&self) -> io::Result<()> {
        for directory in ["links", "programs", "maps"] {
            let directory = self.root.join(directory);
            if !directory.exists() {
                continue;
            }
            for entry in fs::read_dir(&directory)? {
                fs::remove_file(entry?.path())?;
            }
            fs::remove_dir(&directory)?;
        }
        Ok(())
    }
}

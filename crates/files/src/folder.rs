//! The folder of policies: every YAML file below it, in the order of their paths.
//!
//! Hidden files and folders are left out (editors keep their temporary ones there), links to
//! folders are not followed. A file that cannot be read is listed with the reason.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::replace::writable;

/// The greatest policy file, in bytes. The longest policies met in public repositories have some
/// 200 kB; more than this is no policy but an accident.
pub const POLICY_FILE_LIMIT: u64 = 4 << 20;
/// The most files a folder may hold, so that a wrong path (`/`) ends soon and says so.
pub const FILES_LIMIT: usize = 10_000;
/// How deep folders may be nested, for the same reason.
const DEPTH_LIMIT: usize = 32;

/// A folder of policies.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

/// One file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFile {
    /// Its path from the folder, with `/`.
    pub name: String,
    /// Its text, or why there is none.
    pub text: Result<String, Unusable>,
    /// Whether it could be replaced.
    pub writable: bool,
}

/// Why a file has no text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unusable {
    /// It is too long to be a policy.
    #[error("too long: `{size_bytes}` bytes, hint: at most {limit} bytes are read; split it")]
    TooLong {
        /// Its length.
        size_bytes: u64,
        /// The most that is read.
        limit: u64,
    },
    /// It is not text.
    #[error("not UTF-8 text from byte `{offset}`, hint: save it as UTF-8")]
    NotText {
        /// Where it stops being text.
        offset: usize,
    },
    /// The system refused to read it.
    #[error("unable to read the file: `{0}`, hint: check its permissions")]
    Read(String),
}

/// Why the folder as a whole cannot be listed.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It, or a folder below it, cannot be opened.
    #[error("unable to list the policy folder: `{path}`, hint: it has to be a readable directory")]
    List {
        /// Which folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It holds more than any policy folder would.
    #[error(
        "more than {FILES_LIMIT} YAML files in the policy folder: `{0}`, hint: is it the right one?"
    )]
    TooMany(PathBuf),
}

impl Folder {
    /// The folder at this path; nothing is read yet.
    pub fn new(root: impl Into<PathBuf>) -> Folder {
        Folder { root: root.into() }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file of this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// All files as they are now, sorted by name. An empty folder is an empty list.
    pub fn read(&self) -> Result<Vec<PolicyFile>, FolderError> {
        let mut paths = Vec::new();
        self.collect(&self.root, DEPTH_LIMIT, &mut paths)?;
        let mut files: Vec<PolicyFile> = paths.iter().map(|path| self.open(path)).collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    fn collect(
        &self,
        folder: &Path,
        depth: usize,
        paths: &mut Vec<PathBuf>,
    ) -> Result<(), FolderError> {
        let list = |source| FolderError::List { path: folder.to_owned(), source };
        for entry in fs::read_dir(folder).map_err(list)? {
            let entry = entry.map_err(list)?;
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = entry.path();
            // The kind of the entry itself: a link to a folder could lead round in a circle.
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth > 0 {
                self.collect(&path, depth - 1, paths)?;
            } else if !kind.is_dir() && is_yaml(&path) && path.is_file() {
                paths.push(path);
            }
            if paths.len() > FILES_LIMIT {
                return Err(FolderError::TooMany(self.root.clone()));
            }
        }
        Ok(())
    }

    fn open(&self, path: &Path) -> PolicyFile {
        let name = path.strip_prefix(&self.root).unwrap_or(path);
        PolicyFile {
            name: name.to_string_lossy().into_owned(),
            text: read_text(path, POLICY_FILE_LIMIT),
            writable: writable(path),
        }
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// The text of a file of at most `limit` bytes; never reads more than that, whatever it grows to.
pub(crate) fn read_text(path: &Path, limit: u64) -> Result<String, Unusable> {
    let refused = |error: io::Error| Unusable::Read(error.to_string());
    let file = File::open(path).map_err(refused)?;
    let size_bytes = file.metadata().map_err(refused)?.len();
    if size_bytes > limit {
        return Err(Unusable::TooLong { size_bytes, limit });
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > limit {
        return Err(Unusable::TooLong { size_bytes: bytes.len() as u64, limit });
    }
    String::from_utf8(bytes)
        .map_err(|error| Unusable::NotText { offset: error.utf8_error().valid_up_to() })
}

//! A new file in the policy folder. It appears whole or not at all, and never in the place of
//! another: the name is taken by a link, which fails where something has it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use thiserror::Error;

use crate::folder::Folder;

/// The longest name that a new file may have.
const NAME_LIMIT: usize = 200;

/// Why a file was not made.
#[derive(Debug, Error)]
pub enum CreateError {
    /// Something has that name.
    #[error("the file is there already: `{0}`, hint: give another name")]
    Exists(String),
    /// It is no name for a policy file.
    #[error("no name for a policy file: `{0}`, hint: letters, digits, dots and dashes, with .yaml")]
    Name(String),
    /// The folder cannot be written.
    #[error("unable to write into the policy folder: `{path}`, hint: it is read-only or full")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Folder {
    /// Makes a new file with this text, directly in the folder.
    pub fn create(&self, name: &str, text: &str) -> Result<(), CreateError> {
        let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let good = stem.is_some_and(|stem| !stem.is_empty() && stem.bytes().all(plain));
        if !good || name.starts_with('.') || name.len() > NAME_LIMIT {
            return Err(CreateError::Name(name.to_owned()));
        }
        let path = self.path(name);
        // Hidden, so that the folder does not read it as a policy.
        let temporary = self.path(&format!(".{name}.new"));
        let made = (|| {
            let mut options = OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o644).open(&temporary)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::hard_link(&temporary, &path)?;
            fs::File::open(self.root())?.sync_all()
        })();
        let _ = fs::remove_file(&temporary);
        made.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => CreateError::Exists(name.to_owned()),
            _ => CreateError::Write { path, source },
        })
    }
}

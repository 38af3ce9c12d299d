//! Replacing a file whole: written beside it, synced, renamed over it, so that whoever reads sees
//! the old text or the new. Permissions and owner are kept, and a text that somebody else changed
//! meanwhile is not overwritten.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use thiserror::Error;

use crate::folder::read_text;

/// Why a file was not replaced; it is as it was.
#[derive(Debug, Error)]
pub enum ReplaceError {
    /// It cannot be written.
    #[error(
        "unable to write the file: `{path}`, hint: it or its folder is read-only; make it writable, or change it where it comes from"
    )]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Its text is not the one the change was made from.
    #[error("changed by somebody else meanwhile: `{0}`, hint: look at it and try again")]
    Changed(PathBuf),
}

/// Puts `new` in the place of `old`, which the file must still hold.
pub fn replace(path: &Path, old: &str, new: &str) -> Result<(), ReplaceError> {
    let failed = |source| ReplaceError::Write { path: path.to_owned(), source };
    // A link keeps pointing where it points; the file behind it is replaced.
    let target = fs::canonicalize(path).map_err(failed)?;
    if read_text(&target, u64::MAX - 1).ok().as_deref() != Some(old) {
        return Err(ReplaceError::Changed(path.to_owned()));
    }
    let temporary = beside(&target);
    let written = write_beside(&target, &temporary, new)
        .and_then(|()| fs::rename(&temporary, &target))
        .and_then(|()| File::open(folder_of(&target))?.sync_all());
    written.map_err(|source| {
        let _ = fs::remove_file(&temporary);
        failed(source)
    })
}

/// Whether the file could be replaced: both it and its folder can be written.
pub fn writable(path: &Path) -> bool {
    fs::canonicalize(path).is_ok_and(|target| may_write(&target) && may_write(folder_of(&target)))
}

fn write_beside(target: &Path, temporary: &Path, text: &str) -> io::Result<()> {
    let like = fs::metadata(target)?;
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(temporary)?;
    file.write_all(text.as_bytes())?;
    // Only root may give a file away; whoever may not keeps it as their own.
    if like.uid() != file.metadata()?.uid() || like.gid() != file.metadata()?.gid() {
        chown(temporary, Some(like.uid()), Some(like.gid()))?;
    }
    file.set_permissions(fs::Permissions::from_mode(like.mode()))?;
    file.sync_all()
}

fn beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    // Hidden, so that the folder does not read it as a policy.
    target.with_file_name(format!(".{name}.podwall"))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// Asks the system, since a mount can be read-only for root as well. Nothing is written to find
/// out.
fn may_write(path: &Path) -> bool {
    access(path, AccessFlags::W_OK).is_ok()
}

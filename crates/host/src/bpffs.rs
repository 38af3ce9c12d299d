//! The file system that pinned BPF state lives in, mounted at a path of our own.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use thiserror::Error;

use crate::made::{Made, RecordError, Thing};

/// Why the file system could not be mounted or unmounted.
#[derive(Debug, Error)]
pub enum MountError {
    /// The directory to mount on could not be made.
    #[error("unable to make the directory: `{0}`")]
    Directory(PathBuf, #[source] io::Error),
    /// What is mounted could not be read.
    #[error("unable to read what is mounted: `/proc/self/mountinfo`, hint: is /proc mounted?")]
    List(#[source] io::Error),
    /// It could not be mounted.
    #[error("unable to mount a bpffs: `{0}`, hint: run as root on a kernel with BPF")]
    Mount(PathBuf, #[source] io::Error),
    /// It could not be unmounted.
    #[error("unable to unmount the bpffs: `{0}`")]
    Unmount(PathBuf, #[source] io::Error),
    /// What is to be made could not be written down first.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Mounts a bpffs at `path`, readable by root alone. One that is there already is kept.
pub fn mount_at(path: &Path, made: &mut Made) -> Result<(), MountError> {
    if is_mounted(path)? {
        made.record(Thing::Mount(path.to_owned()))?;
        return Ok(());
    }
    if !path.exists() {
        made.record(Thing::Directory(path.to_owned()))?;
        DirBuilder::new()
            .mode(0o700)
            .create(path)
            .map_err(|cause| MountError::Directory(path.to_owned(), cause))?;
    }
    made.record(Thing::Mount(path.to_owned()))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("podwall"), path, Some("bpf"), flags, Some("mode=0700"))
        .map_err(|cause| MountError::Mount(path.to_owned(), cause.into()))
}

/// Unmounts the bpffs at `path`, and with it lets go of all that was pinned in it. Gone already,
/// or something else mounted there, is left as it is.
pub fn unmount(path: &Path) -> Result<(), MountError> {
    while is_mounted(path)? {
        match umount2(path, MntFlags::MNT_DETACH) {
            Ok(()) => {}
            Err(Errno::EINVAL | Errno::ENOENT) => break,
            Err(cause) => return Err(MountError::Unmount(path.to_owned(), cause.into())),
        }
    }
    Ok(())
}

/// Whether a bpffs is mounted exactly there.
pub fn is_mounted(path: &Path) -> Result<bool, MountError> {
    let Ok(path) = path.canonicalize() else {
        return Ok(false);
    };
    let list = fs::read("/proc/self/mountinfo").map_err(MountError::List)?;
    let mut at_path = list.split(|byte| *byte == b'\n').filter_map(mount_point_and_kind);
    let top = at_path.rfind(|(point, _)| *point == path.as_os_str().as_bytes());
    Ok(top.is_some_and(|(_, kind)| kind == b"bpf"))
}

/// `proc_pid_mountinfo(5)`: field 5 is the mount point, octal-escaped; the kind follows ` - `.
fn mount_point_and_kind(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let point = line.split(|byte| *byte == b' ').nth(4)?;
    let dash = line.windows(3).position(|window| window == b" - ")?;
    let kind = line[dash + 3..].split(|byte| *byte == b' ').next()?;
    Some((unescaped(point), kind))
}

fn unescaped(mut text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    while let Some((&first, rest)) = text.split_first() {
        let octal = (first == b'\\').then(|| rest.get(..3)).flatten();
        let code = octal.and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                plain.push(byte);
                text = &rest[3..];
            }
            None => {
                plain.push(first);
                text = rest;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_point_with_a_space_is_read() {
        let line = b"36 35 0:30 / /run/a\\040b rw,nosuid shared:1 - bpf podwall rw,mode=700";
        assert_eq!(mount_point_and_kind(line), Some((b"/run/a b".to_vec(), &b"bpf"[..])));
    }
}

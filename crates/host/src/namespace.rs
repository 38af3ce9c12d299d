//! Network namespaces with a name under `/run/netns`, as `ip netns` keeps them.
//!
//! Work inside a namespace runs on a thread of its own that enters it and ends there. The thread
//! that asks never leaves its namespace.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use thiserror::Error;

use crate::made::{Made, RecordError, Thing};

/// Where namespaces with names live.
pub const DIRECTORY: &str = "/run/netns";

/// A namespace that is open: it lives at least as long as this value.
#[derive(Debug)]
pub struct Namespace {
    path: PathBuf,
    file: File,
}

/// Why something about a namespace could not be done.
#[derive(Debug, Error)]
pub enum NamespaceError {
    /// There is something of that name already.
    #[error(
        "namespace exists already: `{0}`, hint: run `podwall down`, or use another state directory"
    )]
    Exists(PathBuf),
    /// The directory of namespaces cannot be prepared.
    #[error("unable to prepare the directory of namespaces: `{DIRECTORY}`, hint: run as root")]
    Directory(#[source] io::Error),
    /// It could not be made.
    #[error("unable to make the namespace: `{0}`, hint: run as root")]
    Create(PathBuf, #[source] io::Error),
    /// It could not be opened.
    #[error("unable to open the namespace: `{0}`, hint: is it still there?")]
    Open(PathBuf, #[source] io::Error),
    /// It could not be entered.
    #[error("unable to enter the namespace: `{0}`, hint: is it a network namespace?")]
    Enter(PathBuf, #[source] io::Error),
    /// It could not be removed.
    #[error("unable to remove the namespace: `{0}`")]
    Remove(PathBuf, #[source] io::Error),
    /// What is to be made could not be written down first.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Namespace {
    /// Makes `/run/netns/NAME`, written down before it is made.
    pub fn create(name: &str, made: &mut Made) -> Result<Namespace, NamespaceError> {
        prepare_directory(made)?;
        let path = Path::new(DIRECTORY).join(name);
        if fs::symlink_metadata(&path).is_ok() {
            return Err(NamespaceError::Exists(path));
        }
        made.record(Thing::Namespace(path.clone()))?;
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o444)
            .open(&path)
            .and_then(|_| on_a_thread(|| bind_fresh_namespace(&path)))
            .map_err(|cause| NamespaceError::Create(path.clone(), cause))?;
        Namespace::open(&path)
    }

    /// Opens the namespace at a path: a name under `/run/netns`, or `/proc/PID/ns/net`.
    pub fn open(path: &Path) -> Result<Namespace, NamespaceError> {
        let file =
            File::open(path).map_err(|cause| NamespaceError::Open(path.to_owned(), cause))?;
        Ok(Namespace { path: path.to_owned(), file })
    }

    /// Where it was found.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file that stands for it.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The number that tells it from all other namespaces.
    pub fn inode(&self) -> Result<u64, NamespaceError> {
        let metadata = self.file.metadata();
        metadata.map(|m| m.ino()).map_err(|e| NamespaceError::Open(self.path.clone(), e))
    }

    /// Runs `work` on a thread of its own inside the namespace, and waits for its end.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, NamespaceError> {
        let enter = |cause: Errno| NamespaceError::Enter(self.path.clone(), cause.into());
        on_a_thread(|| {
            setns(&self.file, CloneFlags::CLONE_NEWNET).map_err(enter)?;
            Ok(work())
        })
    }
}

/// Removes the name of a namespace; what still runs in it keeps it alive. Gone already is fine.
pub fn remove(path: &Path) -> Result<(), NamespaceError> {
    let failed = |cause: io::Error| NamespaceError::Remove(path.to_owned(), cause);
    match umount2(path, MntFlags::MNT_DETACH) {
        Ok(()) | Err(Errno::EINVAL | Errno::ENOENT) => {}
        Err(cause) => return Err(failed(cause.into())),
    }
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(failed(cause)),
        _ => Ok(()),
    }
}

/// Takes the mount on `/run/netns` away again, if nobody keeps a namespace there.
pub(crate) fn unmount_directory() -> Result<(), NamespaceError> {
    let failed = NamespaceError::Directory;
    let _lock = match lock_directory() {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(failed)?,
    };
    if fs::read_dir(DIRECTORY).map_err(failed)?.next().is_some() {
        return Ok(());
    }
    match umount2(DIRECTORY, MntFlags::MNT_DETACH) {
        Ok(()) | Err(Errno::EINVAL) => Ok(()),
        Err(cause) => Err(failed(cause.into())),
    }
}

/// Makes `/run/netns` a shared mount point if it is none, exactly as `ip netns add` does, so that
/// both can make and remove names there.
fn prepare_directory(made: &mut Made) -> Result<(), NamespaceError> {
    let failed = NamespaceError::Directory;
    if !Path::new(DIRECTORY).exists() {
        made.record(Thing::Directory(DIRECTORY.into()))?;
        DirBuilder::new().mode(0o755).recursive(true).create(DIRECTORY).map_err(failed)?;
    }
    let _lock = lock_directory().map_err(failed)?;
    let share = || {
        let flags = MsFlags::MS_SHARED | MsFlags::MS_REC;
        mount(None::<&str>, DIRECTORY, None::<&str>, flags, None::<&str>)
    };
    if share().is_ok() {
        return Ok(());
    }
    made.record(Thing::NamespaceMount)?;
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(DIRECTORY), DIRECTORY, None::<&str>, flags, None::<&str>)
        .and_then(|()| share())
        .map_err(|cause| failed(cause.into()))
}

fn lock_directory() -> io::Result<Flock<File>> {
    let directory = File::open(DIRECTORY)?;
    Flock::lock(directory, FlockArg::LockExclusive).map_err(|(_, errno)| errno.into())
}

fn bind_fresh_namespace(path: &Path) -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    let own = Some("/proc/thread-self/ns/net");
    Ok(mount(own, path, None::<&str>, MsFlags::MS_BIND, None::<&str>)?)
}

/// Runs `work` on a thread that ends with it, so that the namespace it entered is left with it.
fn on_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| match scope.spawn(work).join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

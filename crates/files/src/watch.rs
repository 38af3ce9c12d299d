//! Watching files and folders: says *that* something changed, never what; whoever listens reads
//! again. Reading does not wake it.

use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use thiserror::Error;

/// A running watch; dropping it ends it.
pub struct Watch {
    _watcher: RecommendedWatcher,
}

/// Why nothing is watched.
#[derive(Debug, Error)]
#[error(
    "unable to watch for changes: `{path}`, hint: raise fs.inotify.max_user_watches, or restart after changes"
)]
pub struct WatchError {
    path: PathBuf,
    #[source]
    source: notify::Error,
}

impl Watch {
    /// Calls `changed` whenever something below one of the folders, or one of the files, is
    /// written, made, renamed or removed. It is called from a thread of its own and must not wait.
    pub fn start(
        folders: &[&Path],
        files: &[&Path],
        changed: impl Fn() + Send + 'static,
    ) -> Result<Watch, WatchError> {
        let wanted: Vec<PathBuf> = files.iter().map(|file| file.to_path_buf()).collect();
        let roots: Vec<PathBuf> = folders.iter().map(|folder| folder.to_path_buf()).collect();
        let handler = move |event: notify::Result<Event>| {
            // An error here means that events were dropped: look again rather than miss one.
            if event.as_ref().map_or(true, |event| matters(event, &roots, &wanted)) {
                changed();
            }
        };
        let first = folders.iter().chain(files).next().copied().unwrap_or(Path::new("/"));
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| WatchError { path, source }
        };
        let mut watcher = notify::recommended_watcher(handler).map_err(failed(first))?;
        for folder in folders {
            watcher.watch(folder, RecursiveMode::Recursive).map_err(failed(folder))?;
        }
        for file in files {
            // A file that is replaced by a rename is another file: its folder is watched instead.
            let folder = file.parent().filter(|path| !path.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            watcher.watch(folder, RecursiveMode::NonRecursive).map_err(failed(folder))?;
        }
        Ok(Watch { _watcher: watcher })
    }
}

fn matters(event: &Event, folders: &[PathBuf], files: &[PathBuf]) -> bool {
    let written = match event.kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    };
    let ours = event.paths.is_empty()
        || event.paths.iter().any(|path| {
            folders.iter().any(|folder| path.starts_with(folder))
                || files.iter().any(|file| path.file_name() == file.file_name())
        });
    written && ours
}

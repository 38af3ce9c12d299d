//! Watching the files: waits until they are quiet for a moment, then looks.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use podwall_files::Watch;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::app::App;
use crate::source::look;

/// An editor writes a file in several steps; they are over after this long.
const QUIET: Duration = Duration::from_millis(60);
/// Files that never get quiet are looked at this often all the same.
const LONGEST: Duration = Duration::from_millis(500);
/// How often files are looked at without being told to, for file systems that tell nothing.
const UNASKED: Duration = Duration::from_secs(5);

/// Watches for as long as the process runs. Where nothing can be watched, says so and looks now
/// and then; a folder that went away and came back is watched anew.
pub(crate) fn watch(app: Arc<App>) {
    let (told, mut heard) = mpsc::channel(1);
    let mut watched = Watched::start(&app, told.clone());
    tokio::spawn(async move {
        loop {
            if timeout(UNASKED, heard.recv()).await.is_ok() {
                settle(&mut heard).await;
            }
            if watched.folder != identity(app.source.policies().root()) {
                watched = Watched::start(&app, told.clone());
            }
            // Not between the two steps of somebody's change.
            let _quiet = app.changing.lock().await;
            look(&app, None).await;
        }
    });
}

/// A watch, and the folder it is of: a path can come to name another.
struct Watched {
    _watch: Option<Watch>,
    folder: Option<(u64, u64)>,
}

impl Watched {
    fn start(app: &App, told: mpsc::Sender<()>) -> Watched {
        let folder = app.source.policies();
        let files: Vec<&Path> = app.source.workload_file().into_iter().collect();
        let wake = move || {
            // One that waits already stands for all that follow.
            let _ = told.try_send(());
        };
        let identity = identity(folder.root());
        let watch = Watch::start(&[folder.root()], &files, wake);
        if let Err(error) = &watch {
            tracing::warn!("{error}; looking every {} s instead", UNASKED.as_secs());
        }
        Watched { _watch: watch.ok(), folder: identity }
    }
}

fn identity(folder: &Path) -> Option<(u64, u64)> {
    let found = fs::metadata(folder).ok()?;
    Some((found.dev(), found.ino()))
}

async fn settle(heard: &mut mpsc::Receiver<()>) {
    let began = Instant::now();
    while began.elapsed() < LONGEST {
        if timeout(QUIET, heard.recv()).await.is_err() {
            return;
        }
    }
}

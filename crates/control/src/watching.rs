//! Watching the files: waits until they are quiet for a moment, then looks.

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
const UNASKED: Duration = Duration::from_secs(10);

/// Watches for as long as the process runs. Where nothing can be watched, says so and looks now
/// and then.
pub(crate) fn watch(app: Arc<App>) {
    let (told, mut heard) = mpsc::channel(1);
    let waking = told.clone();
    let wake = move || {
        // One that waits already stands for all that follow.
        let _ = waking.try_send(());
    };
    let folder = app.source.policies();
    let files: Vec<&std::path::Path> = app.source.workload_file().into_iter().collect();
    let watch = Watch::start(&[folder.root()], &files, wake);
    if let Err(error) = &watch {
        tracing::warn!("{error}; looking every {} s instead", UNASKED.as_secs());
    }
    tokio::spawn(async move {
        // Kept, so that a watch that could not be started does not look like an endless change.
        let _kept = (watch, told);
        loop {
            if timeout(UNASKED, heard.recv()).await.is_ok_and(|more| more.is_some()) {
                settle(&mut heard).await;
            }
            // Not between the two steps of somebody's change.
            let _quiet = app.changing.lock().await;
            look(&app, None).await;
        }
    });
}

async fn settle(heard: &mut mpsc::Receiver<()>) {
    let began = Instant::now();
    while began.elapsed() < LONGEST {
        if timeout(QUIET, heard.recv()).await.is_err() {
            return;
        }
    }
}

//! Where workloads and policies come from, and reading them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use podwall_files::{Folder, Workloads, read_world};
use podwall_wire::rest::Problem;

use crate::app::App;
use crate::event::{Event, Looked, Reply};

/// Where workloads and policies come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The user's files. Modes of namespaces are written into the workload file.
    Files {
        /// The workload file.
        workloads: PathBuf,
        /// The policy folder.
        policies: PathBuf,
    },
    /// The demo's. Modes of namespaces are kept in the state directory.
    Demo {
        /// What the demo has made.
        workloads: Workloads,
        /// The policy folder.
        policies: PathBuf,
    },
}

impl Source {
    /// The policy folder.
    pub(crate) fn policies(&self) -> Folder {
        match self {
            Source::Files { policies, .. } | Source::Demo { policies, .. } => Folder::new(policies),
        }
    }

    /// The workload file, where there is one.
    pub(crate) fn workload_file(&self) -> Option<&Path> {
        match self {
            Source::Files { workloads, .. } => Some(workloads),
            Source::Demo { .. } => None,
        }
    }

    /// The workloads, with the text of their file.
    fn workloads(&self) -> Result<(Option<String>, Workloads), Problem> {
        let path = match self {
            Source::Demo { workloads, .. } => return Ok((None, workloads.clone())),
            Source::Files { workloads, .. } => workloads,
        };
        read_world(path).map(|(text, workloads)| (Some(text), workloads)).map_err(|error| {
            let file = path.display().to_string();
            let place = match error.line {
                0 => file.clone(),
                line => format!("{file}:{line}:{}", error.column),
            };
            let message =
                format!("{place}: {error}; the workloads stay as they were before this change");
            Problem { code: "workloads_refused".into(), message, subject: Some(file) }
        })
    }
}

/// Reads everything as it is now and has the engine decide about it.
pub(crate) async fn look(app: &Arc<App>, reply: Option<Reply>) {
    let reader = app.clone();
    let read = tokio::task::spawn_blocking(move || {
        let folder = reader.source.policies();
        let policies = folder.read().map_err(|error| {
            let why = std::error::Error::source(&error).map(|why| format!(" ({why})"));
            Problem {
                code: "folder_unreadable".into(),
                message: format!("{error}{}", why.unwrap_or_default()),
                subject: Some(folder.root().display().to_string()),
            }
        });
        Looked { policies, workloads: reader.source.workloads(), reply }
    });
    let looked = read.await.expect("reading files does not panic");
    let _ = app.events.send(Event::Looked(Box::new(looked))).await;
}

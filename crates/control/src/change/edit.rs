//! Files with modes in them, before and after: all that a change writes is made before any of it is
//! written.

use std::path::PathBuf;

use axum::http::StatusCode;
use podwall_files::{ReplaceError, replace, set_namespace_mode};
use podwall_model::{Mode, PolicyId};
use podwall_policy::{SetModeError, set_mode};

use crate::app::App;
use crate::refusal::Refusal;

/// One file with its text before and after.
pub(super) struct Edit {
    path: PathBuf,
    old: String,
    new: String,
    /// The policies that stand in it.
    policies: Vec<PolicyId>,
}

/// Several policies' modes; those of one file become one edit.
pub(super) fn edit_policies<'a>(
    app: &App,
    modes: impl Iterator<Item = (&'a PolicyId, Mode)>,
) -> Result<Vec<Edit>, Refusal> {
    let mut edits: Vec<Edit> = Vec::new();
    for (id, mode) in modes {
        match edits.iter_mut().find(|edit| edit.policies.contains(id)) {
            Some(known) => known.new = edited(&known.new, id, Some(mode))?,
            None => edits.push(edit_policy(app, id, Some(mode))?),
        }
    }
    Ok(edits)
}

pub(super) fn edit_policy(app: &App, id: &PolicyId, mode: Option<Mode>) -> Result<Edit, Refusal> {
    let state = app.state();
    let text = id.to_string();
    let (name, file) =
        state.documents.file_of(&text).ok_or_else(|| crate::route::no_policy(&text))?;
    let old = file.text.clone().ok_or_else(|| {
        conflict("not_readable", format!("the file cannot be read: `{name}`, hint: mend it first"))
    })?;
    let new = edited(&old, id, mode)?;
    let path = app.source.policies().path(name);
    Ok(Edit { path, old, new, policies: file.written().cloned().collect() })
}

pub(super) fn edited(text: &str, id: &PolicyId, mode: Option<Mode>) -> Result<String, Refusal> {
    set_mode(text, id, mode).map_err(|error| {
        let code = match error {
            SetModeError::NoSuchPolicy(_) => "not_readable",
            SetModeError::Layout(_) => "layout",
        };
        conflict(code, error.to_string())
    })
}

pub(super) fn edit_namespace(
    path: &std::path::Path,
    name: &str,
    mode: Mode,
) -> Result<Edit, Refusal> {
    let old = std::fs::read_to_string(path).map_err(|error| {
        conflict("not_readable", format!("unable to read: `{}`: {error}", path.display()))
    })?;
    let new = set_namespace_mode(&old, name, mode)
        .map_err(|error| conflict("layout", error.to_string()))?;
    Ok(Edit { path: path.to_owned(), old, new, policies: Vec::new() })
}

pub(super) fn edit_enforcing_namespaces(app: &App) -> Result<Option<Edit>, Refusal> {
    let Some(path) = app.source.workload_file() else { return Ok(None) };
    let enforcing: Vec<String> = {
        let state = app.state();
        let namespaces = state.world().namespaces.iter();
        let enforcing = namespaces.filter(|namespace| namespace.mode == Some(Mode::Enforce));
        enforcing.map(|namespace| namespace.name.clone()).collect()
    };
    let mut edit: Option<Edit> = None;
    for name in enforcing {
        edit = Some(match edit {
            None => edit_namespace(path, &name, Mode::Detect)?,
            Some(edit) => Edit {
                new: set_namespace_mode(&edit.new, &name, Mode::Detect)
                    .map_err(|error| conflict("layout", error.to_string()))?,
                ..edit
            },
        });
    }
    Ok(edit)
}

pub(super) async fn write(edits: Vec<Edit>) -> Result<(), Refusal> {
    let written = tokio::task::spawn_blocking(move || {
        edits
            .iter()
            .filter(|edit| edit.old != edit.new)
            .try_for_each(|edit| replace(&edit.path, &edit.old, &edit.new))
    });
    written.await.map_err(Refusal::internal)?.map_err(|error| match &error {
        ReplaceError::Write { source, .. } => {
            conflict("not_writable", format!("{error} ({source})"))
        }
        ReplaceError::Changed(_) => conflict("changed_meanwhile", error.to_string()),
    })
}

pub(super) fn conflict(code: &str, message: String) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, code, message)
}

//! Changing modes where they stand: in policy files, in the workload file, in what is remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use axum::http::StatusCode;
use podwall_files::{ReplaceError, replace, set_namespace_mode};
use podwall_model::{Mode, PolicyId, PolicyKind};
use podwall_policy::{SetModeError, set_mode};
use podwall_wire::rest::{self, Changed};
use tokio::sync::oneshot;

use crate::app::App;
use crate::event::Event;
use crate::refusal::Refusal;
use crate::selection::{is_about, labelled, mode_for};
use crate::source::{Source, look};

/// Sets one policy's own mode, or takes it away.
pub(crate) async fn policy(
    app: &Arc<App>,
    id: &str,
    mode: Option<Mode>,
) -> Result<Changed, Refusal> {
    let id = parse_id(id).ok_or_else(|| crate::route::no_policy(id))?;
    let _alone = app.changing.lock().await;
    let edit = edit_policy(app, &id, mode)?;
    write(vec![edit]).await?;
    Ok(Changed { revision: settle(app).await, policies: vec![id.to_string()] })
}

/// Sets the modes of several policies in one revision: all files are written before any is looked
/// at.
pub(crate) async fn policies(
    app: &Arc<App>,
    modes: &BTreeMap<PolicyId, Mode>,
) -> Result<Changed, Refusal> {
    let _alone = app.changing.lock().await;
    let before = self::modes(app);
    let edits = edit_policies(app, modes.iter().map(|(id, mode)| (id, *mode)))?;
    write(edits).await?;
    let revision = settle(app).await;
    Ok(Changed { revision, policies: differing(&before, &self::modes(app)) })
}

/// Sets the cluster-wide default.
pub(crate) async fn cluster(app: &Arc<App>, mode: Mode) -> Result<Changed, Refusal> {
    let before = modes(app);
    let revision = app.decide(|reply| Event::ModeSet(mode, reply)).await;
    Ok(Changed { revision, policies: differing(&before, &modes(app)) })
}

/// Sets the mode of a namespace.
pub(crate) async fn namespace(app: &Arc<App>, name: &str, mode: Mode) -> Result<Changed, Refusal> {
    if app.state().world().namespace(name).is_none() {
        return Err(Refusal::not_found(format!(
            "no such namespace: `{name}`, hint: it has to be listed under `namespaces:` in the \
             workload file"
        )));
    }
    let before = modes(app);
    let revision = match &app.source {
        Source::Demo { .. } => {
            app.decide(|reply| Event::NamespaceModeSet(name.to_owned(), mode, reply)).await
        }
        Source::Files { workloads, .. } => {
            let _alone = app.changing.lock().await;
            write(vec![edit_namespace(workloads, name, mode)?]).await?;
            settle(app).await
        }
    };
    Ok(Changed { revision, policies: differing(&before, &modes(app)) })
}

/// Sets to detect whatever enforces: policies, namespaces, the default. What cannot be written is
/// said before anything is.
pub(crate) async fn detect_everything(app: &Arc<App>) -> Result<Changed, Refusal> {
    let before = modes(app);
    {
        let _alone = app.changing.lock().await;
        let enforcing: Vec<PolicyId> = {
            let state = app.state();
            let policies = state.documents.policies();
            let own = policies.filter(|policy| policy.mode == Some(Mode::Enforce));
            own.map(|policy| policy.id.clone()).collect()
        };
        let mut edits = edit_policies(app, enforcing.iter().map(|id| (id, Mode::Detect)))?;
        edits.extend(edit_enforcing_namespaces(app)?);
        write(edits).await?;
        settle(app).await;
    }
    detect_remembered(app).await;
    let revision = app.decide(|reply| Event::ModeSet(detected(app.state().mode), reply)).await;
    Ok(Changed { revision, policies: differing(&before, &modes(app)) })
}

/// Off stays off: it drops nothing either.
fn detected(mode: Mode) -> Mode {
    match mode {
        Mode::Enforce | Mode::Detect => Mode::Detect,
        Mode::Off => Mode::Off,
    }
}

async fn detect_remembered(app: &Arc<App>) {
    let remembered: Vec<String> = {
        let state = app.state();
        let modes = state.memory.namespaces.iter();
        let enforcing = modes.filter(|(_, mode)| Mode::from(**mode) == Mode::Enforce);
        enforcing.map(|(name, _)| name.clone()).collect()
    };
    for name in remembered {
        app.decide(|reply| Event::NamespaceModeSet(name, Mode::Detect, reply)).await;
    }
}

/// One file with its text before and after.
struct Edit {
    path: PathBuf,
    old: String,
    new: String,
    /// The policies that stand in it.
    policies: Vec<PolicyId>,
}

/// Several policies' modes; those of one file become one edit.
fn edit_policies<'a>(
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

fn edit_policy(app: &App, id: &PolicyId, mode: Option<Mode>) -> Result<Edit, Refusal> {
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

fn edited(text: &str, id: &PolicyId, mode: Option<Mode>) -> Result<String, Refusal> {
    set_mode(text, id, mode).map_err(|error| {
        let code = match error {
            SetModeError::NoSuchPolicy(_) => "not_readable",
            SetModeError::Layout(_) => "layout",
        };
        conflict(code, error.to_string())
    })
}

fn edit_namespace(path: &std::path::Path, name: &str, mode: Mode) -> Result<Edit, Refusal> {
    let old = std::fs::read_to_string(path).map_err(|error| {
        conflict("not_readable", format!("unable to read: `{}`: {error}", path.display()))
    })?;
    let new = set_namespace_mode(&old, name, mode)
        .map_err(|error| conflict("layout", error.to_string()))?;
    Ok(Edit { path: path.to_owned(), old, new, policies: Vec::new() })
}

fn edit_enforcing_namespaces(app: &App) -> Result<Option<Edit>, Refusal> {
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

async fn write(edits: Vec<Edit>) -> Result<(), Refusal> {
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

/// Looks at the files that were just written; the revision that carries them.
async fn settle(app: &Arc<App>) -> u64 {
    let (reply, answer) = oneshot::channel();
    look(app, Some(reply)).await;
    answer.await.unwrap_or_else(|_| app.state().revision)
}

fn conflict(code: &str, message: String) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, code, message)
}

/// Each policy with its mode for each workload that it is about.
fn modes(app: &App) -> BTreeSet<(String, String, Mode)> {
    let state = app.state();
    let labelled = labelled(state.world());
    let mut modes = BTreeSet::new();
    for policy in state.documents.policies() {
        for (workload, labels) in &labelled {
            if policy.rules.iter().any(|rule| is_about(rule, labels)) {
                let (mode, _) =
                    mode_for(policy, &workload.name.namespace, state.world(), state.mode);
                modes.insert((policy.id.to_string(), workload.name.to_string(), mode));
            }
        }
    }
    modes
}

fn differing(
    before: &BTreeSet<(String, String, Mode)>,
    after: &BTreeSet<(String, String, Mode)>,
) -> Vec<String> {
    let changed: BTreeSet<&String> =
        before.symmetric_difference(after).map(|(policy, _, _)| policy).collect();
    changed.into_iter().cloned().collect()
}

/// The modes that a body asks for, by policies that it names rightly.
pub(crate) fn modes_by_id(
    asked: &BTreeMap<String, rest::Mode>,
) -> Result<BTreeMap<PolicyId, Mode>, Refusal> {
    let known = |(id, mode): (&String, &rest::Mode)| {
        let id = parse_id(id).ok_or_else(|| crate::route::no_policy(id))?;
        Ok((id, Mode::from(*mode)))
    };
    asked.iter().map(known).collect()
}

/// `Kind/namespace/name`, or `Kind/name`.
fn parse_id(text: &str) -> Option<PolicyId> {
    let mut parts = text.split('/');
    let kind = PolicyKind::from_name(parts.next()?)?;
    let (first, second) = (parts.next()?.to_owned(), parts.next().map(str::to_owned));
    if parts.next().is_some() {
        return None;
    }
    Some(match second {
        Some(name) => PolicyId { kind, namespace: Some(first), name },
        None => PolicyId { kind, namespace: None, name: first },
    })
}

//! Changing modes where they stand: in policy files, in the workload file, in what is remembered.

mod edit;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::http::StatusCode;
use podwall_files::CreateError;
use podwall_model::{Mode, PolicyId, PolicyKind};
use podwall_wire::rest::{self, ChangeKind, Changed, SavePolicies, Saved};
use tokio::sync::oneshot;

use self::edit::{
    conflict, edit_enforcing_namespaces, edit_namespace, edit_policies, edit_policy, edited, write,
};
use crate::app::App;
use crate::caller::Caller;
use crate::changes::Noted;
use crate::event::Event;
use crate::refusal::Refusal;
use crate::selection::{is_about, labelled, mode_for};
use crate::source::{Source, look};

/// Sets one policy's own mode, or takes it away.
pub(crate) async fn policy(
    app: &Arc<App>,
    asked: &Asked,
    id: &str,
    mode: Option<Mode>,
) -> Result<Changed, Refusal> {
    let id = parse_id(id).ok_or_else(|| crate::route::no_policy(id))?;
    let _alone = app.changing.lock().await;
    asked.holds(app)?;
    let before = said(app);
    let edit = edit_policy(app, &id, mode)?;
    write(vec![edit]).await?;
    let revision = settle(app).await;
    note(app, asked, &before, revision);
    Ok(Changed { revision, policies: vec![id.to_string()] })
}

/// Who asks for a change, and of which revision they know.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) caller: Caller,
    /// The revision that the change was decided on; another one makes it stale.
    pub(crate) known: Option<u64>,
}

impl Asked {
    fn holds(&self, app: &App) -> Result<(), Refusal> {
        let now = app.state().revision;
        match self.known {
            Some(known) if known != now => {
                let mut last = app.changes().newest(None, 1, |_| true).0;
                let who = last.pop().filter(|change| change.revision > known);
                let who = who.map_or_else(String::new, |change| {
                    format!(", {} changed {}", change.who, change.subject)
                });
                Err(Refusal::new(
                    StatusCode::PRECONDITION_FAILED,
                    "stale",
                    format!(
                        "changed meanwhile: revision `{known}` was looked at, `{now}` holds{who}, \
                         hint: look again and decide anew"
                    ),
                ))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// What policies, namespaces and the cluster say of their modes themselves.
fn said(app: &App) -> BTreeMap<(ChangeKind, String), Option<Mode>> {
    let state = app.state();
    let policies = state.documents.policies();
    let mut said: BTreeMap<(ChangeKind, String), Option<Mode>> =
        policies.map(|policy| ((ChangeKind::Mode, policy.id.to_string()), policy.mode)).collect();
    said.extend(
        state
            .world()
            .namespaces
            .iter()
            .map(|namespace| ((ChangeKind::NamespaceMode, namespace.name.clone()), namespace.mode)),
    );
    said.insert((ChangeKind::ClusterMode, "cluster".to_owned()), Some(state.mode));
    said
}

/// Notes whose own mode is another than before.
fn note(
    app: &App,
    asked: &Asked,
    before: &BTreeMap<(ChangeKind, String), Option<Mode>>,
    revision: u64,
) {
    let word = |mode: Option<Mode>| mode.map(|mode| mode.to_string());
    let now = said(app);
    let changed = now.into_iter().filter_map(|((what, subject), mode)| {
        let was = before.get(&(what, subject.clone())).copied().flatten();
        (was != mode).then(|| Noted { what, subject, from: word(was), to: word(mode) })
    });
    app.note(changed.collect(), &asked.caller, revision);
}

/// The file that a new policy is saved to: its namespace and its name.
pub(crate) fn file_name(id: Option<&PolicyId>) -> String {
    let Some(id) = id else { return "draft.yaml".to_owned() };
    let namespace = id.namespace.iter().map(|namespace| format!("{namespace}-"));
    let plain = format!("{}{}", namespace.collect::<String>(), id.name);
    let safe = plain.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    format!("{}.yaml", safe.collect::<String>())
}

/// Saves new policies into a file of their own, in detection.
pub(crate) async fn save(
    app: &Arc<App>,
    caller: &Caller,
    asked: SavePolicies,
) -> Result<Saved, Refusal> {
    let bad = |message: String| Refusal::new(StatusCode::BAD_REQUEST, "bad_policy", message);
    let checked = podwall_policy::check(&asked.yaml, "");
    let error = checked.diagnostics.iter().find(|d| d.severity == podwall_policy::Severity::Error);
    if let Some(error) = error {
        let place = format!("{}:{}", error.span.line, error.span.column);
        return Err(bad(format!("{place}: {} {}", error.code, error.message)));
    }
    let Some(first) = checked.policies.first() else {
        return Err(bad("no policy in the text, hint: send it as `yaml`".to_owned()));
    };
    let file = asked.file.unwrap_or_else(|| file_name(Some(&first.id)));
    let mut text = asked.yaml;
    for policy in checked.policies.iter().filter(|policy| policy.mode != Some(Mode::Detect)) {
        text = edited(&text, &policy.id, Some(Mode::Detect))?;
    }
    let _alone = app.changing.lock().await;
    for policy in &checked.policies {
        let id = policy.id.to_string();
        if let Some((name, _)) = app.state().documents.file_of(&id) {
            let message =
                format!("the policy is there already: `{id}` in `{name}`, hint: take another name");
            return Err(conflict("exists", message));
        }
    }
    let (folder, name) = (app.source.policies(), file.clone());
    let made = tokio::task::spawn_blocking(move || folder.create(&name, &text));
    made.await.map_err(Refusal::internal)?.map_err(|error| match &error {
        CreateError::Exists(_) => conflict("exists", error.to_string()),
        CreateError::Name(_) => bad(error.to_string()),
        CreateError::Write { source, .. } => {
            conflict("not_writable", format!("{error} ({source})"))
        }
    })?;
    let revision = settle(app).await;
    let added = checked.policies.iter().map(|policy| Noted {
        what: ChangeKind::Added,
        subject: policy.id.to_string(),
        from: None,
        to: Some(file.clone()),
    });
    app.note(added.collect(), caller, revision);
    let policies = checked.policies.iter().map(|policy| policy.id.to_string()).collect();
    Ok(Saved { file, policies, revision })
}

/// Sets the modes of several policies in one revision: all files are written before any is looked
/// at.
pub(crate) async fn policies(
    app: &Arc<App>,
    asked: &Asked,
    modes: &BTreeMap<PolicyId, Mode>,
) -> Result<Changed, Refusal> {
    let _alone = app.changing.lock().await;
    asked.holds(app)?;
    let (before, before_said) = (self::modes(app), said(app));
    let edits = edit_policies(app, modes.iter().map(|(id, mode)| (id, *mode)))?;
    write(edits).await?;
    let revision = settle(app).await;
    note(app, asked, &before_said, revision);
    Ok(Changed { revision, policies: differing(&before, &self::modes(app)) })
}

/// Sets the cluster-wide default.
pub(crate) async fn cluster(app: &Arc<App>, asked: &Asked, mode: Mode) -> Result<Changed, Refusal> {
    let _alone = app.changing.lock().await;
    asked.holds(app)?;
    let (before, before_said) = (modes(app), said(app));
    let revision = app.decide(|reply| Event::ModeSet(mode, reply)).await;
    note(app, asked, &before_said, revision);
    Ok(Changed { revision, policies: differing(&before, &modes(app)) })
}

/// Sets the mode of a namespace.
pub(crate) async fn namespace(
    app: &Arc<App>,
    asked: &Asked,
    name: &str,
    mode: Mode,
) -> Result<Changed, Refusal> {
    if app.state().world().namespace(name).is_none() {
        return Err(Refusal::not_found(format!(
            "no such namespace: `{name}`, hint: it has to be listed under `namespaces:` in the \
             workload file"
        )));
    }
    let _alone = app.changing.lock().await;
    asked.holds(app)?;
    let (before, before_said) = (modes(app), said(app));
    let revision = match &app.source {
        Source::Demo { .. } => {
            app.decide(|reply| Event::NamespaceModeSet(name.to_owned(), mode, reply)).await
        }
        Source::Files { workloads, .. } => {
            write(vec![edit_namespace(workloads, name, mode)?]).await?;
            settle(app).await
        }
    };
    note(app, asked, &before_said, revision);
    Ok(Changed { revision, policies: differing(&before, &modes(app)) })
}

/// Sets to detect whatever enforces: policies, namespaces, the default. What cannot be written is
/// said before anything is.
pub(crate) async fn detect_everything(app: &Arc<App>, asked: &Asked) -> Result<Changed, Refusal> {
    let (before, before_said) = (modes(app), said(app));
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
    let default = detected(app.state().mode);
    let revision = app.decide(|reply| Event::ModeSet(default, reply)).await;
    note(app, asked, &before_said, revision);
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

/// Looks at the files that were just written; the revision that carries them.
async fn settle(app: &Arc<App>) -> u64 {
    let (reply, answer) = oneshot::channel();
    look(app, Some(reply)).await;
    answer.await.unwrap_or_else(|_| app.state().revision)
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

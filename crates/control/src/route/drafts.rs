//! From a flow to a draft that would allow it, and saving drafts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use podwall_model::{Mode, Namespace, PolicyKind, World};
use podwall_policy::end::End;
use podwall_policy::impact::impact;
use podwall_policy::judge::Court;
use podwall_policy::matching::Packet;
use podwall_policy::options::Options;
use podwall_policy::rule::Policy;
use podwall_policy::suggest::{NoSuggestion, Suggestion, Wanted, suggest};
use podwall_wire::rest::{
    ApiError, AskDraft, Draft, DraftKind, DraftPolicy, Flow, Preview, SavePolicies, Saved,
};

use super::preview::{judged, recorded};
use super::query::bounded;
use crate::app::{App, now_ms};
use crate::caller::Caller;
use crate::refusal::Refusal;
use crate::{body, change};

/// Recorded flows of this long are judged where nobody says otherwise.
const USUAL_MS: u64 = 24 * 60 * 60 * 1000;

/// The narrowest sensible policies that allow a recorded flow, with their effect on others.
#[utoipa::path(
    post, operation_id = "draftPolicy",
    path = "/api/v1/drafts",
    request_body = AskDraft,
    responses(
        (status = 200, body = Draft),
        (status = 400, body = ApiError),
        (status = 404, body = ApiError),
        (status = 409, description = "`allowed`, `denied` or `unsayable`", body = ApiError)
    )
)]
pub(crate) async fn draft(
    State(app): State<Arc<App>>,
    body: Result<Json<AskDraft>, JsonRejection>,
) -> Result<Json<Draft>, Refusal> {
    let Json(asked) = body.map_err(|rejection| Refusal::bad_filter(rejection.body_text()))?;
    let seq = bounded("flow", asked.flow)?;
    let found = app.ask(move |ledger| ledger.flow(seq)).await.map_err(Refusal::internal)?;
    let flow: Flow = found
        .and_then(|entry| serde_json::from_str(&entry.body).ok())
        .ok_or_else(|| Refusal::not_found(format!("no such flow: `{seq}`, hint: it is too old")))?;
    let now = now_ms();
    let since = bounded("since", asked.since.unwrap_or(now.saturating_sub(USUAL_MS)))?;
    let (flows, more) = recorded(&app, since, now).await?;
    let drafting = tokio::task::spawn_blocking(move || write(&app, &asked, &flow, &flows, more));
    drafting.await.map_err(Refusal::internal)?.map(Json)
}

/// Saves new policies into a file of their own, in detection. Nothing is ever overwritten.
#[utoipa::path(
    post, operation_id = "savePolicies",
    path = "/api/v1/policies",
    request_body = SavePolicies,
    responses(
        (status = 201, body = Saved),
        (status = 400, description = "`bad_policy`: the diagnostics in words", body = ApiError),
        (status = 409, description = "`exists` or `not_writable`", body = ApiError)
    )
)]
pub(crate) async fn save(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Result<Json<SavePolicies>, JsonRejection>,
) -> Result<(StatusCode, Json<Saved>), Refusal> {
    let Json(asked) = body.map_err(|rejection| Refusal::bad_filter(rejection.body_text()))?;
    let saved = change::save(&app, &caller, asked).await?;
    Ok((StatusCode::CREATED, Json(saved)))
}

fn write(
    app: &App,
    asked: &AskDraft,
    flow: &Flow,
    flows: &[Flow],
    more: u64,
) -> Result<Draft, Refusal> {
    let (policies, world, mode, revision) = {
        let state = app.state();
        let policies: Vec<Policy> = state.documents.policies().cloned().collect();
        (policies, state.world().clone(), state.mode, state.revision)
    };
    let options = Options { mode, ..Options::default() };
    let court = Court::new(&policies, &world, options);
    let suggestion = suggest_for(&court, asked, flow, |id| {
        app.state().documents.file_of(&id.to_string()).is_some()
    })?;
    let effect = effect(&policies, &suggestion, &world, &options, flows);
    let folder = app.source.policies();
    Ok(Draft {
        file: change::file_name(suggestion.parts.first().map(|part| &part.policy.id)),
        writable: podwall_files::writable(folder.root()),
        policies: suggestion.parts.iter().map(|part| part_of(part, &world)).collect(),
        notes: suggestion.notes,
        diagnostics: Vec::new(),
        effect: Preview { revision, left_out: effect.left_out + more, ..effect },
        yaml: suggestion.text,
    })
}

fn suggest_for(
    court: &Court<'_>,
    asked: &AskDraft,
    flow: &Flow,
    taken: impl Fn(&podwall_model::PolicyId) -> bool,
) -> Result<Suggestion, Refusal> {
    let end = |peer: &podwall_wire::rest::Peer| {
        let named = peer.workload.as_deref().and_then(super::workload_name);
        let workload = named.and_then(|name| court.world.workload(&name));
        let address = peer.ip.parse().ok();
        match (workload, address) {
            (Some(workload), address) => {
                Ok(End::of(workload, address, court.world, &court.options))
            }
            (None, Some(address)) => Ok(End::at(address, court.world, &court.options)),
            (None, None) => Err(Refusal::internal(format!("no address: {}", peer.ip))),
        }
    };
    let protocol = flow.protocol.parse().map_err(Refusal::internal)?;
    let wanted = Wanted {
        from: &end(&flow.source)?,
        to: &end(&flow.destination)?,
        packet: Packet { protocol, port: flow.port },
        kind: asked.kind.map(|kind| match kind {
            DraftKind::NetworkPolicy => PolicyKind::NetworkPolicy,
            DraftKind::CiliumNetworkPolicy => PolicyKind::CiliumNetworkPolicy,
        }),
    };
    suggest(court, &wanted, taken).map_err(|error| {
        let code = match error {
            NoSuggestion::Allowed => "allowed",
            NoSuggestion::Denied(_) => "denied",
            NoSuggestion::Unsayable(_) => "unsayable",
        };
        Refusal::new(StatusCode::CONFLICT, code, error.to_string())
    })
}

fn part_of(part: &podwall_policy::suggest::Part, world: &World) -> DraftPolicy {
    let about = crate::selection::labelled(world).into_iter().filter(|(_, labels)| {
        part.policy.rules.iter().any(|rule| crate::selection::is_about(rule, labels))
    });
    DraftPolicy {
        id: part.policy.id.to_string(),
        workload: part.workload.clone(),
        direction: part.direction.into(),
        sentences: body::sentences(&part.policy),
        selects: about.map(|(workload, _)| workload.name.to_string()).collect(),
    }
}

/// What the draft would do if all that is in detection were enforced, with it and without.
fn effect(
    policies: &[Policy],
    suggestion: &Suggestion,
    world: &World,
    options: &Options,
    flows: &[Flow],
) -> Preview {
    let enforced = |policy: &Policy| Policy { mode: policy.mode.map(strong), ..policy.clone() };
    let before: Vec<Policy> = policies.iter().map(enforced).collect();
    let mut after = before.clone();
    after.extend(suggestion.parts.iter().map(|part| enforced(&part.policy)));
    let namespaces = world.namespaces.iter();
    let strong_namespace = |it: &Namespace| Namespace { mode: it.mode.map(strong), ..it.clone() };
    let world = World { namespaces: namespaces.map(strong_namespace).collect(), ..world.clone() };
    let options = Options { mode: strong(options.mode), ..*options };
    judged(flows, |events| impact(&before, &after, &world, &options, events))
}

fn strong(mode: Mode) -> Mode {
    match mode {
        Mode::Off => Mode::Off,
        Mode::Detect | Mode::Enforce => Mode::Enforce,
    }
}

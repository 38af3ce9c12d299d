//! Changing modes. A policy's is written into its file, a namespace's into the workload file, and
//! the change takes effect before the answer is given.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use podwall_wire::rest::{ApiError, Changed, SetMode, SetModes};

use crate::app::App;
use crate::caller::Caller;
use crate::change::{self, Asked};
use crate::refusal::Refusal;

type Body = Result<Json<SetMode>, JsonRejection>;

/// Sets one policy's own mode; `null` takes its annotation away.
#[utoipa::path(
    put, operation_id = "setPolicyMode",
    path = "/api/v1/policies/{id}/mode",
    params(("If-Match" = Option<u64>, Header, description = "the revision that the change was decided on"), ("id" = String, Path, description = "the id, with its slashes")),
    request_body = SetMode,
    responses(
        (status = 200, body = Changed),
        (status = 400, body = ApiError),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError),
        (status = 412, description = "`stale`: another revision holds", body = ApiError)
    )
)]
pub(crate) async fn of_policy(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    (caller, headers): (Caller, HeaderMap),
    body: Body,
) -> Response {
    let Some(id) = path.strip_suffix("/mode") else { return no_method(Path(path)).await };
    let set = async {
        let SetMode { mode } = read(body)?;
        change::policy(&app, &asked(caller, &headers)?, id, mode.map(Into::into)).await
    };
    set.await.map(Json).into_response()
}

/// Below `/api/v1/policies/` an address is a policy, which is read, or its mode, which is set.
pub(crate) async fn no_method(Path(path): Path<String>) -> Response {
    let methods = if path.ends_with("/mode") { "PUT" } else { "GET,HEAD" };
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, methods)]).into_response()
}

/// Sets the modes of several policies in one revision, or of none of them.
#[utoipa::path(
    put, operation_id = "setModes",
    path = "/api/v1/modes", params(("If-Match" = Option<u64>, Header, description = "the revision that the change was decided on")),
    request_body = SetModes,
    responses(
        (status = 200, body = Changed),
        (status = 400, body = ApiError),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError),
        (status = 412, description = "`stale`: another revision holds", body = ApiError)
    )
)]
pub(crate) async fn of_policies(
    State(app): State<Arc<App>>,
    (caller, headers): (Caller, HeaderMap),
    body: Result<Json<SetModes>, JsonRejection>,
) -> Result<Json<Changed>, Refusal> {
    let Json(SetModes { policies }) = body.map_err(|rejection| bad(&rejection))?;
    let modes = change::modes_by_id(&policies)?;
    change::policies(&app, &asked(caller, &headers)?, &modes).await.map(Json)
}

/// Sets the cluster-wide default mode.
#[utoipa::path(
    put, operation_id = "setClusterMode",
    path = "/api/v1/mode", params(("If-Match" = Option<u64>, Header, description = "the revision that the change was decided on")),
    request_body = SetMode,
    responses((status = 200, body = Changed), (status = 400, body = ApiError))
)]
pub(crate) async fn of_cluster(
    State(app): State<Arc<App>>,
    (caller, headers): (Caller, HeaderMap),
    body: Body,
) -> Result<Json<Changed>, Refusal> {
    let mode = needed(read(body)?)?;
    change::cluster(&app, &asked(caller, &headers)?, mode.into()).await.map(Json)
}

/// Sets the mode of policies whose subject is in a namespace, where they say none themselves.
#[utoipa::path(
    put, operation_id = "setNamespaceMode",
    path = "/api/v1/namespaces/{namespace}/mode",
    params(("If-Match" = Option<u64>, Header, description = "the revision that the change was decided on"), ("namespace" = String, Path, description = "its name")),
    request_body = SetMode,
    responses(
        (status = 200, body = Changed),
        (status = 400, body = ApiError),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError),
        (status = 412, description = "`stale`: another revision holds", body = ApiError)
    )
)]
pub(crate) async fn of_namespace(
    State(app): State<Arc<App>>,
    Path(namespace): Path<String>,
    (caller, headers): (Caller, HeaderMap),
    body: Body,
) -> Result<Json<Changed>, Refusal> {
    let mode = needed(read(body)?)?;
    change::namespace(&app, &asked(caller, &headers)?, &namespace, mode.into()).await.map(Json)
}

/// Detect everything: whatever enforces is set to detect, wherever it says so.
#[utoipa::path(
    post, operation_id = "detectEverything",
    path = "/api/v1/detect", params(("If-Match" = Option<u64>, Header, description = "the revision that the change was decided on")),
    responses((status = 200, body = Changed), (status = 409, body = ApiError))
)]
pub(crate) async fn detect(
    State(app): State<Arc<App>>,
    (caller, headers): (Caller, HeaderMap),
) -> Result<Json<Changed>, Refusal> {
    change::detect_everything(&app, &asked(caller, &headers)?).await.map(Json)
}

/// `If-Match` carries the revision that the change was decided on.
fn asked(caller: Caller, headers: &HeaderMap) -> Result<Asked, Refusal> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(Asked { caller, known: None });
    };
    let number = value.to_str().ok().and_then(|text| text.trim_matches('"').parse().ok());
    let message = "If-Match is no revision, hint: send the number that the answer had";
    let number = number.filter(|number: &u64| i64::try_from(*number).is_ok());
    let known =
        number.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "bad_revision", message))?;
    Ok(Asked { caller, known: Some(known) })
}

fn read(body: Body) -> Result<SetMode, Refusal> {
    body.map(|Json(body)| body).map_err(|rejection| bad(&rejection))
}

fn bad(rejection: &JsonRejection) -> Refusal {
    let message = format!(
        "not a mode: {}, hint: send {{\"mode\": \"detect\"}}, \"enforce\" or \"off\"",
        rejection.body_text()
    );
    Refusal::new(StatusCode::BAD_REQUEST, "bad_mode", message)
}

fn needed(body: SetMode) -> Result<podwall_wire::rest::Mode, Refusal> {
    let message = "a mode is needed here, hint: detect, enforce or off";
    body.mode.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "bad_mode", message))
}

//! Changing modes. A policy's is written into its file, a namespace's into the workload file, and
//! the change takes effect before the answer is given.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use podwall_wire::rest::{ApiError, Changed, SetMode, SetModes};

use crate::app::App;
use crate::change;
use crate::refusal::Refusal;

type Body = Result<Json<SetMode>, JsonRejection>;

/// Sets one policy's own mode; `null` takes its annotation away.
#[utoipa::path(
    put,
    path = "/api/v1/policies/{id}/mode",
    params(("id" = String, Path, description = "the id, with its slashes")),
    request_body = SetMode,
    responses(
        (status = 200, body = Changed),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError)
    )
)]
pub(crate) async fn of_policy(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    body: Body,
) -> Result<Json<Changed>, Refusal> {
    let SetMode { mode } = read(body)?;
    let Some(id) = path.strip_suffix("/mode") else {
        return Err(Refusal::not_found(format!("no such route: `/api/v1/policies/{path}`")));
    };
    change::policy(&app, id, mode.map(Into::into)).await.map(Json)
}

/// Sets the modes of several policies in one revision, or of none of them.
#[utoipa::path(
    put,
    path = "/api/v1/modes",
    request_body = SetModes,
    responses(
        (status = 200, body = Changed),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError)
    )
)]
pub(crate) async fn of_policies(
    State(app): State<Arc<App>>,
    body: Result<Json<SetModes>, JsonRejection>,
) -> Result<Json<Changed>, Refusal> {
    let Json(SetModes { policies }) = body.map_err(|rejection| bad(&rejection))?;
    let modes = change::modes_by_id(&policies)?;
    change::policies(&app, &modes).await.map(Json)
}

/// Sets the cluster-wide default mode.
#[utoipa::path(
    put,
    path = "/api/v1/mode",
    request_body = SetMode,
    responses((status = 200, body = Changed), (status = 400, body = ApiError))
)]
pub(crate) async fn of_cluster(
    State(app): State<Arc<App>>,
    body: Body,
) -> Result<Json<Changed>, Refusal> {
    let mode = needed(read(body)?)?;
    change::cluster(&app, mode.into()).await.map(Json)
}

/// Sets the mode of policies whose subject is in a namespace, where they say none themselves.
#[utoipa::path(
    put,
    path = "/api/v1/namespaces/{namespace}/mode",
    params(("namespace" = String, Path, description = "its name")),
    request_body = SetMode,
    responses(
        (status = 200, body = Changed),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError)
    )
)]
pub(crate) async fn of_namespace(
    State(app): State<Arc<App>>,
    Path(namespace): Path<String>,
    body: Body,
) -> Result<Json<Changed>, Refusal> {
    let mode = needed(read(body)?)?;
    change::namespace(&app, &namespace, mode.into()).await.map(Json)
}

/// Detect everything: whatever enforces is set to detect, wherever it says so.
#[utoipa::path(
    post,
    path = "/api/v1/detect",
    responses((status = 200, body = Changed), (status = 409, body = ApiError))
)]
pub(crate) async fn detect(State(app): State<Arc<App>>) -> Result<Json<Changed>, Refusal> {
    change::detect_everything(&app).await.map(Json)
}

fn read(body: Body) -> Result<SetMode, Refusal> {
    body.map(|Json(body)| body).map_err(|rejection| bad(&rejection))
}

fn bad(rejection: &JsonRejection) -> Refusal {
    let message = format!(
        "not a mode: {}, hint: send {{\"mode\": \"detect\"}}, \"enforce\" or \"off\"",
        rejection.body_text()
    );
    Refusal::new(axum::http::StatusCode::BAD_REQUEST, "bad_mode", message)
}

fn needed(body: SetMode) -> Result<podwall_wire::rest::Mode, Refusal> {
    let message = "a mode is needed here, hint: detect, enforce or off";
    body.mode.ok_or_else(|| Refusal::new(axum::http::StatusCode::BAD_REQUEST, "bad_mode", message))
}

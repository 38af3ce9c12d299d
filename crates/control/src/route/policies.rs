//! The policies, as a list and one by one.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use podwall_wire::rest::{ApiError, Policies, Policy};

use crate::app::App;
use crate::body;
use crate::refusal::Refusal;

/// All policies, by id.
#[utoipa::path(get, path = "/api/v1/policies", responses((status = 200, body = Policies)))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Policies> {
    let reader = app.clone();
    Json(app.ask(move |ledger| body::policies(&reader.state(), ledger.counters())).await)
}

/// One policy. Its id is `Kind/namespace/name`, or `Kind/name` for cluster-wide kinds.
#[utoipa::path(
    get,
    path = "/api/v1/policies/{id}",
    params(("id" = String, Path, description = "the id, with its slashes")),
    responses((status = 200, body = Policy), (status = 404, body = ApiError))
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Policy>, Refusal> {
    let Json(Policies { policies }) = list(State(app)).await;
    let found = policies.into_iter().find(|policy| policy.id == id);
    found.map(Json).ok_or_else(|| no_policy(&id))
}

/// There is no such policy.
pub(crate) fn no_policy(id: &str) -> Refusal {
    Refusal::not_found(format!(
        "no such policy: `{id}`, hint: ids are Kind/namespace/name, as `podwall status` lists them"
    ))
}

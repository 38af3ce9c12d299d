//! The workloads.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use podwall_wire::rest::Workloads;

use crate::app::App;
use crate::body;

/// All workloads, by name, and how each is held.
#[utoipa::path(get, path = "/api/v1/workloads", responses((status = 200, body = Workloads)))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Workloads> {
    Json(body::workloads(&app.state()))
}

//! How things are, and the end of the run.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use podwall_wire::rest::Status;

use crate::app::App;
use crate::body;

/// What is going on, in one look.
#[utoipa::path(get, operation_id = "getStatus", path = "/api/v1/status", responses((status = 200, body = Status)))]
pub(crate) async fn status(State(app): State<Arc<App>>) -> Json<Status> {
    Json(body::status(&app.state(), None))
}

/// The same, with the page's address: for whoever may read the socket.
pub(crate) async fn status_with_page(State(app): State<Arc<App>>) -> Json<Status> {
    Json(body::status(&app.state(), Some(&app.page)))
}

/// Ends the run, as Ctrl-C does. Only over the unix socket.
pub(crate) async fn stop(State(app): State<Arc<App>>) -> StatusCode {
    app.stop.notify_one();
    StatusCode::ACCEPTED
}

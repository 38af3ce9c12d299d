//! Pairs that are new.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use podwall_wire::rest::{ApiError, NewPairs};

use super::query::{Pairs, Window, unknown};
use crate::app::App;
use crate::body;
use crate::refusal::Refusal;

/// How far back is looked unless somebody says otherwise: since yesterday.
const USUAL_MS: u64 = 24 * 3_600_000;

/// Who talks to whom since a time, and never did before as far as is known.
#[utoipa::path(
    get, operation_id = "listNewPairs",
    path = "/api/v1/pairs/new",
    params(
        ("since" = Option<u64>, Query, description = "milliseconds since the epoch; else a day ago"),
        ("until" = Option<u64>, Query, description = "milliseconds since the epoch; else now")
    ),
    responses((status = 200, body = NewPairs), (status = 400, body = ApiError))
)]
pub(crate) async fn new(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Pairs>,
) -> Result<Json<NewPairs>, Refusal> {
    let mut window = Window::default();
    for (word, value) in &pairs {
        if word == "step" || !window.take(word, value)? {
            return Err(unknown(word, "since, until"));
        }
    }
    let (since, until) = window.span_or(USUAL_MS)?;
    let found = app.ask(move |ledger| ledger.new_pairs(since, until)).await;
    Ok(Json(body::new_pairs(found.map_err(Refusal::internal)?, (since, until))))
}

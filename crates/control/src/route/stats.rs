//! Packets over time.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use podwall_wire::rest::{ApiError, Stats};

use super::query::{Pairs, number, unknown};
use crate::app::{App, now_ms};
use crate::body;
use crate::refusal::Refusal;

/// The time that is answered for unless somebody says otherwise.
const USUAL_MS: u64 = 15 * 60 * 1000;
/// How many samples it is cut into then.
const USUAL_SAMPLES: u64 = 300;
/// The most samples of one answer.
const SAMPLES_LIMIT: u64 = 5_000;
/// Counters are read once a second.
const SHORTEST_STEP_MS: u64 = 1_000;

/// Packets and bytes over time, with sums by namespace and the pairs that are stopped most.
#[utoipa::path(
    get,
    path = "/api/v1/stats",
    params(
        ("since" = Option<u64>, Query, description = "milliseconds since the epoch; else 15 minutes ago"),
        ("until" = Option<u64>, Query, description = "milliseconds since the epoch; else now"),
        ("step" = Option<u64>, Query, description = "milliseconds, at least 1000")
    ),
    responses((status = 200, body = Stats), (status = 400, body = ApiError))
)]
pub(crate) async fn window(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Pairs>,
) -> Result<Json<Stats>, Refusal> {
    let (mut since, mut until, mut step) = (None, None, None);
    for (word, value) in &pairs {
        let place = match word.as_str() {
            "since" => &mut since,
            "until" => &mut until,
            "step" => &mut step,
            other => return Err(unknown(other, "since, until, step")),
        };
        *place = Some(number::<u64>(word, value)?);
    }
    let until = until.unwrap_or_else(now_ms);
    let since = since.unwrap_or(until.saturating_sub(USUAL_MS));
    if since > until {
        return Err(Refusal::bad_filter(format!("since is after until: `{since}`, `{until}`")));
    }
    let length = until - since;
    let step = step.unwrap_or(length / USUAL_SAMPLES).max(SHORTEST_STEP_MS);
    if length / step > SAMPLES_LIMIT {
        return Err(Refusal::bad_filter(format!(
            "too many samples: `{}`, hint: at most {SAMPLES_LIMIT}; give a longer step",
            length / step
        )));
    }
    let window = app.ask(move |ledger| ledger.window(since, until, step)).await;
    Ok(Json(body::stats(window.map_err(Refusal::internal)?)))
}

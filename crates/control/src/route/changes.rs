//! The log of changes.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use podwall_wire::rest::{ApiError, Changes};

use super::query::{Pairs, count, unknown, whole};
use crate::app::App;
use crate::refusal::Refusal;

/// How many changes are given unless somebody says otherwise.
const USUAL_LIMIT: usize = 100;
/// The most of one page.
const PAGE_LIMIT: usize = 1_000;

/// Who changed what, when, from what to what; newest first.
#[utoipa::path(
    get, operation_id = "listChanges",
    path = "/api/v1/changes",
    params(
        ("subject" = Option<String>, Query, description = "a policy's id, a namespace or `cluster`"),
        ("since" = Option<u64>, Query, description = "milliseconds since the epoch"),
        ("until" = Option<u64>, Query, description = "milliseconds since the epoch"),
        ("before" = Option<u64>, Query, description = "only numbers below, for the next page"),
        ("limit" = Option<u64>, Query, description = "at most 1000, else 100")
    ),
    responses((status = 200, body = Changes), (status = 400, body = ApiError))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Pairs>,
) -> Result<Json<Changes>, Refusal> {
    let (mut subject, mut before, mut limit) = (None, None, USUAL_LIMIT);
    let (mut since, mut until) = (0, u64::MAX);
    for (word, value) in &pairs {
        match word.as_str() {
            "subject" => subject = Some(value.as_str()),
            "before" => before = Some(whole(word, value)?),
            "since" => since = whole(word, value)?,
            "until" => until = whole(word, value)?,
            "limit" => limit = count(word, value)?.clamp(1, PAGE_LIMIT),
            other => return Err(unknown(other, "subject, since, until, before, limit")),
        }
    }
    let (changes, next) = app.changes().newest(before, limit, |change| {
        subject.is_none_or(|subject| change.subject == subject)
            && (since..=until).contains(&change.time)
    });
    Ok(Json(Changes { changes, next }))
}

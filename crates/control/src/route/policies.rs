//! The policies, as a list and one by one. Lists of thousands are given by pages and carry a tag,
//! so that what has not changed is not sent again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use podwall_ledger::{By, Question, Scope, Series};
use podwall_wire::rest::{ApiError, Policies, PolicyDetail};

use super::query::{Pairs, Window, count, unknown};
use crate::app::App;
use crate::body::{self, Page};
use crate::refusal::Refusal;

/// The most policies of one page.
const PAGE_LIMIT: usize = 5_000;

/// All policies, by id. With `If-None-Match` an unchanged list is answered by 304.
#[utoipa::path(
    get, operation_id = "listPolicies",
    path = "/api/v1/policies",
    params(
        ("brief" = Option<bool>, Query, description = "true leaves out texts, sentences and workloads"),
        ("after" = Option<String>, Query, description = "only ids behind this one, for the next page"),
        ("limit" = Option<u64>, Query, description = "at most 5000, which is the usual"),
        ("If-None-Match" = Option<String>, Header, description = "the `ETag` of the list that is known")
    ),
    responses(
        (status = 200, body = Policies, headers(("ETag" = String, description = "changes with the list"))),
        (status = 304, description = "the list is the one that is known"),
        (status = 400, body = ApiError)
    )
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Pairs>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let mut page = Page { limit: PAGE_LIMIT, ..Page::default() };
    for (word, value) in &pairs {
        match (word.as_str(), value.as_str()) {
            ("brief", "true") => page.text = body::Text::LeftOut,
            ("brief", "false") => page.text = body::Text::Told,
            ("after", _) => page.after = Some(value.clone()),
            ("limit", _) => page.limit = count(word, value)?.clamp(1, PAGE_LIMIT),
            ("brief", other) => {
                return Err(Refusal::bad_filter(format!(
                    "neither true nor false for brief: `{other}`"
                )));
            }
            (other, _) => return Err(unknown(other, "brief, after, limit")),
        }
    }
    let reader = app.clone();
    let list = app.ask(move |ledger| {
        let changes = reader.changes();
        body::policies(&reader.state(), ledger.counters(), &changes, &page)
    });
    Ok(tagged(&headers, &list.await))
}

/// The answer with its tag, or that it is the one that is known.
fn tagged(headers: &HeaderMap, list: &Policies) -> Response {
    let bytes = serde_json::to_vec(list).expect("a list of our own types is JSON");
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let same = known.is_some_and(|known| known.split(',').any(|its| its.trim() == tag));
    let value = HeaderValue::from_str(&tag).expect("hexadecimal digits fit a header");
    // Kept by the browser and asked for anew each time.
    let keep = HeaderValue::from_static("private, no-cache");
    let marks = [(header::ETAG, value), (header::CACHE_CONTROL, keep)];
    if same {
        return (StatusCode::NOT_MODIFIED, marks).into_response();
    }
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    (marks, [json], bytes).into_response()
}

/// One policy, with its rules and what each decided in a time. Its id is `Kind/namespace/name`, or
/// `Kind/name` for cluster-wide kinds.
#[utoipa::path(
    get, operation_id = "getPolicy",
    path = "/api/v1/policies/{id}",
    params(
        ("id" = String, Path, description = "the id, with its slashes"),
        ("since" = Option<u64>, Query, description = "milliseconds since the epoch; else 15 minutes ago"),
        ("until" = Option<u64>, Query, description = "milliseconds since the epoch; else now")
    ),
    responses(
        (status = 200, body = PolicyDetail),
        (status = 400, body = ApiError),
        (status = 404, body = ApiError)
    )
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(pairs): Query<Pairs>,
) -> Result<Json<PolicyDetail>, Refusal> {
    let mut window = Window::default();
    for (word, value) in &pairs {
        if !window.take(word, value)? {
            return Err(unknown(word, "since, until"));
        }
    }
    let (since, until) = window.span()?;
    let (reader, wanted) = (app.clone(), id.clone());
    let found = app.ask(move |ledger| {
        let question = Question {
            since,
            until,
            step: until - since,
            scope: Scope { policies: vec![wanted.clone()], ..Scope::default() },
            by: Some(By::Rule),
            series: Series::SumsAlone,
        };
        let answer = ledger.answer(&question)?;
        let reason = Some(podwall_model::Reason::DefaultDeny);
        let scope = Scope { reason, ..Scope::default() };
        let denied = ledger.answer(&Question { scope, by: Some(By::Side), ..question })?;
        let state = reader.state();
        let changes = reader.changes();
        let recorded = body::Recorded { ledger, answer: &answer, denied: &denied, since, until };
        let detail = body::policy_detail(&state, &changes, &wanted, &recorded);
        Ok::<_, podwall_ledger::QueryError>(detail)
    });
    let found = found.await.map_err(Refusal::internal)?;
    found.map(Json).ok_or_else(|| no_policy(&id))
}

/// There is no such policy.
pub(crate) fn no_policy(id: &str) -> Refusal {
    Refusal::not_found(format!(
        "no such policy: `{id}`, hint: ids are Kind/namespace/name, as `podwall status` lists them"
    ))
}

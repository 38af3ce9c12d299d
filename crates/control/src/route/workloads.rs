//! The workloads, as a list and one by one.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use podwall_ledger::{By, EdgeQuestion, QueryError, Question, Scope, Series};
use podwall_model::WorkloadName;
use podwall_wire::rest::{ApiError, WorkloadDetail, Workloads};

use super::query::{Pairs, Window, unknown};
use crate::app::App;
use crate::body;
use crate::refusal::Refusal;

/// All workloads, by name, how each is held, and what passed in a time.
#[utoipa::path(
    get, operation_id = "listWorkloads",
    path = "/api/v1/workloads",
    params(
        ("since" = Option<u64>, Query, description = "milliseconds since the epoch; else 15 minutes ago"),
        ("until" = Option<u64>, Query, description = "milliseconds since the epoch; else now")
    ),
    responses((status = 200, body = Workloads), (status = 400, body = ApiError))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Pairs>,
) -> Result<Json<Workloads>, Refusal> {
    let window = window(&pairs)?;
    let (since, until) = window.span()?;
    let question = Question {
        since,
        until,
        step: until - since,
        by: Some(By::Side),
        series: Series::SumsAlone,
        ..Question::default()
    };
    let answer = app.ask(move |ledger| ledger.answer(&question)).await;
    let answer = answer.map_err(Refusal::internal)?;
    Ok(Json(body::workloads(&app.state(), &answer)))
}

/// One workload: the policies about it, whom it talks to, its ports, and its packets over time.
#[utoipa::path(
    get, operation_id = "getWorkload",
    path = "/api/v1/workloads/{namespace}/{name}",
    params(
        ("namespace" = String, Path, description = "its namespace"),
        ("name" = String, Path, description = "its name"),
        ("since" = Option<u64>, Query, description = "milliseconds since the epoch; else 15 minutes ago"),
        ("until" = Option<u64>, Query, description = "milliseconds since the epoch; else now"),
        ("step" = Option<u64>, Query, description = "milliseconds, at least 1000")
    ),
    responses(
        (status = 200, body = WorkloadDetail),
        (status = 400, body = ApiError),
        (status = 404, body = ApiError)
    )
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Path((namespace, name)): Path<(String, String)>,
    Query(pairs): Query<Pairs>,
) -> Result<Json<WorkloadDetail>, Refusal> {
    let (since, until, step) = window(&pairs)?.steps()?;
    let name = WorkloadName { namespace, name };
    if app.state().world().workload(&name).is_none() {
        return Err(Refusal::not_found(format!(
            "no such workload: `{name}`, hint: /api/v1/workloads lists them"
        )));
    }
    let text = name.to_string();
    let found = app.ask(move |ledger| {
        let scope = Scope { workloads: vec![text.clone()], ..Scope::default() };
        let by = Some(By::Side);
        let question = Question { since, until, step, scope, by, ..Question::default() };
        let edges = EdgeQuestion { since, until, workload: Some(text), namespaces: Vec::new() };
        Ok::<_, QueryError>((ledger.answer(&question)?, ledger.edges(&edges)?))
    });
    let (answer, edges) = found.await.map_err(Refusal::internal)?;
    let detail = body::workload_detail(&app.state(), &name, &answer, &edges, (since, until));
    detail.map(Json).ok_or_else(|| Refusal::not_found(format!("no such workload: `{name}`")))
}

fn window(pairs: &Pairs) -> Result<Window, Refusal> {
    let mut window = Window::default();
    for (word, value) in pairs {
        if !window.take(word, value)? {
            return Err(unknown(word, "since, until, step"));
        }
    }
    Ok(window)
}

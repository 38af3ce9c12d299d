//! Packets and bytes over time.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use podwall_ledger::{By, Question, Scope};
use podwall_wire::rest::{ApiError, Stats};

use super::query::{Pairs, Shape, Window, csv, direction, list, shape, unknown, verdicts};
use crate::app::App;
use crate::body::{self, Asked};
use crate::refusal::Refusal;

const WORDS: &str = "since, until, step, by, namespace, workload, direction, verdict, policy";

/// Packets and bytes over time, with sums by namespace and the pairs that are stopped most. A scope
/// narrows all but the pairs.
#[utoipa::path(
    get, operation_id = "getStats",
    path = "/api/v1/stats",
    params(
        ("since" = Option<u64>, Query, description = "milliseconds since the epoch; else 15 minutes ago"),
        ("until" = Option<u64>, Query, description = "milliseconds since the epoch; else now"),
        ("step" = Option<u64>, Query, description = "milliseconds, at least 1000; what is older is kept by 10 s, 1 min and 10 min"),
        ("by" = Option<String>, Query, description = "groups: namespace, workload, direction, policy or rule"),
        ("namespace" = Option<String>, Query, description = "the judging workload is in any of these"),
        ("workload" = Option<String>, Query, description = "namespace/name of the judging workload"),
        ("direction" = Option<String>, Query, description = "ingress or egress"),
        ("verdict" = Option<String>, Query, description = "forwarded, would_drop (AUDIT), dropped"),
        ("format" = Option<String>, Query, description = "json (the usual) or csv"),
        ("policy" = Option<String>, Query, description = "a rule of any of these ids decided")
    ),
    responses((status = 200, body = Stats), (status = 400, body = ApiError))
)]
pub(crate) async fn window(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Pairs>,
) -> Result<Response, Refusal> {
    let (pairs, shape) = shape(pairs)?;
    let asked = question(&pairs)?;
    let answer = app.ask(move |ledger| body::stats(ledger, &asked)).await;
    let stats = answer.map_err(Refusal::internal)?;
    Ok(match shape {
        Shape::Json => Json(stats).into_response(),
        Shape::Csv => csv("podwall-stats.csv", podwall_wire::csv::stats(&stats)),
    })
}

/// What a query string asks for.
pub(super) fn question(pairs: &Pairs) -> Result<Asked, Refusal> {
    let mut window = Window::default();
    let (mut scope, mut by) = (Scope::default(), None);
    for (word, value) in pairs {
        match word.as_str() {
            "by" => by = Some(group(value)?),
            "namespace" => scope.namespaces.extend(list(word, value)?.map(str::to_owned)),
            "workload" => scope.workloads.extend(list(word, value)?.map(str::to_owned)),
            "policy" => scope.policies.extend(list(word, value)?.map(str::to_owned)),
            "direction" => scope.direction = Some(direction(value)?),
            "verdict" => {
                for verdict in list(word, value)? {
                    scope.verdicts.extend(verdicts(verdict)?);
                }
            }
            _ if window.take(word, value)? => {}
            other => return Err(unknown(other, WORDS)),
        }
    }
    let (since, until, step) = window.steps()?;
    Ok(Asked { question: Question { since, until, step, scope, by, ..Question::default() } })
}

fn group(word: &str) -> Result<By, Refusal> {
    Ok(match word {
        "namespace" => By::Namespace,
        "workload" => By::Workload,
        "direction" => By::Direction,
        "policy" => By::Policy,
        "rule" => By::Rule,
        _ => {
            let known = "namespace, workload, direction, policy or rule";
            return Err(Refusal::bad_filter(format!("not a group: `{word}`, hint: {known}")));
        }
    })
}

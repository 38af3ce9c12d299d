//! Flow records, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use podwall_ledger::{Entry, Filter};
use podwall_wire::rest::{ApiError, Flow, Flows};

use super::query::{Pairs, Shape, csv, filter, shape};
use crate::app::{App, now_ms};
use crate::refusal::Refusal;

/// How many flows are given unless somebody says otherwise.
const USUAL_LIMIT: usize = 100;

/// Flow records, newest first. Lists are written `a,b`.
#[utoipa::path(
    get, operation_id = "listFlows",
    path = "/api/v1/flows",
    params(
        ("verdict" = Option<String>, Query, description = "forwarded, would_drop (AUDIT), dropped"),
        ("from" = Option<String>, Query, description = "namespace/name, namespace/, a name or an address"),
        ("to" = Option<String>, Query, description = "as `from`, for the server"),
        ("namespace" = Option<String>, Query, description = "either end is in it"),
        ("port" = Option<String>, Query, description = "the server's port"),
        ("protocol" = Option<String>, Query, description = "TCP, UDP, ICMPv4 or a number"),
        ("policy" = Option<String>, Query, description = "a policy's id, or the end of one"),
        ("direction" = Option<String>, Query, description = "ingress or egress"),
        ("since" = Option<u64>, Query, description = "milliseconds since the epoch"),
        ("until" = Option<u64>, Query, description = "milliseconds since the epoch"),
        ("before" = Option<u64>, Query, description = "only numbers below, for the next page"),
        ("after" = Option<u64>, Query, description = "only numbers above"),
        ("format" = Option<String>, Query, description = "json (the usual) or csv"),
        ("limit" = Option<u64>, Query, description = "at most 5000, else 100")
    ),
    responses((status = 200, body = Flows), (status = 400, body = ApiError))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Pairs>,
) -> Result<Response, Refusal> {
    let (pairs, shape) = shape(pairs)?;
    let mut filter = filter(&pairs)?;
    if filter.limit == 0 {
        filter.limit = USUAL_LIMIT;
    }
    let found = find(&app, filter).await?;
    Ok(match shape {
        Shape::Json => Json(found).into_response(),
        Shape::Csv => {
            let mut text = podwall_wire::csv::FLOW_HEAD.to_owned();
            found.flows.iter().for_each(|flow| podwall_wire::csv::flow(&mut text, flow));
            csv("podwall-flows.csv", text)
        }
    })
}

/// The newest flows that pass.
pub(crate) async fn find(app: &Arc<App>, filter: Filter) -> Result<Flows, Refusal> {
    let (since, until) = (filter.since.unwrap_or(0), filter.until.unwrap_or_else(now_ms));
    let answer = app.ask(move |ledger| {
        let found = ledger.flows(&filter)?;
        Ok::<_, podwall_ledger::QueryError>((found, ledger.lost(since, until)?))
    });
    let (found, lost) = answer.await.map_err(Refusal::internal)?;
    let flows = found.entries.iter().filter_map(read).collect();
    Ok(Flows { flows, next: found.next, passed_from: found.passed_from, lost })
}

/// A flow as it was kept, with the number it got.
fn read(entry: &Entry) -> Option<Flow> {
    let mut flow: Flow = serde_json::from_str(&entry.body).ok()?;
    flow.seq = entry.seq;
    Some(flow)
}

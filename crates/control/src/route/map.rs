//! The map.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use podwall_ledger::EdgeQuestion;
use podwall_wire::rest::{ApiError, Map, MapGroup};

use super::query::{Pairs, Window, list, unknown};
use crate::app::App;
use crate::body;
use crate::refusal::Refusal;

/// Who talks to whom: workloads or namespaces, with ports, verdicts and deciding policies.
#[utoipa::path(
    get, operation_id = "getMap",
    path = "/api/v1/map",
    params(
        ("since" = Option<u64>, Query, description = "milliseconds since the epoch; else 15 minutes ago"),
        ("until" = Option<u64>, Query, description = "milliseconds since the epoch; else now"),
        ("group" = Option<MapGroup>, Query, description = "workload (the usual) or namespace"),
        ("namespace" = Option<String>, Query, description = "either end is in any of these")
    ),
    responses((status = 200, body = Map), (status = 400, body = ApiError))
)]
pub(crate) async fn map(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Pairs>,
) -> Result<Json<Map>, Refusal> {
    let mut window = Window::default();
    let (mut group, mut namespaces) = (MapGroup::Workload, Vec::new());
    for (word, value) in &pairs {
        match (word.as_str(), value.as_str()) {
            ("group", "workload") => group = MapGroup::Workload,
            ("group", "namespace") => group = MapGroup::Namespace,
            ("group", other) => {
                return Err(Refusal::bad_filter(format!(
                    "not a group: `{other}`, hint: write workload or namespace"
                )));
            }
            ("namespace", _) => namespaces.extend(list(word, value)?.map(str::to_owned)),
            _ if window.take(word, value)? => {}
            (other, _) => return Err(unknown(other, "since, until, group, namespace")),
        }
    }
    let (since, until) = window.span()?;
    let question = EdgeQuestion { since, until, workload: None, namespaces: namespaces.clone() };
    let found = app.ask(move |ledger| Ok((ledger.edges(&question)?, ledger.lost(since, until)?)));
    let (edges, lost) =
        found.await.map_err(|error: podwall_ledger::QueryError| Refusal::internal(error))?;
    let map = body::map(&app.state(), &edges, group, (since, until), &namespaces);
    Ok(Json(Map { lost, ..map }))
}

//! The routes of `/api/v1`, `/metrics` and the page.

mod changes;
mod drafts;
mod explain;
mod flows;
mod map;
mod metrics;
mod modes;
mod openapi;
mod pairs;
mod policies;
mod preview;
mod query;
mod stats;
mod status;
mod stream;
mod tests;
mod workloads;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post, put};

use crate::app::App;
use crate::guard::guard;
use crate::page;

pub(crate) use explain::workload_name;
pub(crate) use metrics::{Family, labels};
pub(crate) use openapi::document;
pub(crate) use policies::no_policy;

/// The longest body that any route takes, in bytes: a mode for each of some thousand policies.
const BODY_LIMIT: usize = 256 << 10;

/// What is served over TCP: to whoever has the token.
pub(crate) fn over_tcp(app: &Arc<App>) -> Router {
    api()
        .route("/api/v1/status", get(status::status))
        .fallback(page::file)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app.clone())
}

/// What is served over the unix socket: its permissions are the guard.
pub(crate) fn over_unix(app: &Arc<App>) -> Router {
    api()
        .route("/api/v1/status", get(status::status_with_page))
        .route("/api/v1/stop", post(status::stop))
        .fallback(page::file)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(app.clone())
}

fn api() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/policies", get(policies::list).post(drafts::save))
        .route("/api/v1/drafts", post(drafts::draft))
        .route("/api/v1/changes", get(changes::list))
        .route("/api/v1/map", get(map::map))
        .route("/api/v1/pairs/new", get(pairs::new))
        .route(
            "/api/v1/policies/{*id}",
            get(policies::one).put(modes::of_policy).fallback(modes::no_method),
        )
        .route("/api/v1/tests", get(tests::list))
        .route("/api/v1/mode", put(modes::of_cluster))
        .route("/api/v1/modes", put(modes::of_policies))
        .route("/api/v1/preview", post(preview::preview))
        .route("/api/v1/namespaces/{namespace}/mode", put(modes::of_namespace))
        .route("/api/v1/detect", post(modes::detect))
        .route("/api/v1/flows", get(flows::list))
        .route("/api/v1/stats", get(stats::window))
        .route("/api/v1/workloads", get(workloads::list))
        .route("/api/v1/workloads/{namespace}/{name}", get(workloads::one))
        .route("/api/v1/explain", get(explain::explain))
        .route("/api/v1/stream", get(stream::stream))
        .route("/api/v1/openapi.json", get(openapi::openapi))
        .route("/metrics", get(metrics::metrics))
}

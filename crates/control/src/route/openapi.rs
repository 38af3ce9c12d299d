//! The description of the API, made from the same words as the routes.

use axum::Json;
use utoipa::OpenApi;

use super::{
    changes, drafts, explain, flows, map, metrics, modes, policies, preview, stats, status, stream,
    workloads,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Podwall", description = "What Podwall sees and does, on this machine."),
    paths(
        status::status,
        policies::list,
        policies::one,
        modes::of_policy,
        modes::of_policies,
        modes::of_cluster,
        modes::of_namespace,
        modes::detect,
        preview::preview,
        flows::list,
        stats::window,
        workloads::list,
        workloads::one,
        map::map,
        changes::list,
        drafts::draft,
        drafts::save,
        explain::explain,
        stream::stream,
        metrics::metrics,
        openapi
    )
)]
struct Description;

/// The description, as a value.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// This description.
#[utoipa::path(get, operation_id = "getDescription", path = "/api/v1/openapi.json", responses((status = 200, body = Object)))]
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}

//! The description of the API, made from the same words as the routes, with the errors and examples
//! of each.

mod errors;
mod examples;

use axum::Json;
use serde_json::Value;
use utoipa::OpenApi;

use self::errors::Changes;
use super::{
    changes, drafts, explain, flows, map, metrics, modes, pairs, policies, preview, stats, status,
    stream, tests as policy_tests, workloads,
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
        pairs::new,
        policy_tests::list,
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
pub(crate) fn document() -> Value {
    let mut document = serde_json::to_value(Description::openapi())
        .expect("a description made of our own types is JSON");
    let examples = examples::read();
    for (path, methods) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            let Some(operation) = operation.as_object_mut() else { continue };
            let changes = if method == "get" { Changes::Nothing } else { Changes::Something };
            errors::add(operation, changes);
            examples::add(path, operation, &examples);
        }
    }
    document
}

/// This description.
#[utoipa::path(get, operation_id = "getDescription", path = "/api/v1/openapi.json", responses((status = 200, body = Object)))]
pub(crate) async fn openapi() -> Json<Value> {
    Json(document())
}

#[cfg(test)]
mod tests {
    use podwall_wire::rest::{
        AskDraft, AskPreview, Changed, Changes, Draft, Explanation, Flows, Map, NewPairs, Policies,
        PolicyDetail, PolicyTests, Preview, SavePolicies, Saved, SetMode, SetModes, Stats, Status,
        WorkloadDetail, Workloads,
    };
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::*;

    /// An example says all that its type says, and nothing else.
    #[track_caller]
    fn check<Body: Serialize + DeserializeOwned>(example: &Value) {
        let body: Body = serde_json::from_value(example.clone()).expect("of its type");
        assert_eq!(serde_json::to_value(body).expect("is JSON"), *example);
    }

    #[test]
    fn every_operation_has_examples_of_its_types() {
        let examples = examples::read();
        let answers = &examples["answers"];
        check::<Changes>(&answers["listChanges"]);
        check::<Changed>(&answers["detectEverything"]);
        check::<Changed>(&answers["setClusterMode"]);
        check::<Changed>(&answers["setModes"]);
        check::<Changed>(&answers["setNamespaceMode"]);
        check::<Changed>(&answers["setPolicyMode"]);
        check::<Draft>(&answers["draftPolicy"]);
        check::<Explanation>(&answers["explain"]);
        check::<Flows>(&answers["listFlows"]);
        check::<Map>(&answers["getMap"]);
        check::<NewPairs>(&answers["listNewPairs"]);
        check::<Policies>(&answers["listPolicies"]);
        check::<PolicyDetail>(&answers["getPolicy"]);
        check::<PolicyTests>(&answers["listTests"]);
        check::<Preview>(&answers["previewModes"]);
        check::<Saved>(&answers["savePolicies"]);
        check::<Stats>(&answers["getStats"]);
        check::<Status>(&answers["getStatus"]);
        check::<WorkloadDetail>(&answers["getWorkload"]);
        check::<Workloads>(&answers["listWorkloads"]);
        let requests = &examples["requests"];
        check::<AskDraft>(&requests["draftPolicy"]);
        check::<AskPreview>(&requests["previewModes"]);
        check::<SavePolicies>(&requests["savePolicies"]);
        check::<SetMode>(&requests["setClusterMode"]);
        check::<SetMode>(&requests["setNamespaceMode"]);
        check::<SetMode>(&requests["setPolicyMode"]);
        check::<SetModes>(&requests["setModes"]);
    }

    #[test]
    fn no_operation_is_without_an_example_and_its_errors() {
        let document = document();
        for (path, methods) in document["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let answers = operation["responses"].as_object().expect("responses");
                assert!(answers.contains_key("401"), "{method} {path}");
                let good = answers.iter().find(|(status, _)| status.starts_with('2'));
                let content = &good.expect("a good answer").1["content"];
                let bodies = content.as_object().expect("a body");
                let own_description = operation["operationId"] == "getDescription";
                let told = bodies.values().all(|body| body.get("example").is_some());
                assert!(told || own_description, "{method} {path}");
            }
        }
    }
}

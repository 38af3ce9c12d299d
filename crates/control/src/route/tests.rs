//! The tests of the policy folder, run on what is in force.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use podwall_author::spec::{Failure, Judge, Spec, run};
use podwall_files::SourceText;
use podwall_files::spec::{Defaults, Named, read_with};
use podwall_model::World;
use podwall_wire::rest::{ApiError, PolicyTests, Tested};

use super::query::{Pairs, unknown};
use crate::app::App;
use crate::refusal::Refusal;

/// The most tests that one answer tells.
const TOLD_LIMIT: usize = 200;
/// The most test files that are run for one question, so that it is answered soon.
const FILES_LIMIT: usize = 100;

/// The tests of the policy folder (`kind: PolicyTest`), run on the policies in force. A test may
/// name files of this folder; nothing else is read.
#[utoipa::path(
    get, operation_id = "listTests",
    path = "/api/v1/tests",
    params(("policy" = Option<String>, Query, description = "only cases that have this policy, by its id")),
    responses((status = 200, body = PolicyTests), (status = 400, body = ApiError))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Pairs>,
) -> Result<Json<PolicyTests>, Refusal> {
    let mut policy = None;
    for (word, value) in pairs {
        match word.as_str() {
            "policy" => policy = Some(value),
            other => return Err(unknown(other, "policy")),
        }
    }
    let work = tokio::task::spawn_blocking(move || {
        let texts = Texts::of(&app);
        texts.run(policy.as_deref())
    });
    Ok(Json(work.await.map_err(Refusal::internal)?))
}

/// What tests are run on, as it was at one moment.
struct Texts {
    world: World,
    policies: Vec<SourceText>,
    tests: Vec<(String, String)>,
}

impl Texts {
    fn of(app: &App) -> Texts {
        let state = app.state();
        let documents = &state.documents;
        let accepted = documents.accepted();
        Texts {
            world: state.world().clone(),
            policies: accepted
                .map(|(name, file)| SourceText { name: name.clone(), text: file.text.clone() })
                .collect(),
            tests: documents.tests().map(|(name, text)| (name.clone(), text.clone())).collect(),
        }
    }

    fn run(&self, policy: Option<&str>) -> PolicyTests {
        let defaults =
            Defaults { world: &self.world, policies: &self.policies, named: Named::Given };
        let mut found = PolicyTests::default();
        for (name, text) in self.tests.iter().take(FILES_LIMIT) {
            match read_with(text, Path::new(name), &defaults) {
                Ok(specs) => specs
                    .iter()
                    .filter(|spec| policy.is_none_or(|policy| is_about(spec, policy)))
                    .for_each(|spec| add(&mut found, name, spec)),
                Err(error) => found.unusable.push(error.to_string()),
            }
        }
        for (name, _) in self.tests.iter().skip(FILES_LIMIT) {
            found.unusable.push(format!("`{name}` is one too many, hint: podwall test runs all"));
        }
        found.tests.sort_by(|a, b| (a.passed, &a.file, a.line).cmp(&(b.passed, &b.file, b.line)));
        found.left_out = found.tests.len().saturating_sub(TOLD_LIMIT) as u64;
        found.tests.truncate(TOLD_LIMIT);
        found
    }
}

fn is_about(spec: &Spec, policy: &str) -> bool {
    spec.state.policies.iter().any(|its| its.id.to_string() == policy)
}

fn add(found: &mut PolicyTests, file: &str, spec: &Spec) {
    let report = run(spec, &mut Judge);
    found.unusable.extend(report.unfit.iter().cloned());
    let mut wrong: HashMap<&str, &Failure> =
        report.failures.iter().map(|failure| (failure.place.as_str(), failure)).collect();
    let steps = spec.steps.iter().flat_map(|step| &step.tests);
    let tests = spec.tests.iter().chain(steps).map(|test| (test.line, test.name.clone()));
    let refused = spec.invalid.iter();
    let refused = refused.map(|one| (one.line, "a document that must be refused".to_owned()));
    for (line, name) in tests.chain(refused) {
        let failure = wrong.remove(format!("{}:{line}", spec.file).as_str());
        found.tests.push(shown(file, line, spec, name, failure));
    }
    // What belongs to no line: a change that cannot be made.
    for failure in wrong.into_values() {
        found.tests.push(shown(file, 1, spec, failure.name.clone(), Some(failure)));
    }
    found.failed += report.failures.len() as u64;
}

fn shown(file: &str, line: u32, spec: &Spec, name: String, failure: Option<&Failure>) -> Tested {
    Tested {
        file: file.to_owned(),
        line,
        case: spec.name.clone(),
        name,
        passed: failure.is_none(),
        message: failure.map(|its| format!("expected {}, got {}", its.expected, its.got)),
        reasons: failure.map(|its| its.reasons.clone()).unwrap_or_default(),
    }
}

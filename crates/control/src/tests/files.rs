//! Files: a change takes effect at once, a broken one changes nothing and says so.

use std::fs;

use axum::http::StatusCode;
use podwall_wire::rest::{
    AgentState, Changed, Mode, ModeFrom, Policies, Policy, PolicyDetail, PolicyTests,
};

use super::bench::{Bench, Double, ID, POLICY, WORLD, body, code};

async fn policy(bench: &Bench) -> Policy {
    bench.get(&format!("/api/v1/policies/{ID}")).await
}

#[tokio::test]
async fn everything_works_before_an_agent_is_there() {
    let bench = Bench::new("alone").await;
    let status = bench.status().await;
    assert!(!status.ready);
    assert_eq!((status.revision, status.policies.detect), (1, 1));
    assert_eq!(status.coverage.workloads, 2);
    assert_eq!(status.coverage.ingress.detected, 1);
    let policy = policy(&bench).await;
    assert_eq!(policy.workloads, ["data/db"]);
    assert_eq!((policy.mode, policy.mode_from), (Mode::Detect, ModeFrom::Cluster));
    assert!(!policy.sentences.is_empty());
}

#[tokio::test]
async fn an_agent_is_told_everything_and_its_answer_shows() {
    let bench = Bench::new("agent").await;
    let mut agent = Double::connect(&bench).await;
    let wanted = agent.wanted().await;
    assert_eq!(wanted.revision, 1);
    assert_eq!(wanted.documents[0].text, POLICY);
    assert_eq!(wanted.attachments.len(), 2);
    agent.applied(1).await;
    bench.until("the revision is in force", |state| state.ready()).await;
    assert_eq!(bench.status().await.nodes[0].generation, 7);
    drop(agent);
    bench.until("the agent is gone", |state| state.node.agent == AgentState::Gone).await;
    let status = bench.status().await;
    assert!(!status.ready);
    assert_eq!(status.nodes[0].revision, 1, "the kernel still has it");
    assert_eq!(status.problems[0].code, "agent_gone");
}

#[tokio::test]
async fn a_change_of_the_folder_reaches_the_agent_by_itself() {
    let bench = Bench::new("watched").await;
    let mut agent = Double::connect(&bench).await;
    agent.wanted().await;
    fs::write(bench.path("policies/web.yaml"), POLICY.replace("name: db", "name: web")).unwrap();
    let wanted = agent.wanted().await;
    assert_eq!(wanted.revision, 2);
    assert_eq!(wanted.documents.len(), 2);
    fs::remove_file(bench.path("policies/db.yaml")).unwrap();
    let wanted = agent.wanted().await;
    assert_eq!((wanted.revision, wanted.documents.len()), (3, 1));
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_says_where() {
    let bench = Bench::new("broken").await;
    for (broken, place) in [
        (POLICY.replace("spec:", "spec: ["), "db.yaml:"),
        (POLICY.replace("ports:", "portz:"), "db.yaml:12:7"),
        (
            POLICY.replace("namespaceSelector: {}", "ipBlock: {cidr: 10.1.2.3/8}"),
            "address bits are set behind the prefix",
        ),
    ] {
        bench.write("policies/db.yaml", &broken).await;
        let status = bench.status().await;
        assert_eq!(status.revision, 1, "{broken}");
        assert_eq!(status.policies.refused, 1);
        let problem = &status.problems.iter().find(|p| p.code == "policy_refused").unwrap();
        assert!(problem.message.contains(place), "{}", problem.message);
        assert!(problem.message.contains("stays in force"), "{}", problem.message);
        let policy = policy(&bench).await;
        assert_eq!(policy.workloads, ["data/db"], "the last good one is shown");
        assert!(policy.diagnostics.iter().any(|finding| finding.severity == "error"));
    }
    bench.write("policies/db.yaml", POLICY).await;
    let status = bench.status().await;
    assert_eq!((status.revision, status.policies.refused), (1, 0));
}

#[tokio::test]
async fn a_file_that_is_broken_at_a_restart_still_stays_in_force() {
    let bench = Bench::new("restart").await;
    fs::write(bench.path("policies/db.yaml"), "kind: [").unwrap();
    let bench = bench.again().await;
    let mut agent = Double::connect(&bench).await;
    assert_eq!(agent.wanted().await.documents[0].text, POLICY);
    assert_eq!(bench.status().await.policies.refused, 1);
}

#[tokio::test]
async fn a_broken_workload_file_leaves_the_workloads_as_they_were() {
    let bench = Bench::new("world").await;
    bench.write("workloads.yaml", "pods: [{name: web, colour: red}]\n").await;
    let status = bench.status().await;
    assert_eq!((status.revision, status.coverage.workloads), (1, 2));
    let problem = status.problems.iter().find(|p| p.code == "workloads_refused").unwrap();
    assert!(problem.message.contains("workloads.yaml:1:20"), "{}", problem.message);
    bench.write("workloads.yaml", &WORLD.replace("team: red", "team: blue")).await;
    let status = bench.status().await;
    assert_eq!(status.revision, 2);
    assert!(status.problems.iter().all(|p| p.code != "workloads_refused"));
}

#[tokio::test]
async fn the_same_policy_in_two_files_is_refused_in_the_second() {
    let bench = Bench::new("twice").await;
    bench.write("policies/z.yaml", POLICY).await;
    let status = bench.status().await;
    assert_eq!((status.revision, status.policies.refused), (1, 1));
    let problem = status.problems.iter().find(|p| p.code == "policy_refused").unwrap();
    assert!(problem.message.contains("stands in another file"), "{}", problem.message);
}

#[tokio::test]
async fn an_empty_folder_is_a_state_and_no_error() {
    let bench = Bench::new("empty").await;
    fs::remove_file(bench.path("policies/db.yaml")).unwrap();
    bench.look().await;
    let status = bench.status().await;
    assert_eq!((status.revision, status.policies.detect), (2, 0));
    assert_eq!(status.coverage.ingress.open, 2);
    assert!(bench.get::<Policies>("/api/v1/policies").await.policies.is_empty());
}

#[tokio::test]
async fn a_folder_that_is_gone_changes_nothing() {
    let bench = Bench::new("gone").await;
    fs::rename(bench.path("policies"), bench.path("away")).unwrap();
    bench.look().await;
    let status = bench.status().await;
    assert_eq!((status.revision, status.policies.detect), (1, 1));
    assert_eq!(status.problems.last().unwrap().code, "folder_unreadable");
}

#[tokio::test]
async fn a_folder_that_comes_back_is_watched_anew() {
    let bench = Bench::new("back").await;
    let mut agent = Double::connect(&bench).await;
    agent.wanted().await;
    fs::rename(bench.path("policies"), bench.path("away")).unwrap();
    bench.until("it is gone", |state| !state.trouble.is_empty()).await;
    fs::create_dir(bench.path("policies")).unwrap();
    assert_eq!(agent.wanted().await.documents.len(), 0, "an empty one came back");
    fs::write(bench.path("policies/db.yaml"), POLICY).unwrap();
    assert_eq!(agent.wanted().await.documents.len(), 1);
}

#[tokio::test]
async fn a_mode_is_written_into_the_file_with_comments_kept() {
    let bench = Bench::new("mode").await;
    let path = format!("/api/v1/policies/{ID}/mode");
    let answer = bench.change("PUT", &path, "{\"mode\": \"enforce\"}").await;
    assert_eq!(answer.status(), StatusCode::OK);
    let changed: Changed = body(answer).await;
    assert_eq!((changed.revision, changed.policies), (2, vec![ID.to_owned()]));
    let text = fs::read_to_string(bench.path("policies/db.yaml")).unwrap();
    assert!(text.contains("podwall.io/mode: enforce"), "{text}");
    assert!(text.starts_with("# who may reach") && text.contains("# a name"), "{text}");
    assert_eq!(policy(&bench).await.mode_from, ModeFrom::Policy);
    assert_eq!(bench.status().await.coverage.ingress.enforced, 1);
    let answer = bench.change("PUT", &path, "{\"mode\": null}").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(policy(&bench).await.mode_from, ModeFrom::Cluster);
}

#[tokio::test]
async fn namespaces_and_the_default_have_modes_too() {
    let bench = Bench::new("modes").await;
    let answer =
        bench.change("PUT", "/api/v1/namespaces/data/mode", "{\"mode\":\"enforce\"}").await;
    assert_eq!(body::<Changed>(answer).await.policies, [ID]);
    let text = fs::read_to_string(bench.path("workloads.yaml")).unwrap();
    assert!(text.contains("{name: data, mode: enforce, labels"), "{text}");
    assert_eq!(policy(&bench).await.mode_from, ModeFrom::Namespace);
    let answer = bench.change("PUT", "/api/v1/mode", "{\"mode\": \"off\"}").await;
    assert!(body::<Changed>(answer).await.policies.is_empty(), "the namespace says otherwise");
    assert_eq!(bench.status().await.mode, Mode::Off);
    let bench = bench.again().await;
    assert_eq!(bench.status().await.mode, Mode::Off, "remembered");
    let answer = bench.change("POST", "/api/v1/detect", "").await;
    assert_eq!(body::<Changed>(answer).await.policies, [ID]);
    assert_eq!(policy(&bench).await.mode, Mode::Detect);
    let answer = bench.change("PUT", "/api/v1/namespaces/nope/mode", "{\"mode\":\"off\"}").await;
    assert_eq!(code(answer).await, "not_found");
}

#[tokio::test]
async fn detect_everything_reaches_each_place_that_enforces() {
    let bench = Bench::new("detect").await;
    let other = POLICY.replace("name: db ", "name: other ");
    let both = format!("{POLICY}---\n{other}");
    bench.write("policies/db.yaml", &both).await;
    let modes = format!(
        "{{\"policies\": {{\"{ID}\": \"enforce\", \"NetworkPolicy/data/other\": \"enforce\"}}}}"
    );
    let changed: Changed = body(bench.change("PUT", "/api/v1/modes", &modes).await).await;
    assert_eq!(changed.policies.len(), 2);
    assert_eq!(bench.status().await.policies.enforce, 2);
    assert_eq!(bench.status().await.revision, 3, "both in one revision");
    bench.change("PUT", "/api/v1/mode", "{\"mode\":\"enforce\"}").await;
    let changed: Changed = body(bench.change("POST", "/api/v1/detect", "").await).await;
    assert_eq!(changed.policies.len(), 2);
    let status = bench.status().await;
    assert_eq!(
        (status.mode, status.policies.enforce, status.policies.detect),
        (Mode::Detect, 0, 2)
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_said_so() {
    let bench = Bench::new("readonly").await;
    let folder = bench.path("policies");
    let mount = |words: &[&str]| {
        let done = std::process::Command::new("mount").args(words).arg(&folder).status().unwrap();
        assert!(done.success(), "this test needs root: it mounts the folder read-only");
    };
    mount(&["--bind", folder.to_str().unwrap()]);
    mount(&["-o", "remount,bind,ro"]);
    bench.look().await;
    let writable = policy(&bench).await.writable;
    let answer =
        bench.change("PUT", &format!("/api/v1/policies/{ID}/mode"), "{\"mode\":\"enforce\"}").await;
    let unmounted = std::process::Command::new("umount").arg("-l").arg(&folder).status().unwrap();
    assert!(unmounted.success());
    assert!(!writable);
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert_eq!(code(answer).await, "not_writable");
    assert_eq!(bench.status().await.revision, 1);
}

#[tokio::test]
async fn a_policy_that_says_what_another_says_first_is_shadowed() {
    let bench = Bench::new("shadow").await;
    let twin = POLICY.replace("name: db", "name: db-again");
    assert_ne!(twin, POLICY);
    bench.write("policies/zz-twin.yaml", &twin).await;
    let list: Policies = bench.get("/api/v1/policies").await;
    let shadowed: Vec<bool> =
        list.policies.iter().map(|policy| policy.shadowed.is_some()).collect();
    assert_eq!(shadowed, [false, true], "{:?}", list.policies);
    let shadow = list.policies[1].shadowed.as_ref().unwrap();
    assert!(shadow.by[0].starts_with(&list.policies[0].id), "{shadow:?}");
    let wider = twin
        .replace("name: db-again", "name: db-wide")
        .replace("      ports: [{port: 5432}]\n", "");
    bench.write("policies/zz-twin.yaml", &wider).await;
    let list: Policies = bench.get("/api/v1/policies").await;
    let shadow = list.policies[0].shadowed.as_ref().expect("the wider one does it all");
    assert!(shadow.why.starts_with("the rule adds nothing: `"), "{shadow:?}");
    assert_eq!(list.policies[1].shadowed, None, "{:?}", list.policies);
}

#[tokio::test]
async fn a_policy_that_alone_isolates_is_not_shadowed_by_a_deny() {
    let bench = Bench::new("isolating").await;
    let deny = "\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: none, namespace: data}
spec:
  endpointSelector: {}
  enableDefaultDeny: {ingress: false}
  ingressDeny: [{fromEntities: [all]}]
";
    bench.write("policies/zz-deny.yaml", deny).await;
    let list: Policies = bench.get("/api/v1/policies").await;
    let shadowed: Vec<bool> =
        list.policies.iter().map(|policy| policy.shadowed.is_some()).collect();
    assert_eq!(shadowed, [false, false], "{:?}", list.policies);
    let detail: PolicyDetail = bench.get(&format!("/api/v1/policies/{ID}")).await;
    let words: Vec<&str> =
        detail.rules.iter().filter_map(|rule| Some(rule.shadowed.as_ref()?.why.as_str())).collect();
    assert!(words.iter().any(|why| why.starts_with("the rule allows nothing: `")), "{detail:?}");
}

#[tokio::test]
async fn tests_of_the_folder_are_run_on_what_is_in_force_and_read_nothing_else() {
    let bench = Bench::new("policy-tests").await;
    let case = |policies: &str| {
        format!(
            "apiVersion: podwall.io/v1\nkind: PolicyTest\nmetadata: {{name: database}}\n{policies}\
             tests:\n- {{from: shop/web, to: data/db, port: 5432/TCP, expect: AUDIT}}\n\
             - {{from: shop/web, to: data/db, port: 5432/TCP, expect: ALLOW}}\n"
        )
    };
    fs::create_dir(bench.path("policies/tests")).unwrap();
    bench.write("policies/db.test.yaml", &case("")).await;
    bench.write("policies/tests/named.yaml", &case("policies: [{file: ../db.yaml}]\n")).await;
    bench.write("policies/tests/beyond.yaml", &case("policies: [{file: /etc/passwd}]\n")).await;
    let status = bench.status().await;
    assert_eq!(status.policies.refused, 0, "a test is no policy, and no refused one");
    let PolicyTests { tests, failed, unusable, left_out } =
        bench.get(&format!("/api/v1/tests?policy={ID}")).await;
    let told = tests.iter().map(|test| (test.file.as_str(), test.line, test.passed));
    let files = ["db.test.yaml", "tests/named.yaml"];
    let told: Vec<_> = told.filter(|(file, ..)| files.contains(file)).collect();
    assert_eq!(told.iter().filter(|(.., passed)| *passed).count(), 2, "{tests:?}");
    assert_eq!((told.len(), failed, left_out), (4, 2, 0));
    assert!(!tests[0].passed && tests[0].message.is_some(), "what fails is told first");
    assert_eq!(unusable.len(), 1, "{unusable:?}");
    assert!(unusable[0].contains("/etc/passwd") && !unusable[0].contains("root:"));
    let PolicyTests { tests, .. } = bench.get("/api/v1/tests?policy=NetworkPolicy/data/else").await;
    assert_eq!(tests, []);
    // A policy beside a test in one file is not left out in silence.
    bench.write("policies/db.test.yaml", &format!("{}---\n{POLICY}", case(""))).await;
    assert_eq!(bench.status().await.policies.refused, 2, "both documents");
}

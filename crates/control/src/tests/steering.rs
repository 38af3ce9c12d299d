//! Steering: the map, one workload, drafts from flows, saving them, the log of changes, two people
//! at the same switch.

use std::fs;

use axum::http::StatusCode;
use podwall_wire::node::ToControl;
use podwall_wire::rest::{
    ChangeKind, Changes, Draft, Flows, Map, Mode, Policies, PolicyDetail, PolicyState, Saved,
    Stats, WorkloadDetail, Workloads,
};

use super::bench::{Bench, Double, ID, POLICY, body, code};
use super::flows::{counters, flow};
use crate::app::now_ms;

/// A run that has seen the web front ask the database for a port that nothing allows.
async fn seen(name: &str) -> (Bench, Double) {
    let bench = Bench::new(name).await;
    let mut agent = Double::connect(&bench).await;
    agent.wanted().await;
    let mut told = bench.app.told.subscribe();
    agent.say(&ToControl::Flows { flows: vec![flow(now_ms() * 1_000, 5433)] }).await;
    agent.say(&counters(now_ms(), 40)).await;
    let both = async {
        let (mut flows, mut ticks) = (false, false);
        while !(flows && ticks) {
            match &*told.recv().await.unwrap() {
                crate::app::Told::Flows(_) => flows = true,
                crate::app::Told::Tick(_) => ticks = true,
                crate::app::Told::Status(_) | crate::app::Told::Changes(_) => {}
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), both).await.unwrap();
    (bench, agent)
}

#[tokio::test]
async fn map_workload_and_statistics_tell_the_same() {
    let (bench, _agent) = seen("map").await;
    let map: Map = bench.get("/api/v1/map").await;
    assert_eq!(map.nodes.len(), 2);
    let edge = &map.edges[0];
    assert_eq!((edge.source.as_str(), edge.destination.as_str()), ("shop/web", "data/db"));
    assert_eq!((edge.ingress.would_drop, edge.egress.would_drop), (3, 0));
    assert_eq!(edge.ports[0].port, "5433/TCP");
    let map: Map = bench.get("/api/v1/map?group=namespace").await;
    assert_eq!(
        (map.edges[0].source.as_str(), map.edges[0].destination.as_str()),
        ("shop/", "data/")
    );
    let db: WorkloadDetail = bench.get("/api/v1/workloads/data/db").await;
    assert_eq!(db.peers_in[0].peer, "shop/web");
    assert_eq!((db.peers_in[0].count, db.ports[0].events.would_drop), (3, 3));
    assert_eq!(db.held_by[0].policy, ID);
    assert_eq!(db.workload.into.packets.would_drop, 40);
    let all: Workloads = bench.get("/api/v1/workloads").await;
    assert_eq!(all.workloads[0].into.bytes.would_drop, 40 * 60);
    let stats: Stats = bench.get("/api/v1/stats?by=workload&step=10000").await;
    assert_eq!(
        (stats.groups[0].name.as_str(), stats.groups[0].packets.would_drop),
        ("data/db", 40)
    );
    assert_eq!(stats.total.packets.would_drop, 40);
    let answer = bench.change("GET", "/api/v1/workloads/data/nope", "").await;
    assert_eq!(code(answer).await, "not_found");
}

#[tokio::test]
async fn a_flow_becomes_a_draft_and_the_draft_a_policy_in_detection() {
    let (bench, mut agent) = seen("draft").await;
    let flows: Flows = bench.get("/api/v1/flows").await;
    let asked = format!("{{\"flow\": {}}}", flows.flows[0].seq);
    let draft: Draft = body(bench.change("POST", "/api/v1/drafts", &asked).await).await;
    assert_eq!(draft.policies.len(), 1);
    assert_eq!(draft.policies[0].id, "CiliumNetworkPolicy/data/allow-web-to-db-5433");
    assert_eq!(draft.policies[0].selects, ["data/db"]);
    assert_eq!((draft.effect.released, draft.effect.stopped), (3, 0));
    assert!(draft.writable);
    let saved = serde_json::json!({ "yaml": draft.yaml }).to_string();
    let answer = bench.change("POST", "/api/v1/policies", &saved).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let saved_as: Saved = body(answer).await;
    assert_eq!(saved_as.policies, ["CiliumNetworkPolicy/data/allow-web-to-db-5433"]);
    assert_eq!(
        fs::read_to_string(bench.path("policies").join(&saved_as.file)).unwrap(),
        draft.yaml
    );
    assert_eq!(agent.wanted().await.documents.len(), 2, "the agent gets it by itself");
    let again = bench.change("POST", "/api/v1/policies", &saved).await;
    assert_eq!(code(again).await, "exists");
    let other = draft.yaml.replace("5433\n", "5434\n").replace("name: allow-web", "name: other");
    let same = serde_json::json!({ "yaml": other, "file": saved_as.file }).to_string();
    assert_eq!(code(bench.change("POST", "/api/v1/policies", &same).await).await, "exists");
    let draft = bench.change("POST", "/api/v1/drafts", &asked).await;
    assert_eq!(code(draft).await, "allowed", "as the policies stand now");
    let gone = bench.change("POST", "/api/v1/drafts", "{\"flow\": 999}").await;
    assert_eq!(code(gone).await, "not_found");
}

#[tokio::test]
async fn a_file_outside_of_the_folder_or_broken_text_is_never_written() {
    let bench = Bench::new("outside").await;
    let policy = POLICY.replace("name: db", "name: other");
    for file in ["../x.yaml", "/x.yaml", ".x.yaml", "x.txt", "a/b.yaml", ".yaml"] {
        let asked = serde_json::json!({ "yaml": policy, "file": file }).to_string();
        let answer = bench.change("POST", "/api/v1/policies", &asked).await;
        assert_eq!(code(answer).await, "bad_policy", "{file}");
    }
    for yaml in ["", "kind: Pod", "apiVersion: ["] {
        let asked = serde_json::json!({ "yaml": yaml }).to_string();
        let answer = bench.change("POST", "/api/v1/policies", &asked).await;
        assert_eq!(code(answer).await, "bad_policy", "{yaml}");
    }
    assert_eq!(fs::read_dir(bench.path("policies")).unwrap().count(), 1);
}

#[tokio::test]
async fn every_change_is_told_with_who_what_and_when_and_stays() {
    let bench = Bench::new("changes").await;
    let mode = format!("/api/v1/policies/{ID}/mode");
    bench.change("PUT", &mode, "{\"mode\": \"enforce\"}").await;
    bench.change("PUT", "/api/v1/mode", "{\"mode\": \"off\"}").await;
    let bench = bench.again().await;
    bench.change("POST", "/api/v1/detect", "").await;
    fs::remove_file(bench.path("policies/db.yaml")).unwrap();
    bench.until("it is gone", |state| state.documents.policies().count() == 0).await;
    let log = async {
        loop {
            let all: Changes = bench.get("/api/v1/changes").await;
            if all.changes.len() >= 4 {
                return all.changes;
            }
            tokio::task::yield_now().await;
        }
    };
    let all = tokio::time::timeout(std::time::Duration::from_secs(10), log).await.unwrap();
    let told: Vec<_> =
        all.iter().map(|c| (c.what, c.subject.as_str(), c.to.as_deref(), c.who.as_str())).collect();
    assert_eq!(
        told,
        [
            (ChangeKind::Removed, ID, None, "file"),
            (ChangeKind::Mode, ID, Some("detect"), "page"),
            (ChangeKind::ClusterMode, "cluster", Some("off"), "page"),
            (ChangeKind::Mode, ID, Some("enforce"), "page"),
        ]
    );
    assert!(all.windows(2).all(|pair| pair[0].seq > pair[1].seq && pair[0].time >= pair[1].time));
    let of_one: Changes = bench.get(&format!("/api/v1/changes?subject={ID}&limit=1")).await;
    assert_eq!((of_one.changes.len(), of_one.next), (1, Some(of_one.changes[0].seq)));
}

#[tokio::test]
async fn of_two_who_switch_at_once_the_second_is_told() {
    let bench = Bench::new("two").await;
    let set = |mode: &str| {
        axum::http::Request::put("/api/v1/modes")
            .header("content-type", "application/json")
            .header("if-match", "\"1\"")
            .body(axum::body::Body::from(format!("{{\"policies\": {{\"{ID}\": \"{mode}\"}}}}")))
            .unwrap()
    };
    let (one, two) = tokio::join!(bench.send(set("enforce")), bench.send(set("off")));
    let statuses = [one.status(), two.status()];
    assert!(statuses.contains(&StatusCode::OK), "{statuses:?}");
    let refused = if one.status() == StatusCode::OK { two } else { one };
    assert_eq!(refused.status(), StatusCode::PRECONDITION_FAILED);
    assert_eq!(code(refused).await, "stale");
    assert_eq!(bench.status().await.revision, 2);
}

#[tokio::test]
async fn a_list_that_is_known_is_not_sent_again_and_pages_follow_each_other() {
    let bench = Bench::new("pages").await;
    let names: Vec<String> = (0..25).map(|n| format!("name: p{n:02}")).collect();
    let many: Vec<String> = names.iter().map(|name| POLICY.replacen("name: db", name, 1)).collect();
    bench.write("policies/many.yaml", &many.join("---\n")).await;
    let mut after = String::new();
    let mut ids = Vec::new();
    loop {
        let page: Policies =
            bench.get(&format!("/api/v1/policies?brief=true&limit=10{after}")).await;
        assert_eq!((page.total, page.policies[0].yaml.as_str()), (26, ""));
        ids.extend(page.policies.into_iter().map(|policy| policy.id));
        let Some(next) = page.next else { break };
        after = format!("&after={next}");
    }
    assert_eq!(ids.len(), 26);
    assert!(ids.is_sorted());
    let first = bench.change("GET", "/api/v1/policies", "").await;
    let tag = first.headers()["etag"].clone();
    let known = axum::http::Request::get("/api/v1/policies").header("if-none-match", tag);
    let known = bench.send(known.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn one_policy_tells_its_rules_and_what_each_decided() {
    let bench = Bench::new("rules").await;
    bench.change("PUT", &format!("/api/v1/policies/{ID}/mode"), "{\"mode\": \"enforce\"}").await;
    let policy: PolicyDetail = bench.get(&format!("/api/v1/policies/{ID}")).await;
    assert_eq!(policy.rules[0].rule, "NetworkPolicy/data/db#ingress[0]");
    assert!(policy.policy.yaml.contains("podwall.io/mode: enforce"));
    assert_eq!(policy.policy.state, PolicyState::Accepted);
    assert_eq!(policy.changes[0].to.as_deref(), Some("enforce"));
    assert_eq!(policy.policy.mode, Mode::Enforce);
}

#[tokio::test]
async fn flows_and_statistics_come_as_lines_too() {
    let (bench, _agent) = seen("csv").await;
    for (path, head) in [("flows", "seq,time_ms,verdict"), ("stats", "kind,name,start_ms")] {
        let answer = bench.change("GET", &format!("/api/v1/{path}?format=csv"), "").await;
        assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
        let bytes = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.starts_with(head), "{text}");
        assert!(text.lines().count() >= 2, "{text}");
    }
    assert_eq!(code(bench.change("GET", "/api/v1/flows?format=xml", "").await).await, "bad_filter");
}

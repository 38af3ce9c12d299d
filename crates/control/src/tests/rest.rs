//! The API from outside: who is let in, what every answer carries, and that what is served is what
//! is described.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use podwall_wire::rest::Status;

use super::bench::{Bench, TOKEN, body, code};

fn ask(path: &str) -> axum::http::request::Builder {
    Request::get(path).header("host", "127.0.0.1:4280")
}

fn with_token(path: &str) -> axum::http::request::Builder {
    ask(path).header("authorization", format!("Bearer {TOKEN}"))
}

fn empty(builder: axum::http::request::Builder) -> Request<Body> {
    builder.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn whoever_lacks_the_token_gets_nothing() {
    let bench = Bench::new("token").await;
    for path in ["/", "/api/v1/status", "/api/v1/stream", "/metrics", "/index.html", "/nope"] {
        let answer = bench.over_tcp(empty(ask(path))).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(answer.headers().contains_key("content-security-policy"), "{path}");
    }
    let answer = bench.over_tcp(empty(with_token("/api/v1/status"))).await;
    assert_eq!(body::<Status>(answer).await.page, None, "the token is not told over TCP");
}

#[tokio::test]
async fn the_printed_address_gives_a_cookie_that_no_script_reads() {
    let bench = Bench::new("cookie").await;
    let answer = bench.over_tcp(empty(ask(&format!("/?token={TOKEN}")))).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], "/");
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"), "{cookie}");
    let pair = cookie.split(';').next().unwrap().to_owned();
    let answer = bench.over_tcp(empty(ask("/").header("cookie", pair))).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
}

#[tokio::test]
async fn foreign_hosts_and_cross_site_changes_are_refused() {
    let bench = Bench::new("site").await;
    let rebound = Request::get("/api/v1/status")
        .header("host", "evil.example")
        .header("authorization", format!("Bearer {TOKEN}"));
    assert_eq!(code(bench.over_tcp(empty(rebound)).await).await, "foreign_host");
    let change = with_token("/api/v1/mode")
        .method("PUT")
        .header("content-type", "application/json")
        .header("origin", "http://evil.example")
        .body(Body::from("{\"mode\":\"enforce\"}"))
        .unwrap();
    assert_eq!(code(bench.over_tcp(change).await).await, "cross_site");
    assert_eq!(bench.status().await.revision, 1);
}

#[tokio::test]
async fn every_answer_forbids_inline_scripts_frames_and_guessing() {
    let bench = Bench::new("headers").await;
    for path in ["/", "/api/v1/policies", "/api/v1/nope"] {
        let answer = bench.over_tcp(empty(with_token(path))).await;
        let headers = answer.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers["referrer-policy"], "no-referrer");
    }
}

#[tokio::test]
async fn the_run_is_ended_over_the_unix_socket_alone() {
    let bench = Bench::new("stop").await;
    let stop = empty(with_token("/api/v1/stop").method("POST"));
    assert_eq!(bench.over_tcp(stop).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(bench.change("POST", "/api/v1/stop", "").await.status(), StatusCode::ACCEPTED);
    tokio::time::timeout(std::time::Duration::from_secs(5), bench.app.stop.notified())
        .await
        .expect("the run is told to end");
}

#[tokio::test]
async fn questions_that_cannot_be_understood_are_said_so() {
    let bench = Bench::new("bad").await;
    for path in [
        "/api/v1/flows?verdict=maybe",
        "/api/v1/flows?colour=red",
        "/api/v1/flows?limit=-1",
        "/api/v1/stats?step=0&since=0&until=99999999999",
        "/api/v1/stats?since=2&until=1",
        "/api/v1/explain?from=shop/web",
        "/api/v1/explain?from=shop/web&to=x&port=1",
    ] {
        let answer = bench.over_tcp(empty(with_token(path))).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(code(answer).await, "bad_filter", "{path}");
    }
    for body in ["", "{}", "{\"mode\": \"audit\"}", "null"] {
        let answer = bench.change("PUT", "/api/v1/mode", body).await;
        assert_eq!(code(answer).await, "bad_mode", "{body}");
    }
    for path in ["/api/v1/policies/NetworkPolicy/data/nope", "/api/v1/policies/x", "/api/v1/x"] {
        let answer = bench.over_tcp(empty(with_token(path))).await;
        assert_eq!(code(answer).await, "not_found", "{path}");
    }
}

#[tokio::test]
async fn explain_answers_for_workloads_and_addresses() {
    let bench = Bench::new("explain").await;
    let answer: podwall_wire::rest::Explanation =
        bench.get("/api/v1/explain?from=shop/web&to=data/db&port=5433").await;
    assert_eq!(answer.verdict, podwall_wire::rest::Verdict::WouldDrop);
    assert_eq!(answer.directions[1].nearest[0].rule, "NetworkPolicy/data/db#ingress[0]");
    assert!(answer.directions[1].nearest[0].peer && !answer.directions[1].nearest[0].port);
    let answer: podwall_wire::rest::Explanation =
        bench.get("/api/v1/explain?from=10.0.0.5&to=10.0.0.6&port=5432%2FTCP").await;
    assert_eq!(answer.verdict, podwall_wire::rest::Verdict::Forwarded);
}

#[tokio::test]
async fn every_described_route_is_served_with_its_method() {
    let bench = Bench::new("described").await;
    let document: serde_json::Value = bench.get("/api/v1/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), ROUTES, "{:?}", paths.keys());
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys() {
            let path = path
                .replace("{id}", "NetworkPolicy/data/db")
                .replace("{namespace}", "data")
                .replace("{name}", "db");
            let answer = bench.change(&method.to_uppercase(), &path, "").await;
            let unserved = [StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_FOUND];
            assert!(!unserved.contains(&answer.status()), "{method} {path}: {}", answer.status());
        }
    }
    let text = document.to_string();
    for name in text.split("#/components/schemas/").skip(1) {
        let name = name.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "no schema: {name}");
    }
}

#[test]
fn the_committed_description_is_the_one_that_is_served() {
    let committed = include_str!("../../../../docs/openapi.json");
    assert!(
        committed.trim_end() == crate::openapi(),
        "docs/openapi.json is not current, hint: cargo build -p podwall-cli && cargo xtask client"
    );
}

/// All routes but the page and `stop`, which is no client's business. Grows with `route::api`.
const ROUTES: usize = 22;

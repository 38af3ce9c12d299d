//! Flows, counters and the stream, from the agent's line to what clients read.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use podwall_wire::node::{
    Connection, Counter, Counters, Flow, Losses, Side, ToControl, WorkloadName,
};
use podwall_wire::rest::{self, Direction, FlowKind, Flows, NewPairs, Preview, Stats, Verdict};

use super::bench::{Bench, Double, ID, TOKEN, body};

pub(super) fn name(namespace: &str, name: &str) -> WorkloadName {
    WorkloadName { namespace: namespace.into(), name: name.into() }
}

pub(super) fn side(workload: WorkloadName, app: &str) -> Side {
    let labels = [
        ("k8s", "app", app),
        ("k8s", "io.kubernetes.pod.namespace", workload.namespace.as_str()),
        ("k8s", "io.cilium.k8s.policy.cluster", "default"),
    ];
    let labels = labels.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())).to_vec();
    Side { workload: Some(workload), names: Vec::new(), identity: 256, labels }
}

/// The web front asks for a port of the database that nothing allows.
pub(super) fn flow(time_us: u64, port: u16) -> Flow {
    Flow {
        time_us,
        kind: FlowKind::Judged,
        workload: name("data", "db"),
        direction: Direction::Ingress,
        connection: Connection {
            source: "10.0.0.5".parse().unwrap(),
            destination: "10.96.0.9".parse().unwrap(),
            source_port: 40_000,
            destination_port: 80,
            protocol: 6,
        },
        source: side(name("shop", "web"), "web"),
        destination: side(name("data", "db"), "db"),
        backend: Some(("10.0.0.6".parse().unwrap(), port)),
        service: Some("data/db".into()),
        verdict: Verdict::WouldDrop,
        reason: 133,
        rule: None,
        nearest: Vec::new(),
        tcp_flags: 2,
        generation: 7,
        count: 3,
    }
}

pub(super) fn counters(time: u64, packets: u64) -> ToControl {
    let counter = Counter {
        workload: name("data", "db"),
        direction: Direction::Ingress,
        verdict: Verdict::WouldDrop,
        reason: 133,
        rule: None,
        packets,
        bytes: packets * 60,
    };
    ToControl::Counters(Counters { time, counters: vec![counter] })
}

/// The next event of a name from a stream.
async fn event(stream: &mut Response<Body>, name: &str) -> (Option<u64>, String) {
    let mut text = String::new();
    let wanted = format!("event: {name}\n");
    let read = async {
        loop {
            for block in text.split_inclusive("\n\n").filter(|block| block.ends_with("\n\n")) {
                if block.contains(&wanted) {
                    let line = |word: &str| {
                        let line = block.lines().find(|line| line.starts_with(word))?;
                        Some(line[word.len()..].trim().to_owned())
                    };
                    let id = line("id:").and_then(|id| id.parse().ok());
                    return (id, line("data:").unwrap());
                }
            }
            let frame = stream.body_mut().frame().await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    };
    let patience = std::time::Duration::from_secs(10);
    tokio::time::timeout(patience, read).await.unwrap_or_else(|_| panic!("no event: {name}"))
}

pub(super) async fn stream(bench: &Bench, last: Option<u64>) -> Response<Body> {
    let mut request = Request::get("/api/v1/stream")
        .header("host", "localhost")
        .header("authorization", format!("Bearer {TOKEN}"));
    if let Some(last) = last {
        request = request.header("last-event-id", last.to_string());
    }
    bench.over_tcp(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_flow_is_shown_with_service_backend_and_who_isolates() {
    let bench = Bench::new("flow").await;
    let mut listener = stream(&bench, None).await;
    event(&mut listener, "status").await;
    let mut agent = Double::connect(&bench).await;
    agent.say(&ToControl::Flows { flows: vec![flow(5_000_000, 5433)] }).await;
    let (id, told) = event(&mut listener, "flow").await;
    let told: Vec<rest::Flow> = serde_json::from_str(&told).unwrap();
    assert_eq!((id, told[0].seq), (Some(1), 1));
    let page: Flows = bench.get("/api/v1/flows?verdict=AUDIT&from=shop/web&port=5433").await;
    let [flow] = page.flows.as_slice() else { panic!("one flow: {page:?}") };
    assert_eq!(*flow, told[0], "the stream and the list say the same");
    assert_eq!(flow.time, 5_000);
    assert_eq!(flow.policy.as_deref(), Some(ID));
    assert_eq!(flow.reason.as_deref(), Some("default_deny"));
    assert_eq!(flow.tcp_flags.as_deref(), Some("SYN"));
    assert_eq!((flow.destination.ip.as_str(), flow.port), ("10.0.0.6", 5433));
    let service = flow.service.as_ref().unwrap();
    assert_eq!((service.ip.as_str(), service.port), ("10.96.0.9", 80));
    let none: Flows = bench.get("/api/v1/flows?namespace=payments").await;
    assert!(none.flows.is_empty());
}

#[tokio::test]
async fn a_listener_that_comes_back_gets_what_it_missed() {
    let bench = Bench::new("resume").await;
    let mut agent = Double::connect(&bench).await;
    let mut listener = stream(&bench, None).await;
    agent.say(&ToControl::Flows { flows: (1..=3).map(|time| flow(time, 1)).collect() }).await;
    event(&mut listener, "flow").await;
    drop(listener);
    let mut listener = stream(&bench, Some(1)).await;
    let (id, told) = event(&mut listener, "flow").await;
    let told: Vec<rest::Flow> = serde_json::from_str(&told).unwrap();
    assert_eq!(told.iter().map(|flow| flow.seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(id, Some(3));
}

#[tokio::test]
async fn counters_become_ticks_sums_and_metrics() {
    let bench = Bench::new("count").await;
    let mut agent = Double::connect(&bench).await;
    let mut listener = stream(&bench, None).await;
    agent.say(&counters(10_000, 5)).await;
    event(&mut listener, "tick").await;
    agent.say(&counters(11_000, 9)).await;
    let (_, told) = event(&mut listener, "tick").await;
    let tick: Stats = serde_json::from_str(&told).unwrap();
    assert_eq!(tick.samples.len(), 1);
    assert_eq!((tick.samples[0].start, tick.samples[0].end), (10_000, 11_000));
    assert_eq!(tick.samples[0].packets.would_drop, 4);
    assert_eq!(tick.samples[0].bytes.would_drop, 240);
    let decided: Vec<_> = tick.groups.iter().map(|group| group.packets.would_drop).collect();
    assert_eq!((tick.groups[0].name.as_str(), decided), (ID, vec![4]), "who isolates decided");
    let stats: Stats = bench.get("/api/v1/stats?since=0&until=20000&step=1000").await;
    assert_eq!(stats.total.packets.would_drop, 9);
    assert_eq!(stats.namespaces[0].namespace, "data");
    let policy: rest::Policy = bench.get(&format!("/api/v1/policies/{ID}")).await;
    assert_eq!(policy.packets.would_drop, 9, "a default deny counts for who isolates");
    assert_eq!(policy.last_hit, Some(11_000));
    let answer = bench.change("GET", "/metrics", "").await;
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let line = "podwall_default_deny_total{namespace=\"data\",direction=\"ingress\",verdict=\"would_drop\"} 9\n";
    assert!(text.contains(line), "{text}");
}

#[tokio::test]
async fn flows_are_counted_in_the_names_of_hubble() {
    let bench = Bench::new("hubble").await;
    let mut agent = Double::connect(&bench).await;
    let dropped = Flow { verdict: Verdict::Dropped, ..flow(1, 1) };
    agent.say(&ToControl::Flows { flows: vec![flow(1, 1), dropped] }).await;
    let mut listener = stream(&bench, Some(0)).await;
    event(&mut listener, "flow").await;
    let answer = bench.change("GET", "/metrics", "").await;
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    for line in [
        "hubble_flows_processed_total{destination=\"data\",protocol=\"TCP\",source=\"shop\",subtype=\"\",type=\"PolicyVerdict\",verdict=\"AUDIT\"} 3",
        "hubble_drop_total{protocol=\"TCP\",reason=\"POLICY_DENIED\"} 3",
    ] {
        assert!(text.lines().any(|its| its == line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn losses_are_told() {
    let bench = Bench::new("loss").await;
    let mut agent = Double::connect(&bench).await;
    let losses = Losses { produced: 10, lost_kernel: 2, lost_agent: 1, ..Losses::default() };
    agent.say(&ToControl::Losses(losses)).await;
    agent.say(&ToControl::Losses(losses)).await;
    bench.until("the loss is known", |state| state.node.events_lost == 3).await;
    let page: Flows = bench.get("/api/v1/flows").await;
    assert_eq!(page.lost, 3, "said once, though told twice");
    for _ in 0..20 {
        agent.say(&ToControl::Losses(losses)).await;
    }
    bench.until("what never came is lost", |state| state.node.events_lost == 10).await;
    let answer = bench.change("GET", "/metrics", "").await;
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    for (labels, lost) in [
        ("stage=\"kernel_ring\",reason=\"full\"", 2),
        ("stage=\"queue\",reason=\"full\"", 1),
        ("stage=\"queue\",reason=\"killed\"", 7),
    ] {
        let line = format!("podwall_events_lost_total{{class=\"flow\",{labels}}} {lost}\n");
        assert!(text.contains(&line), "{line}{text}");
    }
}

#[tokio::test]
async fn a_mode_is_tried_on_what_was_recorded() {
    let bench = Bench::new("preview").await;
    let mut agent = Double::connect(&bench).await;
    let mut listener = stream(&bench, None).await;
    let allowed = Flow { verdict: Verdict::Forwarded, reason: 0, ..flow(2_000, 5432) };
    agent.say(&ToControl::Flows { flows: vec![flow(1_000, 5433), allowed] }).await;
    event(&mut listener, "flow").await;
    let ask = format!("{{\"policies\": {{\"{ID}\": \"enforce\"}}, \"since\": 0, \"until\": 1000}}");
    let answer = bench.change("POST", "/api/v1/preview", &ask).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let preview: Preview = body(answer).await;
    assert_eq!((preview.judged, preview.stopped, preview.released), (6, 3, 0));
    assert_eq!(preview.examples[0].port, "5433/TCP");
    assert_eq!(preview.examples[0].source, "shop/web");
    assert_eq!(bench.status().await.revision, 1, "nothing was changed");
}

#[tokio::test]
async fn a_listener_that_never_reads_is_told_of_its_gap_and_holds_nobody_up() {
    let bench = Bench::new("deaf").await;
    let mut agent = Double::connect(&bench).await;
    let mut deaf = stream(&bench, None).await;
    let mut listener = stream(&bench, None).await;
    for time in 1..=600_u64 {
        agent.say(&ToControl::Flows { flows: vec![flow(time, 1)] }).await;
        let (id, _) = event(&mut listener, "flow").await;
        assert_eq!(id, Some(time), "whoever reads is told at once");
    }
    let page: Flows = bench.get("/api/v1/flows?limit=1").await;
    assert_eq!(page.flows[0].seq, 600);
    let (_, missed) = event(&mut deaf, "gap").await;
    let missed: u64 = missed.parse().unwrap();
    assert!(missed >= 600 - 256 - 1, "all but what is held for it: {missed}");
    let mut again = stream(&bench, Some(1)).await;
    let (id, told) = event(&mut again, "flow").await;
    let told: Vec<rest::Flow> = serde_json::from_str(&told).unwrap();
    assert_eq!((id, told.len()), (Some(600), 599), "it gets what it missed when it comes back");
}

#[tokio::test]
async fn a_window_tells_what_no_rule_allowed_in_it() {
    let bench = Bench::new("deny").await;
    let mut agent = Double::connect(&bench).await;
    let mut listener = stream(&bench, None).await;
    for (time, packets) in [(1_000, 1_000), (3_600_000, 1_005), (3_601_000, 1_009)] {
        agent.say(&counters(time, packets)).await;
        event(&mut listener, "tick").await;
    }
    let of = |since: u64, until: u64| format!("/api/v1/policies/{ID}?since={since}&until={until}");
    let detail: rest::PolicyDetail = bench.get(&of(3_600_000, 3_610_000)).await;
    assert_eq!(detail.default_deny.packets.would_drop, 4);
    assert_eq!(detail.default_deny.bytes.would_drop, 240);
    assert_eq!(detail.default_deny.last_hit, Some(3_601_000));
    assert_eq!(detail.policy.packets.would_drop, 1_009, "since the counters began");
    let all: rest::PolicyDetail = bench.get(&of(0, 3_610_000)).await;
    assert_eq!(all.default_deny.packets.would_drop, 1_009, "with what passed in the gap");
}

#[tokio::test]
async fn what_is_new_is_told_only_where_the_time_before_is_known() {
    let bench = Bench::new("new-pairs").await;
    let mut agent = Double::connect(&bench).await;
    let mut listener = stream(&bench, None).await;
    let day_us = 86_400_000_000;
    let flows = vec![flow(5 * day_us, 5432), flow(7 * day_us, 5432), flow(7 * day_us + 9, 6379)];
    agent.say(&ToControl::Flows { flows }).await;
    event(&mut listener, "flow").await;
    let ask = |since: u64| format!("/api/v1/pairs/new?since={since}&until={}", 8 * day_us / 1_000);
    let new: NewPairs = bench.get(&ask(6 * day_us / 1_000)).await;
    let told: Vec<_> = new.pairs.iter().map(|pair| (pair.port.as_str(), pair.count)).collect();
    assert_eq!(told, [("6379/TCP", 3)]);
    let new: NewPairs = bench.get(&ask(4 * day_us / 1_000)).await;
    assert_eq!(new.pairs, []);
    assert_eq!(new.known_from, Some(5 * day_us / 1_000), "nobody knows of the time before");
}

//! The two queries of the earlier product's statistics page, asked of a real Prometheus that reads
//! our metrics. Needs `prometheus` of Debian.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use podwall_wire::node::{Flow, ToControl};
use podwall_wire::rest::Verdict;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::bench::{Bench, Double, TOKEN};
use super::flows::{flow, name, side};
use crate::server;

/// How long Prometheus may take for what it is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// The environment's namespace.
const OF: &str = "data";

/// Who sent to whom, what became of it, how many before the page looks, and how many then.
const SENT: [(&str, &str, Verdict, u64, u64); 6] = [
    ("shop", OF, Verdict::Forwarded, 1_000, 300),
    (OF, OF, Verdict::Forwarded, 500, 100),
    (OF, "shop", Verdict::Forwarded, 400, 40),
    ("shop", OF, Verdict::Dropped, 200, 60),
    ("shop", OF, Verdict::WouldDrop, 70, 50),
    ("shop", "pay", Verdict::Forwarded, 999, 99),
];
/// Of these, the page counts what was forwarded from or to the namespace, once, and dropped.
const FORWARDED: f64 = 300.0 + 100.0 + 40.0;
const DROPPED: f64 = 60.0;

/// A Prometheus on loopback, ended with the test.
struct Prometheus {
    child: Child,
    port: u16,
}

impl Prometheus {
    /// One that reads `/metrics` of this port twice a second.
    async fn start(directory: &Path, target: u16) -> Prometheus {
        let config = directory.join("prometheus.yml");
        std::fs::write(
            &config,
            format!(
                "global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}\n\
                 scrape_configs:\n\
                 - job_name: podwall\n  \
                   authorization: {{credentials: {TOKEN}}}\n  \
                   static_configs: [{{targets: ['127.0.0.1:{target}']}}]\n"
            ),
        )
        .unwrap();
        // A free port may be taken by somebody else meanwhile: then another one is tried.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let child = Command::new("prometheus")
                .arg(format!("--config.file={}", config.display()))
                .arg(format!("--storage.tsdb.path={}", directory.join("prometheus").display()))
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .arg("--log.level=error")
                .stdin(Stdio::null())
                .spawn()
                .expect("this test needs Debian's package `prometheus`");
            let mut started = Prometheus { child, port };
            if started.is_ready().await {
                return started;
            }
        }
        panic!("prometheus does not start");
    }

    /// Waits until it answers; says no, where it ended.
    async fn is_ready(&mut self) -> bool {
        let began = std::time::Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            if self.get("/-/ready").await.is_some_and(|answer| answer.contains(" 200 OK")) {
                return true;
            }
            assert!(began.elapsed() < PATIENCE, "prometheus gets not ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    async fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        let request = format!("GET {path} HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        Some(answer)
    }

    /// The result of a query, one value by verdict (or by nothing).
    async fn query(&self, path: &str, query: &str) -> Vec<(String, Value)> {
        let escaped: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = self.get(&format!("/api/v1/{path}query={escaped}")).await.unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let body: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"));
        assert_eq!(body["status"], "success", "{body}");
        let results = body["data"]["result"].as_array().unwrap().iter();
        let of = |result: &Value| {
            let verdict = result["metric"]["verdict"].as_str().unwrap_or_default().to_owned();
            (verdict, result.clone())
        };
        results.map(of).collect()
    }

    /// Waits until a query of one number says at least so much.
    async fn at_least(&self, query: &str, wanted: f64) {
        let began = std::time::Instant::now();
        loop {
            let found = self.query("query?", query).await;
            let number = found.first().map_or(0.0, |(_, result)| number(&result["value"][1]));
            if number >= wanted {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{query}: {number}, wanted {wanted}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn number(text: &Value) -> f64 {
    text.as_str().unwrap().parse().unwrap()
}

fn sent(count: impl Fn(u64, u64) -> u64) -> ToControl {
    let flows = SENT.iter().map(|(from, to, verdict, before, then)| Flow {
        source: side(name(from, "web"), "web"),
        destination: side(name(to, "db"), "db"),
        verdict: *verdict,
        reason: if *verdict == Verdict::Forwarded { 0 } else { 133 },
        count: count(*before, *then),
        ..flow(5_000_000, 80)
    });
    ToControl::Flows { flows: flows.collect() }
}

/// One verdict's value, of a query's result.
fn of(found: &[(String, Value)], verdict: &str, value: impl Fn(&Value) -> f64) -> f64 {
    let result = found.iter().find(|(its, _)| its == verdict);
    value(&result.unwrap_or_else(|| panic!("{verdict} in {found:?}")).1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_earlier_products_queries_give_its_pages_numbers() {
    let bench = Bench::new("prometheus").await;
    let page = TcpListener::bind("127.0.0.1:0").unwrap();
    page.set_nonblocking(true).unwrap();
    let target = page.local_addr().unwrap().port();
    server::serve(&bench.app, page, &bench.path("podwall.sock")).unwrap();
    let mut agent = Double::connect(&bench).await;
    agent.say(&sent(|before, _| before)).await;
    let prometheus = Prometheus::start(&bench.path("."), target).await;
    let before: u64 = SENT.iter().map(|sent| sent.3).sum();
    let all: u64 = SENT.iter().map(|sent| sent.3 + sent.4).sum();
    let sum = "sum(hubble_flows_processed_total)";
    prometheus.at_least(sum, before as f64).await;
    agent.say(&sent(|_, then| then)).await;
    prometheus.at_least(sum, all as f64).await;
    prometheus.at_least("min(count_over_time(hubble_flows_processed_total[5m]))", 10.0).await;

    let query = |function: &str, window: &str| {
        let series = |end: &str| {
            format!("{function}(hubble_flows_processed_total{{{end}=\"{OF}\"}}[{window}])")
        };
        format!(
            "sum by(verdict) ({} or on(source,destination,verdict) {})",
            series("destination"),
            series("source")
        )
    };
    // The page's figures, for a window of half an hour. Prometheus stretches an increase by up to
    // an interval at either end, every series alike.
    let totals = prometheus.query("query?", &query("increase", "1800s")).await;
    let total = |verdict: &str| of(&totals, verdict, |result| number(&result["value"][1]));
    let (forwarded, dropped) = (total("FORWARDED"), total("DROPPED"));
    let all = forwarded + dropped;
    assert!((FORWARDED + DROPPED..(FORWARDED + DROPPED) * 1.3).contains(&all), "{totals:?}");
    assert_eq!((100.0 * dropped / all).round() as u64, 12, "{totals:?}");
    let stretched = all / (FORWARDED + DROPPED);
    assert!((forwarded / stretched - FORWARDED).abs() < 0.01, "{totals:?}");
    assert!((dropped / stretched - DROPPED).abs() < 0.01, "{totals:?}");
    assert!(total("AUDIT") > 0.0, "told apart, and left out by that page");

    // Its chart: the rate over five minutes, at each step.
    let now = crate::app::now_ms() as f64 / 1_000.0;
    let range = format!("query_range?start={}&end={now}&step=5&", now - 20.0);
    let rates = prometheus.query(&range, &query("rate", "5m")).await;
    let last = |result: &Value| number(&result["values"].as_array().unwrap().last().unwrap()[1]);
    let (forwarded, dropped) = (of(&rates, "FORWARDED", last), of(&rates, "DROPPED", last));
    assert!((dropped / (forwarded + dropped) - 0.12).abs() < 1e-4, "{rates:?}");
}

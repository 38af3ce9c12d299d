//! `policy`, its second part: what one HTTP request costs at the gate, by the number of rules that
//! could let it pass, on one thread.

use std::hint::black_box;

use anyhow::{Context, ensure};
use podwall_model::{Direction, Mode, Protocol, Workload, WorkloadName, World};
use podwall_policy::compile::{Compiled, resolve_all};
use podwall_policy::identity::Identities;
use podwall_policy::options::Options;
use podwall_policy::request::{Conversation, HttpRequest, Request};
use podwall_policy::table::Lane;
use podwall_policy::{Dialect, check_as};

use crate::policy::cpu_time;
use crate::report::{Form, Row};
use crate::rounds::interleave;

const ROUNDS: usize = 7;
/// Requests of one round; each path comes several times.
const REQUESTS: usize = 50_000;

/// Rules of one workload, and the requests that are asked of them.
struct Candidate {
    name: &'static str,
    compiled: Compiled,
    requests: Vec<Conversation>,
    target: Option<f64>,
}

/// Prints a row for each number of rules.
pub(crate) fn measure(form: Form) -> anyhow::Result<()> {
    let mut candidates = vec![
        candidate("requests: 10 path rules", 10, None)?,
        candidate("requests: 1,000 path rules", 1_000, Some(2.0))?,
        candidate("requests: 10,000 path rules", 10_000, Some(4.0))?,
    ];
    let rounds = interleave(ROUNDS, &mut candidates, ask)?;
    for (candidate, rounds) in candidates.iter().zip(rounds) {
        let row = Row {
            name: candidate.name.to_owned(),
            value: rounds.median(),
            unit: "us CPU",
            target: candidate.target,
            peer: None,
            interval: rounds.interval(),
        };
        row.print(form)?;
    }
    Ok(())
}

/// Paths as APIs have them: whole ones, numbers inside, whatever follows, an ending.
fn rule(at: usize) -> String {
    match at % 4 {
        0 => format!("/api/v1/items/{at}"),
        1 => format!("/api/v1/shops/{at}/orders/[0-9]+"),
        2 => format!("/files/{at}/.*"),
        _ => format!(".*/report-{at}\\.pdf"),
    }
}

/// A request for the rule at a place, or for none.
fn path(at: usize) -> String {
    match at % 5 {
        0 => format!("/api/v1/items/{at}"),
        1 => format!("/api/v1/shops/{at}/orders/4711"),
        2 => format!("/files/{at}/a/b/c.txt?x=1"),
        3 => format!("/users/7/report-{at}.pdf"),
        _ => format!("/api/v2/none/{at}"),
    }
}

fn candidate(name: &'static str, rules: usize, target: Option<f64>) -> anyhow::Result<Candidate> {
    let list: Vec<String> =
        (0..rules).map(|at| format!("{{method: GET, path: '{}'}}", rule(at))).collect();
    let text = format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: p}}\nspec:\n  \
         endpointSelector: {{}}\n  ingress: [{{toPorts: [{{ports: [{{port: \"80\", protocol: TCP}}], \
         rules: {{http: [{}]}}}}]}}]\n",
        list.join(", ")
    );
    let checked = check_as(&text, "bench.yaml", &Dialect::offline());
    ensure!(checked.policies.len() == 1, "not accepted: {:?}", checked.diagnostics);
    let world = World { workloads: vec![workload()], ..World::default() };
    let options = Options { mode: Mode::Enforce, ..Options::default() };
    let compiled = resolve_all(&checked.policies, &world, &options, &mut Identities::default());
    let requests = (0..5_000).map(|at| {
        let path = path(at * 7919 % rules.max(5));
        let (method, host) = ("GET".to_owned(), "shop.example".to_owned());
        let request = HttpRequest { method, path, host, ..HttpRequest::default() };
        Conversation { hello: None, request: Some(Request::Http(request)) }
    });
    Ok(Candidate { name, compiled, requests: requests.collect(), target })
}

fn workload() -> Workload {
    Workload {
        name: WorkloadName { namespace: "default".into(), name: "w".into() },
        labels: [("app".to_owned(), "w".to_owned())].into(),
        service_account: "default".into(),
        node: String::new(),
        addresses: vec![[10, 0, 0, 1].into()],
        ports: Vec::new(),
        host_network: false,
        labels_resolved: true,
        cluster: "default".into(),
    }
}

/// The microseconds of CPU time of one request.
fn ask(candidate: &mut Candidate) -> anyhow::Result<f64> {
    let class = candidate.compiled.classes.values().next().context("one workload is one class")?;
    let row = &class.enforce.half(Direction::Ingress).fallback;
    let sheet = row.at(Lane::new(Protocol::TCP, 80)).sheet.as_ref().context("a port with rules")?;
    let mut passed = 0;
    let start = cpu_time()?;
    for at in 0..REQUESTS {
        let asked = &candidate.requests[at % candidate.requests.len()];
        passed += usize::from(black_box(sheet.admit(asked)).refusal.is_none());
    }
    let elapsed = cpu_time()? - start;
    ensure!(passed > REQUESTS / 10 && passed < REQUESTS, "not a mixture: {passed} passed");
    Ok(elapsed.as_secs_f64() * 1e6 / REQUESTS as f64)
}

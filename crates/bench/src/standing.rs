//! `policy`, its third part: what one policy and one pod cost that come to what stands, and go
//! again, on one thread, and how many rows of tables change.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Context, ensure};
use podwall_model::{Mode, Workload, World};
use podwall_policy::check;
use podwall_policy::compile::{NotAlone, Standing};
use podwall_policy::identity::Identities;
use podwall_policy::options::Options;
use podwall_policy::rule::Policy;
use podwall_testkit::shape::{self, Local, Shape};

use crate::policy::cpu_time;
use crate::report::{Form, Row};

/// Of ten thousand pods every ninetieth is local.
const STEP: usize = 90;
const ROUNDS: usize = 660;

/// What one kind of change took, each time, and how many rows it changed in all.
#[derive(Default)]
struct Times {
    microseconds: Vec<f64>,
    rows: u64,
}

/// Prints the median and the 99th of a hundred for each kind of change.
pub(crate) fn measure(form: Form) -> anyhow::Result<()> {
    let Shape { world, policies } = shape::spread(Local::OneIn(STEP));
    let options = Options { mode: Mode::Enforce, ..Options::default() };
    let mut identities = Identities::default();
    let (list, place) = (Arc::new(policies), Arc::new(world.clone()));
    let mut standing = Standing::new(list, place, options, &mut identities);
    ensure!(standing.compiled().is_some(), "the shape is not kept in parts");
    let mut times: [Times; 4] = Default::default();
    let local = world.workloads.len() / STEP;
    for round in 0..ROUNDS {
        let policy = policy(round % local * STEP)?;
        times[0].take(|| standing.put_policy(&policy))?;
        let pod = pod(&world, round);
        times[2].take(|| standing.workload_came(&pod, &world, &mut identities))?;
        times[1].take(|| standing.remove_policy(&policy.id))?;
        times[3].take(|| standing.workload_left(&pod, &world))?;
    }
    let names = ["a policy came", "a policy went", "a pod came", "a pod left"];
    let targets = [(50.0, 200.0), (50.0, 200.0), (10.0, 50.0), (10.0, 50.0)];
    for ((name, mut times), (median, most)) in names.into_iter().zip(times).zip(targets) {
        times.microseconds.sort_by(f64::total_cmp);
        let rows = times.rows as f64 / ROUNDS as f64;
        row(&format!("standing: {name}, {rows:.1} rows, p50"), times.at(50), median).print(form)?;
        row(&format!("standing: {name}, p99"), times.at(99), most).print(form)?;
    }
    Ok(())
}

impl Times {
    fn take(&mut self, change: impl FnOnce() -> Result<u64, NotAlone>) -> anyhow::Result<()> {
        let start = cpu_time()?;
        let rows = black_box(change());
        let elapsed = cpu_time()? - start;
        self.rows += rows.ok().context("a change was not done in parts")?;
        self.microseconds.push(elapsed.as_secs_f64() * 1e6);
        Ok(())
    }

    fn at(&self, percent: usize) -> f64 {
        self.microseconds
            [(self.microseconds.len() * percent / 100).min(self.microseconds.len() - 1)]
    }
}

fn row(name: &str, value: f64, target: f64) -> Row {
    Row {
        name: name.to_owned(),
        value,
        unit: "us CPU",
        target: Some(target),
        peer: None,
        interval: (value, value),
    }
}

/// One more policy about the class of a pod: two apps of its own namespace and one of the next.
fn policy(pod: usize) -> anyhow::Result<Policy> {
    let (namespace, app) = (pod / 100, pod / 10 % 10);
    let text = format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n\
         metadata: {{name: one-more, namespace: ns{namespace}}}\n\
         spec: {{endpointSelector: {{matchLabels: {{app: app{app}}}}}, ingress: [{{fromEndpoints: [\
         {{matchLabels: {{app: app{}}}}}, {{matchLabels: {{app: app{}, \
         'k8s:io.kubernetes.pod.namespace': ns{}}}}}], \
         toPorts: [{{ports: [{{port: '7000', protocol: TCP}}]}}]}}]}}\n",
        (app + 1) % 10,
        (app + 3) % 10,
        (namespace + 1) % 100,
    );
    check(&text, "bench.yaml").policies.pop().context("one policy is accepted")
}

/// A pod of some app, with labels that no other has, on the other node.
fn pod(world: &World, round: usize) -> Workload {
    let mut pod = world.workloads[round * 7919 % world.workloads.len()].clone();
    pod.name.name = "one-more".to_owned();
    pod.labels.insert("version".to_owned(), format!("new-{}", round % 16));
    pod.addresses = vec![[10, 200, 0, 1].into()];
    pod.node = "there".to_owned();
    pod
}

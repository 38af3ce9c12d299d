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

/// The most microseconds for the median and for the 99th of a hundred.
type Targets = (f64, f64);
const POLICY: Targets = (50.0, 200.0);
const POD: Targets = (10.0, 50.0);

/// What one kind of change took, each time, and how many rows it changed in all.
#[derive(Default)]
struct Times {
    microseconds: Vec<f64>,
    rows: u64,
}

/// What stands, and the world that it stands in.
struct Desk {
    world: World,
    standing: Standing,
    identities: Identities,
}

/// Prints the median and the 99th of a hundred for each kind of change.
pub(crate) fn measure(form: Form) -> anyhow::Result<()> {
    let Shape { world, policies } = shape::spread(Local::OneIn(STEP)).read();
    let options = Options { mode: Mode::Enforce, ..Options::default() };
    let mut identities = Identities::default();
    let (list, place) = (Arc::new(policies), Arc::new(world.clone()));
    let mut standing = Standing::new(list, place, options, &mut identities);
    ensure!(standing.compiled().is_some(), "the shape is not kept in parts");
    let mut desk = Desk { world, standing, identities };
    let local = desk.world.workloads.len() / STEP;
    desk.policies("about a local pod", |round| round % local * STEP, form)?;
    let pods = desk.world.workloads.len();
    desk.policies("about any pod", |round| round * 7919 % pods, form)?;
    desk.pods(form)
}

impl Desk {
    /// One policy comes, changes a port and goes, about the class of one pod after another.
    fn policies(
        &mut self,
        whom: &str,
        pod: impl Fn(usize) -> usize,
        form: Form,
    ) -> anyhow::Result<()> {
        let [mut came, mut changed, mut went] = <[Times; 3]>::default();
        for round in 0..ROUNDS {
            let (one, other) = (policy(pod(round), 7000)?, policy(pod(round), 7001)?);
            came.take(|| self.standing.put_policy(&one))?;
            changed.take(|| self.standing.put_policy(&other))?;
            went.take(|| self.standing.remove_policy(&other.id))?;
        }
        came.print(&format!("a policy {whom} came"), POLICY, form)?;
        changed.print(&format!("a policy {whom} changed"), POLICY, form)?;
        went.print(&format!("a policy {whom} went"), POLICY, form)
    }

    /// One pod of another node comes and goes.
    fn pods(&mut self, form: Form) -> anyhow::Result<()> {
        let [mut came, mut left] = <[Times; 2]>::default();
        for round in 0..ROUNDS {
            let pod = pod(&self.world, round);
            let Desk { world, standing, identities } = self;
            came.take(|| standing.workload_came(&pod, world, identities))?;
            left.take(|| standing.workload_left(&pod, world))?;
        }
        came.print("a remote pod with new labels came", POD, form)?;
        left.print("it left", POD, form)
    }
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

    fn print(&mut self, what: &str, (median, most): Targets, form: Form) -> anyhow::Result<()> {
        self.microseconds.sort_by(f64::total_cmp);
        let rows = self.rows as f64 / ROUNDS as f64;
        let row = |name, percent: usize, target| {
            let value = self.microseconds[self.microseconds.len() * percent / 100];
            let (unit, interval) = ("us CPU", (value, value));
            Row { name, value, unit, target: Some(target), peer: None, interval }
        };
        row(format!("standing: {what}, {rows:.1} rows of tables, p50"), 50, median).print(form)?;
        row(format!("standing: {what}, p99"), 99, most).print(form)
    }
}

/// One more policy about the class of a pod: two apps of its own namespace and one of the next.
fn policy(pod: usize, port: u16) -> anyhow::Result<Policy> {
    let (namespace, app) = (pod / 100, pod / 10 % 10);
    let text = format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n\
         metadata: {{name: one-more, namespace: ns{namespace}}}\n\
         spec: {{endpointSelector: {{matchLabels: {{app: app{app}}}}}, ingress: [{{fromEndpoints: [\
         {{matchLabels: {{app: app{}}}}}, {{matchLabels: {{app: app{}, \
         'k8s:io.kubernetes.pod.namespace': ns{}}}}}], \
         toPorts: [{{ports: [{{port: '{port}', protocol: TCP}}]}}]}}]}}\n",
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

//! Large worlds of a known shape, to measure the compiler with: the same ones that its peers were
//! measured with, so that figures can stand side by side.

mod extreme;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use podwall_model::{Namespace, Node, Workload, WorkloadName, World};
use podwall_policy::check;
use podwall_policy::rule::Policy;

pub use self::extreme::{names, patterns, ports, priorities};

/// A world and its policies.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Namespaces, pods, and two nodes: the local one, and one for all that is remote.
    pub world: World,
    /// Its policies.
    pub policies: Vec<Policy>,
}

/// The same before its policies are read: other engines have readers of their own.
#[derive(Clone, Debug)]
pub struct Outline {
    /// The same world.
    pub world: World,
    /// A document for each policy.
    pub texts: Vec<String>,
}

impl Outline {
    /// Reads the policies, one by one: so many texts at once would be memory that is not theirs.
    ///
    /// # Panics
    /// When a document is not one policy.
    pub fn read(self) -> Shape {
        let mut policies = Vec::with_capacity(self.texts.len());
        for text in self.texts {
            let checked = check(&text, "shape.yaml");
            assert_eq!(checked.policies.len(), 1, "{text}\n{:?}", checked.diagnostics);
            policies.extend(checked.policies);
        }
        Shape { world: self.world, policies }
    }
}

/// Which pods are local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// One in so many.
    OneIn(usize),
    /// All of them.
    All,
}

const NAMESPACES: usize = 100;
const APPS: usize = 10;
const PODS: usize = 10;

/// 100 namespaces of 10 apps of 10 pods, and 10 policies for each app: allows within and across
/// namespaces, a port and a range, expressions, ranges of addresses with exceptions, denies.
pub fn spread(local: Local) -> Outline {
    let mut world = empty();
    let mut texts = Vec::new();
    for n in 0..NAMESPACES {
        let team = [("team", format!("team{}", n % 10))];
        world.namespaces.push(namespace(&format!("ns{n}"), &team));
        for a in 0..APPS {
            for j in 0..PODS {
                let labels = [
                    ("app", format!("app{a}")),
                    ("version", format!("v{}", j % 8)),
                    ("tier", format!("t{}", a % 3)),
                ];
                add_pod(&mut world, local, &format!("ns{n}"), &labels);
            }
            texts.extend((0..10).map(|i| spread_policy(n, a, i)));
        }
    }
    Outline { world, texts }
}

fn spread_policy(n: usize, a: usize, i: usize) -> String {
    let app = |k: usize| format!("{{matchLabels: {{app: app{}}}}}", k % APPS);
    let in_ns = |k: usize, m: usize| {
        let ns = m % NAMESPACES;
        format!("app: app{}, 'k8s:io.kubernetes.pod.namespace': ns{ns}", k % APPS)
    };
    let net = 16 + n % 16;
    let spec = match i {
        0..5 => format!(
            "ingress: [{{fromEndpoints: [{}, {}, {{matchLabels: {{{}}}}}], toPorts: [{{ports: [\
             {{port: '{}', protocol: TCP}}, {{port: '{}', endPort: {}, protocol: TCP}}]}}]}}]",
            app(a + i + 1),
            app(a + i + 3),
            in_ns(a + 2 * i, n + i + 1),
            8000 + i,
            9000 + i * 100,
            9099 + i * 100,
        ),
        5 => format!(
            "ingress: [{{fromEndpoints: [{{matchLabels: {{\
             'k8s:io.cilium.k8s.namespace.labels.team': team{}, \
             app: app{a}}}, matchExpressions: [{{key: version, operator: NotIn, values: [v5]}}, \
             {{key: tier, operator: In, values: [t0, t1]}}]}}], \
             toPorts: [{{ports: [{{port: '8443', protocol: TCP}}]}}]}}]",
            (n + a) % 10,
        ),
        6 => format!(
            "egress: [{{toEndpoints: [{}, {{matchLabels: {{{}}}}}], toPorts: [{{ports: [\
             {{port: '8000', protocol: TCP}}, {{port: '53', protocol: UDP}}]}}]}}]",
            app(a + 1),
            in_ns(a + 5, n + 7),
        ),
        7 => format!(
            "egress: [{{toCIDRSet: [{{cidr: 172.{net}.0.0/16, except: [172.{net}.{n}.0/24]}}, \
             {{cidr: 203.0.{n}.{a}/32}}], \
             toPorts: [{{ports: [{{port: '5432', protocol: TCP}}]}}]}}]",
        ),
        8 => format!(
            "ingressDeny: [{{fromEndpoints: [{{matchLabels: {{{}}}, matchExpressions: [\
             {{key: version, operator: In, values: [v1, v2]}}]}}], toPorts: [{{ports: [\
             {{port: '8000', endPort: 9599, protocol: TCP}}]}}]}}]",
            in_ns(a + 2, n + 2),
        ),
        _ => format!(
            "egressDeny: [{{toCIDR: [172.{net}.{}.0/24, 198.51.{n}.0/24]}}]",
            (n + a) % NAMESPACES,
        ),
    };
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n\
         metadata: {{name: p-{a}-{i}, namespace: ns{n}}}\n\
         spec: {{endpointSelector: {{matchLabels: {{app: app{a}}}}}, {spec}}}\n"
    )
}

/// So many namespaces of four pods in two apps, and three policies each: nobody comes in, one app
/// reaches the other, and what that one may reach.
pub fn small_namespaces(count: usize, local: Local) -> Outline {
    let mut world = empty();
    let mut texts = Vec::new();
    for n in 0..count {
        let name = format!("ns{n}");
        world.namespaces.push(namespace(&name, &[]));
        for app in ["front", "front", "back", "back"] {
            add_pod(&mut world, local, &name, &[("app", app.to_owned())]);
        }
        let policy = |name: &str, spec: &str| {
            format!(
                "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
                 metadata: {{name: {name}, namespace: ns{n}}}\nspec: {{{spec}}}\n"
            )
        };
        let front = "podSelector: {matchLabels: {app: front}}";
        let back = "podSelector: {matchLabels: {app: back}}";
        let port = "ports: [{port: 8080, protocol: TCP}]";
        texts.extend([
            policy("nobody", "podSelector: {}, policyTypes: [Ingress]"),
            policy("front", &format!("{back}, ingress: [{{from: [{{{front}}}], {port}}}]")),
            policy(
                "back",
                &format!("{front}, policyTypes: [Egress], egress: [{{to: [{{{back}}}], {port}}}]"),
            ),
        ]);
    }
    Outline { world, texts }
}

/// One namespace of so many equal pods and as many equal policies, each about each pod.
pub fn one_namespace(count: usize) -> Outline {
    let mut world = empty();
    world.namespaces.push(namespace("ns0", &[]));
    let mut texts = Vec::new();
    for i in 0..count {
        add_pod(&mut world, Local::All, "ns0", &[("app-1", "scale-1".to_owned())]);
        let pods = "podSelector: {matchLabels: {app-1: scale-1}}";
        texts.push(format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
             metadata: {{name: np-{i}, namespace: ns0}}\n\
             spec: {{{pods}, policyTypes: [Ingress, Egress], ingress: [{{from: [{{{pods}}}]}}]}}\n"
        ));
    }
    Outline { world, texts }
}

/// One pod, and so many policies that each allow one range and deny another, at a port.
pub fn ranges(count: usize) -> Outline {
    let mut world = empty();
    world.namespaces.push(namespace("default", &[]));
    add_pod(&mut world, Local::All, "default", &[("foo", String::new())]);
    let policy = |i: usize| {
        let j = i + 773;
        let allow = nested(i, i, [17, 121, 16, 255]);
        let deny = nested(j, j + 21, [23, 119, 15, 253]);
        format!(
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n\
             metadata: {{name: cidr-{i}, namespace: default}}\n\
             spec: {{endpointSelector: {{matchLabels: {{foo: ''}}}},\n  \
             egress: [{{toCIDR: [{allow}], toPorts: [{{ports: [{{port: '{}', protocol: TCP}}]}}]}}],\n  \
             egressDeny: [{{toCIDR: [{deny}], \
             toPorts: [{{ports: [{{port: '{}', protocol: TCP}}]}}]}}]}}\n",
            80 + i % 97,
            80 + j % 131,
        )
    };
    Outline { world, texts: (1..=count).map(policy).collect() }
}

/// Ranges of five lengths that nest.
fn nested(i: usize, k: usize, [a, b, c, d]: [usize; 4]) -> String {
    let base = [10, 192, 244][i % 3];
    match k % 5 {
        0 => format!("{base}.0.0.0/8"),
        1 => format!("{base}.{}.0.0/16", i % a),
        2 => format!("{base}.{}.{}.0/24", i % a, i % b),
        3 => format!("{base}.{}.{}.{}/28", i % a, i % b, (i % c) << 4),
        _ => format!("{base}.{}.{}.{}/32", i % a, i % b, i % d),
    }
}

fn empty() -> World {
    let node = |name: &str, last, local| Node {
        name: name.into(),
        addresses: vec![Ipv4Addr::new(192, 0, 2, last).into()],
        local,
        ..Node::default()
    };
    World { nodes: vec![node("here", 1, true), node("there", 2, false)], ..World::default() }
}

fn namespace(name: &str, labels: &[(&str, String)]) -> Namespace {
    let mut labels = owned(labels);
    labels.insert("kubernetes.io/metadata.name".into(), name.into());
    Namespace { name: name.into(), labels, mode: None }
}

fn owned(labels: &[(&str, String)]) -> BTreeMap<String, String> {
    labels.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

fn add_pod(world: &mut World, local: Local, namespace: &str, labels: &[(&str, String)]) {
    let at = world.workloads.len();
    let here = match local {
        Local::All => true,
        Local::OneIn(step) => at.is_multiple_of(step),
    };
    let address = u32::from(Ipv4Addr::new(10, 0, 0, 0)) + u32::try_from(at).expect("few pods") + 1;
    world.workloads.push(Workload {
        name: WorkloadName { namespace: namespace.into(), name: format!("pod-{at}") },
        labels: owned(labels),
        service_account: "default".into(),
        node: if here { "here" } else { "there" }.into(),
        addresses: vec![IpAddr::V4(address.into())],
        ports: vec![],
        host_network: false,
        labels_resolved: true,
        cluster: "default".into(),
    });
}

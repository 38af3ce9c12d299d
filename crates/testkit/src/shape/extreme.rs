//! Shapes that go to the edge of one thing: ports of rules, priorities, names. Twice as much of it
//! should cost about twice the time.

use std::net::Ipv4Addr;

use podwall_model::{ExternalName, World};

use super::{Local, Outline, add_pod, empty, namespace};

/// The most ports that an item of a rule may list.
const PORTS: usize = 40;
/// The most rules of an AdminNetworkPolicy.
const RULES: usize = 100;
/// Apps that rules speak of.
const APPS: usize = 20;

/// One policy of so many rules, each of 40 ports and ranges for another app.
pub fn ports(rules: usize) -> Outline {
    let rule = |at: usize| {
        let port = |item: usize| {
            let first = 1 + (at * 7 + item * 97) % 60_000;
            match item % 4 {
                0 => format!("{{port: '{first}', endPort: {}, protocol: TCP}}", first + 50),
                1 => format!("{{port: '{first}', protocol: UDP}}"),
                _ => format!("{{port: '{first}', protocol: TCP}}"),
            }
        };
        let ports: Vec<String> = (0..PORTS).map(port).collect();
        format!(
            "{{fromEndpoints: [{{matchLabels: {{app: app{}}}}}], toPorts: [{{ports: [{}]}}]}}",
            at % APPS,
            ports.join(", ")
        )
    };
    let rules: Vec<String> = (0..rules).map(rule).collect();
    let text = policy("many-ports", &format!("ingress: [{}]", rules.join(", ")));
    Outline { world: apps(), texts: vec![text] }
}

/// So many rules, of which no two have the same standing, by priority and place.
pub fn priorities(count: usize) -> Outline {
    let rule = |at: usize| {
        let action = ["Allow", "Deny"][at % 2];
        let pods = format!(
            "namespaceSelector: {{}}, podSelector: {{matchLabels: {{app: app{}}}}}",
            at % APPS
        );
        let port = 1 + at * 13 % 60_000;
        format!(
            "{{action: {action}, from: [{{pods: {{{pods}}}}}], \
             ports: [{{portNumber: {{protocol: TCP, port: {port}}}}}]}}"
        )
    };
    let places: Vec<usize> = (0..count).collect();
    let texts = (0..)
        .zip(places.chunks(RULES))
        .map(|(priority, places)| {
            let rules: Vec<String> = places.iter().map(|at| rule(*at)).collect();
            format!(
                "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\n\
                 metadata: {{name: p{priority}}}\n\
                 spec: {{priority: {priority}, subject: {{namespaces: {{}}}}, ingress: [{}]}}\n",
                rules.join(", ")
            )
        })
        .collect();
    Outline { world: apps(), texts }
}

/// So many names that were answered, each allowed by a policy of its own.
pub fn names(count: usize) -> Outline {
    let name = |at: usize| format!("matchName: www.shop{at}.example.com");
    outside(count, name)
}

/// The same, each by a pattern.
pub fn patterns(count: usize) -> Outline {
    let name = |at: usize| format!("matchPattern: '*.shop{at}.example.com'");
    outside(count, name)
}

fn outside(count: usize, name: impl Fn(usize) -> String) -> Outline {
    let text = |at: usize| {
        let list = format!(
            "egress: [{{toFQDNs: [{{{}}}], toPorts: [{{ports: [{{port: '443', protocol: TCP}}]}}]}}]",
            name(at)
        );
        policy(&format!("name-{at}"), &list)
    };
    let mut world = apps();
    let first = u32::from(Ipv4Addr::new(198, 18, 0, 0));
    let address = |at: u32| Ipv4Addr::from(first + at).into();
    let queried_by = vec![world.workloads[0].name.clone()];
    world.names = (0u32..)
        .take(count)
        .map(|at| ExternalName {
            name: format!("www.shop{at}.example.com"),
            addresses: vec![address(2 * at), address(2 * at + 1)],
            queried_by: queried_by.clone(),
        })
        .collect();
    Outline { world, texts: (0..count).map(text).collect() }
}

/// One local pod of each app.
fn apps() -> World {
    let mut world = empty();
    world.namespaces.push(namespace("default", &[]));
    for app in 0..APPS {
        add_pod(&mut world, Local::All, "default", &[("app", format!("app{app}"))]);
    }
    world
}

fn policy(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n\
         metadata: {{name: {name}, namespace: default}}\n\
         spec: {{endpointSelector: {{matchLabels: {{app: app0}}}}, {spec}}}\n"
    )
}

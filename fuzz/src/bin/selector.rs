//! Selectors: any text gives one or diagnostics; a selector is met if each of its requirements is;
//! and the subject of a policy with a namespace never is a workload of another one.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use podwall_model::{Labels, World};
use podwall_policy::check;
use podwall_policy::matching::matches;
use podwall_policy::rule::{Peer, Peers, Selector, Subject};

/// Pods of the policy's namespace and of others, one that makes its own labels up.
const WORLD: &str = "
namespaces: [{name: d, labels: {team: a}}, {name: o, labels: {team: x}}]
pods:
- {name: a, namespace: d, labels: {app: a}, ips: [10.0.0.1]}
- {name: b, namespace: o, labels: {app: a, io.kubernetes.pod.namespace: d}, ips: [10.0.0.2]}
- {name: c, namespace: o, labels: {app: b, io.cilium.k8s.namespace.labels.team: a}, ips: [10.0.0.3]}
- {name: i, namespace: o, labels: {app: a}, ips: [10.0.0.4], labelsResolved: false}
";

static WORLD_READ: LazyLock<World> =
    LazyLock::new(|| podwall_files::parse_world(WORLD).expect("a world").world);

fn everyone() -> impl Iterator<Item = (&'static str, Labels)> {
    WORLD_READ.workloads.iter().map(|workload| {
        let namespace = workload.name.namespace.as_str();
        (namespace, workload.identity_labels(WORLD_READ.namespace(namespace)))
    })
}

fuzz_target!(|input: (&str, &str)| {
    let (subject, peer) = input;
    let text = format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: p, namespace: d}}\n\
         spec:\n  endpointSelector: {subject}\n  ingress: [{{fromEndpoints: [{peer}]}}]\n"
    );
    for policy in check(&text, "fuzz.yaml").policies {
        for rule in &policy.rules {
            let own = policy.id.namespace.as_deref();
            if let (Subject::Endpoints(selector), Some(own)) = (&rule.subject, own) {
                let escaped = everyone().find(|(at, labels)| *at != own && matches(selector, labels));
                assert_eq!(escaped, None, "{selector:?}");
            }
            let Peers::AnyOf(peers) = &rule.peers else { continue };
            for peer in peers {
                let Peer::Labels(selector) = peer else { continue };
                for (_, labels) in everyone() {
                    let each = selector.0.iter().all(|one| {
                        matches(&Selector(vec![one.clone()]), &labels)
                    });
                    assert_eq!(matches(selector, &labels), each, "{selector:?}");
                }
            }
        }
    }
});

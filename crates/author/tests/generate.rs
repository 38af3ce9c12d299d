//! Drafts from flows: every recorded flow is allowed by what is written, and nothing beside.

use std::collections::BTreeMap;

use podwall_author::generate::{Asked, Seen, Side, generate};
use podwall_model::{Direction, Protocol, WorkloadName};
use podwall_policy::check_as;
use podwall_policy::end::{End, Standing};
use podwall_policy::options::Options;
use podwall_testkit::random::Case;

fn side(end: &End, case: &Case) -> Side {
    let workload = end.workload.clone();
    let labels =
        workload.as_ref().and_then(|name| case.world.workload(name)).map(|w| w.labels.clone());
    let entity = match end.place {
        Standing::Node if end.is_host() => Some("host".to_owned()),
        Standing::Node => Some("remote-node".to_owned()),
        Standing::Pod | Standing::Outside | Standing::Other => None,
    };
    Side {
        workload,
        labels: labels.unwrap_or_default(),
        entity,
        names: vec![],
        address: end.address,
    }
}

#[test]
fn every_recorded_flow_is_allowed_by_the_draft() {
    let (mut allowed, mut policies) = (0, 0);
    for seed in 0..60 {
        let case = Case::new(seed);
        let mut flows = Vec::new();
        for packet in case.packets(20) {
            let sayable = packet.protocol.has_ports() && packet.port > 0;
            let icmp =
                matches!(packet.protocol, Protocol::ICMP | Protocol::ICMP6) && packet.port < 256;
            let subject = case.world.workload(&packet.subject).expect("as the test wrote it");
            let resolved = |end: &End| {
                let found = end.workload.as_ref().and_then(|name| case.world.workload(name));
                found.is_none_or(|workload| workload.labels_resolved)
            };
            let own = End::of(subject, None, &case.world, &Options::default());
            let peer = End::at(packet.peer, &case.world, &Options::default());
            if !(sayable || icmp) || !resolved(&own) || !resolved(&peer) {
                continue;
            }
            let (from, to) = match packet.direction {
                Direction::Egress => (side(&own, &case), side(&peer, &case)),
                Direction::Ingress => (side(&peer, &case), side(&own, &case)),
            };
            let Packet { protocol, port } = Packet { protocol: packet.protocol, port: packet.port };
            flows.push(Seen { from, to, protocol, port, asked: None, count: 1 });
        }
        let draft = generate(&flows, Some(&case.world));
        assert_eq!(draft.left_out, Vec::<String>::new(), "seed {seed}\n{}", draft.text);
        assert_eq!(draft.allowed, flows.len(), "seed {seed}");
        allowed += draft.allowed;
        policies += draft.policies;
    }
    assert!(allowed > 300 && policies > 60, "{allowed} flows, {policies} policies");
}

struct Packet {
    protocol: Protocol,
    port: u16,
}

fn pod(namespace: &str, name: &str, app: &str, ip: &str) -> Side {
    Side {
        workload: Some(WorkloadName { namespace: namespace.into(), name: name.into() }),
        labels: BTreeMap::from([
            ("app".to_owned(), app.to_owned()),
            ("pod-template-hash".to_owned(), "5d4f".to_owned()),
        ]),
        address: ip.parse().ok(),
        ..Side::default()
    }
}

#[test]
fn a_draft_reads_as_people_write() {
    let outside = Side {
        names: vec!["api.example.com".into()],
        address: "198.51.100.7".parse().ok(),
        ..Side::default()
    };
    let flow = |from: &Side, to: &Side, port| Seen {
        from: from.clone(),
        to: to.clone(),
        protocol: Protocol::TCP,
        port,
        asked: None,
        count: 3,
    };
    let (one, two) =
        (pod("shop", "web-1", "web", "10.0.0.1"), pod("shop", "web-2", "web", "10.0.0.2"));
    let db = pod("data", "db-0", "db", "10.0.0.3");
    let draft =
        generate(&[flow(&one, &db, 5432), flow(&two, &db, 5432), flow(&one, &outside, 443)], None);
    assert_eq!((draft.policies, draft.allowed, draft.left_out.len()), (2, 3, 0));
    let written = check_as(&draft.text, "draft", &podwall_author::dialect());
    assert_eq!(written.policies.len(), 2);
    assert_eq!(
        draft.text,
        "# seen of data/db-0
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: db
  namespace: data
  annotations:
    podwall.io/mode: detect
spec:
  endpointSelector:
    matchLabels:
      app: db
  ingress:
    # flows: 6: shop/web-1, shop/web-2
    - fromEndpoints:
        - matchLabels:
            app: web
            \"k8s:io.kubernetes.pod.namespace\": shop
      toPorts:
        - ports:
            - port: \"5432\"
              protocol: TCP
  egress:
    # nothing was seen
    - {}
---
# seen of shop/web-1, shop/web-2
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: web
  namespace: shop
  annotations:
    podwall.io/mode: detect
spec:
  endpointSelector:
    matchLabels:
      app: web
  ingress:
    # nothing was seen
    - {}
  egress:
    # flows: 6: data/db-0
    - toEndpoints:
        - matchLabels:
            app: db
            \"k8s:io.kubernetes.pod.namespace\": data
      toPorts:
        - ports:
            - port: \"5432\"
              protocol: TCP
    # names are learnt here; the cluster's name server is meant, though no question was recorded
    - toEndpoints:
        - matchLabels:
            k8s-app: kube-dns
            \"k8s:io.kubernetes.pod.namespace\": kube-system
      toPorts:
        - ports:
            - port: \"53\"
              protocol: TCP
            - port: \"53\"
              protocol: UDP
          rules:
            dns:
              - matchPattern: \"*\"
    # flows: 3: api.example.com
    - toFQDNs:
        - matchName: api.example.com
      toPorts:
        - ports:
            - port: \"443\"
              protocol: TCP
"
    );
}

#[test]
fn names_and_requests_that_were_recorded_are_asked_for_and_no_others() {
    let web = pod("shop", "web-1", "web", "10.0.0.1");
    let db = pod("data", "api-0", "api", "10.0.0.3");
    let dns = pod("kube-system", "dns-0", "dns", "10.0.0.53");
    let outside = Side {
        names: vec!["API.example.com.".into(), "shop/front".into()],
        address: "198.51.100.7".parse().ok(),
        ..Side::default()
    };
    let seen = |to: &Side, protocol, port, asked| Seen {
        from: web.clone(),
        to: to.clone(),
        protocol,
        port,
        asked,
        count: 1,
    };
    let http = |method: &str, path: &str| {
        Some(Asked::Http { method: method.to_owned(), path: path.to_owned() })
    };
    let name = |name: &str| Some(Asked::Dns { name: name.to_owned() });
    let draft = generate(
        &[
            seen(&db, Protocol::TCP, 8080, None),
            seen(&db, Protocol::TCP, 8080, http("GET", "/v1/items?page=2")),
            seen(&db, Protocol::TCP, 8080, http("GET", "/v1.2/(a)")),
            seen(&dns, Protocol::UDP, 53, name("api.data.svc.cluster.local.")),
            seen(&outside, Protocol::TCP, 443, None),
            seen(&outside, Protocol::TCP, 80, http("POST", "/hook")),
        ],
        None,
    );
    assert_eq!(draft.left_out, Vec::<String>::new(), "{}", draft.text);
    assert_eq!(draft.allowed, 6);
    for part in [
        "- matchName: api.example.com\n      toPorts:",
        "            dns:\n              - matchName: api.data.svc.cluster.local\n              \
         - matchName: api.example.com\n",
        "- method: POST\n                path: \"/hook\"\n",
        "- method: GET\n                path: \"/v1/items(\\\\?.*)?\"\n",
        "path: \"/v1\\\\.2/\\\\(a\\\\)\"\n",
    ] {
        assert!(draft.text.contains(part), "{part}\n{}", draft.text);
    }
    // The requests of workloads are read at the server, once.
    assert_eq!(draft.text.matches("/v1/items").count(), 1, "{}", draft.text);
    // Nobody is let in or out for another request or name than was recorded.
    let policies = check_as(&draft.text, "draft", &podwall_author::dialect()).policies;
    assert_eq!(policies.len(), 3);
    let asks = policies.iter().flat_map(|policy| &policy.rules).filter(|r| !r.demands.is_empty());
    assert_eq!(asks.count(), 3, "{}", draft.text);
}

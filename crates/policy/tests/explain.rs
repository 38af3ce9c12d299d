//! Explanations read as people would say them.

use podwall_model::{Mode, Namespace, Node, Protocol, Verdict, Workload, WorkloadName, World};
use podwall_policy::check;
use podwall_policy::end::End;
use podwall_policy::explain::{Explanation, explain};
use podwall_policy::judge::Court;
use podwall_policy::matching::Packet;
use podwall_policy::options::Options;

fn workload(name: &str, ip: &str) -> Workload {
    Workload {
        name: WorkloadName { namespace: "shop".into(), name: name.into() },
        labels: [("app".to_owned(), name.to_owned())].into(),
        service_account: "default".into(),
        node: String::new(),
        addresses: vec![ip.parse().expect("an address")],
        ports: vec![],
        host_network: false,
        labels_resolved: true,
        cluster: "default".into(),
    }
}

fn world() -> World {
    World {
        namespaces: vec![Namespace { name: "shop".into(), ..Namespace::default() }],
        nodes: vec![Node { local: true, ..Node::default() }],
        workloads: vec![
            workload("web", "10.0.0.1"),
            workload("db", "10.0.0.2"),
            workload("job", "10.0.0.3"),
        ],
        ..World::default()
    }
}

const POLICIES: &str = "
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingress:
  - fromEndpoints: [{matchLabels: {app: web}}]
    toPorts: [{ports: [{port: \"5432\", protocol: TCP}]}]
  ingressDeny:
  - fromEndpoints: [{matchLabels: {app: job}}]
    toPorts: [{ports: [{port: \"22\", protocol: TCP}]}]
";

fn ask(mode: Mode, from: &str, to: &str, port: u16) -> Explanation {
    let world = world();
    let checked = check(POLICIES, "");
    assert_eq!(checked.diagnostics, []);
    let options = Options { mode, ..Options::default() };
    let court = Court::new(&checked.policies, &world, options);
    let end = |name: &str| match name.parse() {
        Ok(ip) => End::at(ip, &world, &options),
        Err(_) => {
            let name = WorkloadName { namespace: "shop".into(), name: name.into() };
            End::of(world.workload(&name).expect("a workload of the world"), None, &world, &options)
        }
    };
    explain(&court, &end(from), &end(to), Packet { protocol: Protocol::TCP, port })
}

#[test]
fn what_is_allowed_names_its_rule() {
    let explanation = ask(Mode::Enforce, "web", "db", 5432);
    assert_eq!(explanation.verdict, Verdict::Forwarded);
    assert_eq!(
        explanation.summary,
        "TCP 5432 from shop/web to shop/db is allowed by CiliumNetworkPolicy/shop/db#ingress[0]"
    );
    assert_eq!(explanation.change, None);
    assert_eq!(explanation.directions[0].sentences, ["no policy isolates egress"]);
    assert_eq!(
        explanation.directions[1].sentences,
        [
            "CiliumNetworkPolicy/shop/db#ingress[0] allows it: workloads with app=db in shop accept TCP \
          5432 from workloads with app=web in shop, and accept only what some rule allows"
        ]
    );
}

#[test]
fn a_default_deny_names_the_nearest_rules_and_what_they_want() {
    let explanation = ask(Mode::Enforce, "job", "db", 5432);
    assert_eq!(explanation.verdict, Verdict::Dropped);
    assert_eq!(
        explanation.summary,
        "TCP 5432 from shop/job to shop/db is dropped because no rule of shop/db allows it in ingress"
    );
    assert_eq!(
        explanation.change.as_deref(),
        Some(
            "widen CiliumNetworkPolicy/shop/db#ingress[0] or add an ingress rule to shop/db for TCP \
             5432 and shop/job"
        )
    );
    let [near] = &explanation.directions[1].nearest[..] else { panic!("one allow rule is near") };
    assert_eq!(near.why, "it is about workloads with app=web in shop");
    assert!(!near.fit.peer && near.fit.protocol && near.fit.port);
    let explanation = ask(Mode::Enforce, "web", "db", 80);
    let near = &explanation.directions[1].nearest[0];
    assert_eq!(near.why, "it is about TCP 5432, another port");
    assert!(near.fit.peer && near.fit.protocol && !near.fit.port);
}

#[test]
fn a_deny_names_its_rule_and_what_it_takes() {
    let explanation = ask(Mode::Enforce, "job", "db", 22);
    assert_eq!(
        explanation.summary,
        "TCP 22 from shop/job to shop/db is dropped by CiliumNetworkPolicy/shop/db#ingressDeny[0]"
    );
    assert_eq!(
        explanation.change.as_deref(),
        Some(
            "a deny beats every allow: narrow CiliumNetworkPolicy/shop/db#ingressDeny[0] or take it \
             away to let it pass"
        )
    );
}

#[test]
fn detection_says_what_would_be() {
    let explanation = ask(Mode::Detect, "203.0.113.9", "db", 5432);
    assert_eq!(explanation.verdict, Verdict::WouldDrop);
    assert_eq!(
        explanation.summary,
        "TCP 5432 from 203.0.113.9 to shop/db passes, and would be dropped because no rule of \
         shop/db allows it in ingress"
    );
    let sentences = &explanation.directions[0].sentences;
    assert_eq!(
        sentences[1],
        "the policies that enforce let it pass; what would drop it only detects"
    );
}

#[test]
fn nobody_judges_what_is_not_ours() {
    let explanation = ask(Mode::Enforce, "203.0.113.9", "203.0.113.10", 443);
    assert_eq!(
        explanation.summary,
        "TCP 443 from 203.0.113.9 to 203.0.113.10: neither end is a workload that is known here, so \
         nothing is judged"
    );
}

//! Every shape of a NetworkPolicy rule, against what the Kubernetes API says of each part: a rule
//! is about a packet if one of its peers is, and one of its ports.

use std::path::Path;

use podwall_testkit::spec::{Judge, Report, Tables, Witness, read_text, read_world, run};

/// A peer list as it is written, and which of [`ENDS`] it means.
type Peers = (&'static str, &'static [&'static str]);
/// A port list as it is written, and which of [`SENT`] it means where the server is `a`, and where
/// it is `b` (another server has no port by that name).
type Ports = (&'static str, &'static [&'static str], &'static [&'static str]);

/// The other end: pods b and c of the policy's namespace, x (like b) and y (like c) of namespace
/// `o` with the label team=x, a node, and an address outside.
const ENDS: [&str; 6] =
    ["10.0.0.2", "10.0.0.4", "10.0.1.1", "10.0.1.2", "192.0.2.2", "203.0.113.9"];
const SENT: [&str; 5] =
    ["port: 80/TCP", "port: 80/UDP", "port: 8000/TCP", "port: 8080/TCP", "port: icmp, type: 8"];

const PEERS: [Peers; 13] = [
    ("", &ENDS),
    ("LIST: [], ", &ENDS),
    ("LIST: [{ipBlock: {cidr: 10.0.0.0/29}}], ", &["10.0.0.2", "10.0.0.4"]),
    (
        "LIST: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/30]}}], ",
        &["10.0.0.4", "10.0.1.1", "10.0.1.2"],
    ),
    ("LIST: [{ipBlock: {cidr: 0.0.0.0/0}}], ", &ENDS),
    ("LIST: [{podSelector: {}}], ", &["10.0.0.2", "10.0.0.4"]),
    ("LIST: [{podSelector: {matchLabels: {app: b}}}], ", &["10.0.0.2"]),
    ("LIST: [{namespaceSelector: {}}], ", &["10.0.0.2", "10.0.0.4", "10.0.1.1", "10.0.1.2"]),
    ("LIST: [{namespaceSelector: {matchLabels: {team: x}}}], ", &["10.0.1.1", "10.0.1.2"]),
    (
        "LIST: [{podSelector: {matchLabels: {app: b}}, namespaceSelector: {}}], ",
        &["10.0.0.2", "10.0.1.1"],
    ),
    (
        "LIST: [{podSelector: {}, namespaceSelector: {matchLabels: {team: x}}}], ",
        &["10.0.1.1", "10.0.1.2"],
    ),
    (
        "LIST: [{podSelector: {matchLabels: {app: b}}, namespaceSelector: {matchLabels: {team: x}}}], ",
        &["10.0.1.1"],
    ),
    (
        "LIST: [{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [b]}]}}, \
         {ipBlock: {cidr: 203.0.113.9/32}}], ",
        &["10.0.0.4", "203.0.113.9"],
    ),
];

const PORTS: [Ports; 8] = [
    ("", &SENT, &SENT),
    ("ports: []", &SENT, &SENT),
    ("ports: [{port: 80}]", &["port: 80/TCP"], &["port: 80/TCP"]),
    ("ports: [{port: 80, protocol: UDP}]", &["port: 80/UDP"], &["port: 80/UDP"]),
    ("ports: [{protocol: UDP}]", &["port: 80/UDP"], &["port: 80/UDP"]),
    ("ports: [{port: http}]", &["port: 8080/TCP"], &["port: 8000/TCP"]),
    (
        "ports: [{port: 8000, endPort: 8080}]",
        &["port: 8000/TCP", "port: 8080/TCP"],
        &["port: 8000/TCP", "port: 8080/TCP"],
    ),
    (
        "ports: [{}, {port: 80, protocol: UDP}]",
        &["port: 80/TCP", "port: 80/UDP", "port: 8000/TCP", "port: 8080/TCP"],
        &["port: 80/TCP", "port: 80/UDP", "port: 8000/TCP", "port: 8080/TCP"],
    ),
];

/// The names of a direction: of its list of rules, of its list of peers, and of its type.
const DIRECTIONS: [(&str, &str, &str); 2] =
    [("ingress", "from", "Ingress"), ("egress", "to", "Egress")];

fn case(peers: Peers, ports: Ports, (direction, list, kind): (&str, &str, &str)) -> String {
    let rule = format!("{}{}", peers.0.replace("LIST", list), ports.0);
    let mut text = format!(
        "apiVersion: podwall.io/v1\nkind: PolicyTest\nmetadata: {{name: \"{direction} {}\"}}\n\
         policies:\n- inline: |\n    apiVersion: networking.k8s.io/v1\n    kind: NetworkPolicy\n    \
         metadata: {{name: p, namespace: d}}\n    spec: {{podSelector: {{matchLabels: {{app: a}}}}, \
         policyTypes: [{kind}], {direction}: [{{{rule}}}]}}\ntests:\n",
        rule.replace('"', "'"),
    );
    for end in ENDS {
        for sent in SENT {
            let named = ports.0 == "ports: [{port: http}]";
            let open = match (direction, end) {
                ("ingress", _) => ports.1.contains(&sent),
                ("egress", "10.0.0.2") => ports.2.contains(&sent),
                (_, _) => !named && ports.2.contains(&sent),
            };
            let expect = if peers.1.contains(&end) && open { "ALLOW" } else { "DROP" };
            let (from, to) =
                if direction == "ingress" { (end, "10.0.0.1") } else { ("10.0.0.1", end) };
            text += &format!(
                "- {{from: {from}, to: {to}, {sent}, direction: {direction}, expect: {expect}}}\n"
            );
        }
    }
    text
}

#[test]
fn every_shape_of_a_rule_means_what_the_api_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let world = read_world(&folder.join("world.yaml")).unwrap();
    let mut witnesses: [Box<dyn Witness>; 2] = [Box::new(Judge), Box::new(Tables::default())];
    let mut report = Report::default();
    for peers in PEERS {
        for ports in PORTS {
            for direction in DIRECTIONS {
                let text = case(peers, ports, direction);
                let specs = read_text(&text, Path::new("shape"), &world)
                    .unwrap_or_else(|error| panic!("{error}\n{text}"));
                for witness in &mut witnesses {
                    report.add(run(&specs[0], witness.as_mut()));
                }
            }
        }
    }
    let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures[..3.min(failures.len())].join("\n")
    );
    assert_eq!((report.judged, report.unfit.len()), (13 * 8 * 2 * 30 * 2, 0));
}

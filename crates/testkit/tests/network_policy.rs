//! Every shape of a NetworkPolicy rule, against what the Kubernetes API says of each part: a rule
//! is about a packet if one of its peers is, and one of its ports; policies are a union; and labels
//! count as they are now.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

use std::path::Path;

use podwall_model::World;
use podwall_testkit::spec::{Judge, Report, Tables, Witness, read_text, read_world, run};

/// A namespace, a label `app`, and the namespace's label `team`.
type Labels = (&'static str, &'static str, &'static str);

/// One other end of the policy's pod `a` in namespace `d`.
#[derive(Clone, Copy)]
struct End {
    ip: &'static str,
    pod: Option<Labels>,
    /// The number behind the name `http`, which only `b` and the subject give.
    http: &'static str,
}

const fn pod(ip: &'static str, pod: Labels) -> End {
    End { ip, pod: Some(pod), http: "" }
}

/// Pods b and c of the policy's namespace, x (like b) and y (like c) of namespace `o` with the
/// label team=x, a node, and an address outside.
const ENDS: [End; 6] = [
    End { http: "8000", ..pod("10.0.0.2", ("d", "b", "")) },
    pod("10.0.0.4", ("d", "c", "")),
    pod("10.0.1.1", ("o", "b", "x")),
    pod("10.0.1.2", ("o", "c", "x")),
    End { ip: "192.0.2.2", pod: None, http: "" },
    End { ip: "203.0.113.9", pod: None, http: "" },
];

/// A peer list as it is written (`LIST` is the key), and whom it means.
type Peers = (&'static str, fn(&End) -> bool);

const PEERS: [Peers; 13] = [
    ("", |_| true),
    ("LIST: []", |_| true),
    ("LIST: [{ipBlock: {cidr: 10.0.0.0/29}}]", |end| end.ip.starts_with("10.0.0.")),
    ("LIST: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/30]}}]", |end| {
        end.ip.starts_with("10.") && end.ip != "10.0.0.2"
    }),
    ("LIST: [{ipBlock: {cidr: 0.0.0.0/0}}]", |_| true),
    ("LIST: [{podSelector: {}}]", |end| end.is_in("d")),
    ("LIST: [{podSelector: {matchLabels: {app: b}}}]", |end| end.is_in("d") && end.is_app("b")),
    ("LIST: [{namespaceSelector: {}}]", |end| end.pod.is_some()),
    ("LIST: [{namespaceSelector: {matchLabels: {team: x}}}]", |end| end.is_of("x")),
    ("LIST: [{podSelector: {matchLabels: {app: b}}, namespaceSelector: {}}]", |end| {
        end.is_app("b")
    }),
    ("LIST: [{podSelector: {}, namespaceSelector: {matchLabels: {team: x}}}]", |end| {
        end.is_of("x")
    }),
    (
        "LIST: [{podSelector: {matchLabels: {app: b}}, namespaceSelector: {matchLabels: {team: x}}}]",
        |end| end.is_of("x") && end.is_app("b"),
    ),
    (
        "LIST: [{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [b]}]}}, \
         {ipBlock: {cidr: 203.0.113.9/32}}]",
        |end| (end.is_in("d") && !end.is_app("b")) || end.ip == "203.0.113.9",
    ),
];

impl End {
    fn is_in(&self, namespace: &str) -> bool {
        self.pod.is_some_and(|(own, _, _)| own == namespace)
    }

    fn is_app(&self, app: &str) -> bool {
        self.pod.is_some_and(|(_, own, _)| own == app)
    }

    fn is_of(&self, team: &str) -> bool {
        self.pod.is_some_and(|(_, _, own)| own == team)
    }
}

const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
const NUMBERS: [&str; 4] = ["80", "81", "8000", "8080"];

/// One item of a port list, and whether a packet to a server that gives `http` this number is meant.
type Port = (String, Means);
type Means = fn(&str, &str) -> bool;

/// Every way to name a port, beside a protocol.
const WAYS: [(&str, Means); 5] = [
    ("", |_, _| true),
    ("port: 80, ", |number, _| number == "80"),
    ("port: 81, ", |number, _| number == "81"),
    ("port: http, ", |number, http| number == http),
    ("port: 81, endPort: 8000, ", |number, _| matches!(number, "81" | "8000")),
];

/// A port list: how it is written, and its items; none at all is every port of every protocol.
struct Ports {
    text: String,
    items: Vec<(&'static str, Port)>,
}

impl Ports {
    fn of(items: Vec<(&'static str, Port)>) -> Ports {
        let texts: Vec<&str> = items.iter().map(|(_, (text, _))| text.as_str()).collect();
        Ports { text: format!("ports: [{}]", texts.join(", ")), items }
    }

    /// Whether a packet is meant; ICMP is only where there is no list.
    fn mean(&self, sent: &str, http: &str) -> bool {
        let Some((number, protocol)) = sent.split_once('/') else { return self.items.is_empty() };
        let meant = |(own, (_, means)): &(&str, Port)| *own == protocol && means(number, http);
        // Only TCP ports have the name in this world.
        let named = |(_, (text, _)): &(&str, Port)| text.contains("http") && protocol != "TCP";
        self.items.is_empty() || self.items.iter().any(|item| meant(item) && !named(item))
    }
}

fn item(protocol: &'static str, way: usize) -> (&'static str, Port) {
    let (text, means) = WAYS[way];
    (protocol, (format!("{{{text}protocol: {protocol}}}"), means))
}

/// No list, an empty one, each protocol with each way, the default protocol, and two items.
fn ports() -> Vec<Ports> {
    let mut all = vec![
        Ports { text: String::new(), items: Vec::new() },
        Ports::of(Vec::new()),
        Ports::of(vec![("TCP", ("{}".to_owned(), WAYS[0].1)), item("UDP", 1)]),
        Ports::of(vec![("TCP", ("{port: 80}".to_owned(), WAYS[1].1))]),
        Ports::of(vec![item("TCP", 1), item("SCTP", 2)]),
    ];
    for protocol in PROTOCOLS {
        all.extend((0..WAYS.len()).map(|way| Ports::of(vec![item(protocol, way)])));
    }
    all
}

fn sent() -> Vec<String> {
    let ports = PROTOCOLS.iter().flat_map(|protocol| NUMBERS.map(|n| format!("{n}/{protocol}")));
    ports.chain(["icmp".to_owned()]).collect()
}

/// The names of a direction: of its list of rules, of its list of peers, and of its type.
type Direction = (&'static str, &'static str, &'static str);
const DIRECTIONS: [Direction; 2] = [("ingress", "from", "Ingress"), ("egress", "to", "Egress")];

fn rule(peers: &Peers, ports: &Ports, (_, list, _): Direction) -> String {
    let parts = [peers.0.replace("LIST", list), ports.text.clone()];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{{{}}}", parts.join(", "))
}

fn policy(name: &str, rules: &str, (direction, _, kind): Direction) -> String {
    format!(
        "- inline: |\n    apiVersion: networking.k8s.io/v1\n    kind: NetworkPolicy\n    \
         metadata: {{name: {name}, namespace: d}}\n    spec: {{podSelector: {{matchLabels: {{app: a}}}}, \
         policyTypes: [{kind}], {direction}: [{rules}]}}\n"
    )
}

/// A flow with its expectation; the number behind `http` is the server's.
fn test(
    end: &End,
    sent: &str,
    (direction, _, _): Direction,
    open: impl Fn(&str) -> bool,
) -> String {
    let (from, to, http) = match direction {
        "ingress" => (end.ip, "10.0.0.1", "8080"),
        _ => ("10.0.0.1", end.ip, end.http),
    };
    let expect = if open(http) { "ALLOW" } else { "DROP" };
    let port = if sent == "icmp" { "icmp, type: 8" } else { sent };
    format!(
        "- {{from: {from}, to: {to}, port: {port}, direction: {direction}, expect: {expect}}}\n"
    )
}

const HEAD: &str =
    "apiVersion: podwall.io/v1\nkind: PolicyTest\nmetadata: {name: shape}\npolicies:\n";

/// Puts the cases to both witnesses, and says how many flows were judged.
fn check(cases: impl IntoIterator<Item = String>) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let world: World = read_world(&folder.join("world.yaml")).unwrap();
    let mut witnesses: [Box<dyn Witness>; 2] = [Box::new(Judge), Box::new(Tables::default())];
    let mut report = Report::default();
    for text in cases {
        let specs = read_text(&text, Path::new("shape"), &world)
            .unwrap_or_else(|error| panic!("{error}\n{text}"));
        for witness in &mut witnesses {
            report.add(run(&specs[0], witness.as_mut()));
        }
        let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
        assert!(failures.is_empty(), "{} failures\n{}\n{text}", failures.len(), failures[0]);
    }
    assert_eq!(report.unfit, Vec::<String>::new());
    report.judged
}

#[test]
fn every_shape_of_a_rule_means_what_the_api_says() {
    let mut cases = Vec::new();
    for peers in PEERS {
        for ports in ports() {
            for direction in DIRECTIONS {
                let mut text = HEAD.to_owned();
                text += &policy("p", &rule(&peers, &ports, direction), direction);
                text += "tests:\n";
                for end in &ENDS {
                    for sent in sent() {
                        let open = |http: &str| (peers.1)(end) && ports.mean(&sent, http);
                        text += &test(end, &sent, direction, open);
                    }
                }
                cases.push(text);
            }
        }
    }
    assert_eq!(check(cases), 13 * 20 * 2 * 6 * 13 * 2);
}

/// Two policies about one pod, one of which may say nothing at all: what either allows is allowed.
#[test]
fn two_policies_are_a_union_whatever_they_say() {
    let nothing: Peers = ("NOTHING", |_| false);
    let sides: Vec<(Peers, Ports)> = PEERS
        .into_iter()
        .chain([nothing])
        .map(|peers| (peers, Ports::of(vec![item("TCP", 1)])))
        .collect();
    let other = Ports::of(vec![item("TCP", 4)]);
    let mut cases = Vec::new();
    for (one, ports) in &sides {
        for (two, _) in &sides {
            for direction in DIRECTIONS {
                let rules = |peers: &Peers, ports: &Ports| match peers.0 {
                    "NOTHING" => String::new(),
                    _ => rule(peers, ports, direction),
                };
                let mut text = HEAD.to_owned();
                text += &policy("one", &rules(one, ports), direction);
                text += &policy("two", &rules(two, &other), direction);
                text += "tests:\n";
                for end in &ENDS {
                    for sent in ["80/TCP", "81/TCP", "80/UDP"] {
                        let open = |http: &str| {
                            ((one.1)(end) && ports.mean(sent, http))
                                || ((two.1)(end) && other.mean(sent, http))
                        };
                        text += &test(end, sent, direction, open);
                    }
                }
                cases.push(text);
            }
        }
    }
    assert_eq!(check(cases), 14 * 14 * 2 * 6 * 3 * 2);
}

/// What changes in a world, as a test file says it, and what it makes of an end.
type Change = (&'static str, fn(End) -> End);

/// An end with something else in the place of its namespace, label and team.
fn relabelled(end: End, change: impl Fn(Labels) -> Labels) -> End {
    End { pod: end.pod.map(change), ..end }
}

const CHANGES: [Change; 4] = [
    ("relabel: {pod: d/b, labels: {app: c}}", |end| match end.ip {
        "10.0.0.2" => relabelled(end, |(namespace, _, team)| (namespace, "c", team)),
        _ => end,
    }),
    ("relabel: {pod: o/y, labels: {app: b}}", |end| match end.ip {
        "10.0.1.2" => relabelled(end, |(namespace, _, team)| (namespace, "b", team)),
        _ => end,
    }),
    ("namespace: {name: o, labels: {team: z}}", |end| {
        relabelled(end, |(namespace, app, team)| match namespace {
            "o" => (namespace, app, "z"),
            _ => (namespace, app, team),
        })
    }),
    ("namespace: {name: d, labels: {team: x}}", |end| {
        relabelled(end, |(namespace, app, team)| match namespace {
            "d" => (namespace, app, "x"),
            _ => (namespace, app, team),
        })
    }),
];

/// Each change by itself and then one after the other; at last the pod is nobody's subject.
#[test]
fn labels_count_as_they_are_now() {
    let every = &ports()[0];
    let mut cases = Vec::new();
    for peers in PEERS {
        for direction in DIRECTIONS {
            for first in 0..CHANGES.len() {
                let mut text = HEAD.to_owned();
                text += &policy("p", &rule(&peers, every, direction), direction);
                text += "tests: []\nsteps:\n";
                let mut ends = ENDS;
                for at in 0..CHANGES.len() {
                    let (said, change) = CHANGES[(first + at) % CHANGES.len()];
                    ends = ends.map(change);
                    text += &format!("- change: {{{said}}}\n  tests:\n");
                    for end in &ends {
                        let open = |_: &str| (peers.1)(end);
                        text += &format!("  {}", test(end, "80/TCP", direction, open));
                    }
                }
                text += "- change: {relabel: {pod: d/a, labels: {app: z}}}\n  tests:\n";
                for end in &ENDS {
                    text += &format!("  {}", test(end, "80/TCP", direction, |_| true));
                }
                cases.push(text);
            }
        }
    }
    assert_eq!(check(cases), 13 * 2 * 4 * 5 * 6 * 2);
}

//! Every mixture of allow and deny rules about one peer and one port, some of which ask something
//! of requests, against the closed form.

use std::path::Path;

use podwall_testkit::spec::{Judge, Report, Spec, Tables, Witness, read_text, run};

/// The rules of the mixture: the list each stands in, whether it names the peer and the port, and
/// whether it asks for a GET of `/`.
const RULES: [(&str, Names, Names, Asks); 8] = [
    ("ingress", Names::It, Names::Any, Asks::Nothing),
    ("ingress", Names::Any, Names::It, Asks::Nothing),
    ("ingress", Names::It, Names::It, Asks::Nothing),
    ("ingress", Names::Any, Names::It, Asks::Get),
    ("ingress", Names::It, Names::It, Asks::Get),
    ("ingressDeny", Names::It, Names::Any, Asks::Nothing),
    ("ingressDeny", Names::Any, Names::It, Asks::Nothing),
    ("ingressDeny", Names::It, Names::It, Asks::Nothing),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Nothing,
    Get,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// The one peer, or the one port.
    It,
    /// Whatever.
    Any,
}

impl Names {
    fn means(self, is_it: bool) -> bool {
        self == Names::Any || is_it
    }
}

const GET: &str = "port: 80/TCP, http: {method: GET, path: /}";
const POST: &str = "port: 80/TCP, http: {method: POST, path: /x}";

/// The packets and requests: from the peer or another, on the port, another one, or ICMP.
const SENT: [&str; 4] = [GET, POST, "port: 81/TCP", "port: icmp, type: 8"];
const FROM: [&str; 2] = ["d/foo", "d/bar"];

/// A deny about the packet wins. Else what asks something of requests takes the packet to the gate,
/// and there any rule about it that is met, or asks nothing, lets the request pass.
fn expected(mixture: u32, from: &str, sent: &str) -> &'static str {
    let about = |list: &str, asks: Asks| {
        RULES.iter().enumerate().any(|(bit, (own, peer, port, asked))| {
            mixture & (1 << bit) != 0
                && (*own, *asked) == (list, asks)
                && peer.means(from == "d/foo")
                && port.means(sent == GET || sent == POST)
        })
    };
    let plain = about("ingress", Asks::Nothing);
    match (mixture, about("ingressDeny", Asks::Nothing), about("ingress", Asks::Get)) {
        (0, _, _) => "ALLOW",
        (_, true, _) => "DENY",
        (_, false, true) if plain || sent == GET => "L7-OK",
        (_, false, true) => "403",
        (_, false, false) if plain => "ALLOW",
        (_, false, false) => "DROP",
    }
}

fn element((_, peer, port, asks): &(&str, Names, Names, Asks)) -> String {
    let mut parts = Vec::new();
    if *peer == Names::It {
        parts.push("fromEndpoints: [{matchLabels: {app: foo}}]".to_owned());
    }
    if *port == Names::It {
        let rules = match asks {
            Asks::Nothing => "",
            Asks::Get => ", rules: {http: [{method: GET, path: /}]}",
        };
        parts.push(format!("toPorts: [{{ports: [{{port: \"80\", protocol: TCP}}]{rules}}}]"));
    }
    format!("{{{}}}", parts.join(", "))
}

fn case(mixture: u32) -> String {
    let list = |wanted: &str| -> String {
        let elements = RULES.iter().enumerate();
        let elements = elements.filter(|(bit, rule)| mixture & (1 << bit) != 0 && rule.0 == wanted);
        elements.map(|(_, rule)| element(rule)).collect::<Vec<_>>().join(", ")
    };
    let policy = format!(
        "policies:\n- inline: |\n    apiVersion: cilium.io/v2\n    kind: CiliumNetworkPolicy\n    \
         metadata: {{name: p, namespace: d}}\n    \
         spec: {{endpointSelector: {{matchLabels: {{app: a}}}}, ingress: [{}], ingressDeny: [{}]}}\n",
        list("ingress"),
        list("ingressDeny"),
    );
    let test = |from: &str, sent: &str| {
        let expect = expected(mixture, from, sent);
        format!("- {{from: {from}, to: d/a, {sent}, expect: \"{expect}\"}}\n")
    };
    let tests = FROM.map(|from| SENT.map(|sent| test(from, sent)).concat());
    format!(
        "apiVersion: podwall.io/v1\nkind: PolicyTest\nmetadata: {{name: \"mixture {mixture:08b}\"}}\n\
         world:\n  pods:\n  - {{name: a, namespace: d, labels: {{app: a}}, ips: [10.0.0.1]}}\n  \
         - {{name: foo, namespace: d, labels: {{app: foo}}, ips: [10.0.0.2]}}\n  \
         - {{name: bar, namespace: d, labels: {{app: bar}}, ips: [10.0.0.3]}}\n{}tests:\n{}",
        if mixture == 0 { String::new() } else { policy },
        tests.concat(),
    )
}

#[test]
fn every_mixture_follows_the_closed_form() {
    let mut witnesses: [Box<dyn Witness>; 2] = [Box::new(Judge), Box::new(Tables::default())];
    let mut report = Report::default();
    for mixture in 0..1 << RULES.len() {
        let specs: Vec<Spec> =
            read_text(&case(mixture), Path::new("matrix"), &Default::default()).unwrap();
        for witness in &mut witnesses {
            report.add(run(&specs[0], witness.as_mut()));
        }
    }
    let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures[0]);
    assert_eq!((report.judged, report.unfit.len()), (256 * 8 * 2, 0));
}

//! Every mixture of allow and deny rules about one peer and one port, against the closed form:
//! a deny that is about the packet wins, else an allow that is about it, else default deny.

use std::path::Path;

use podwall_testkit::spec::{Judge, Report, Spec, Tables, Witness, read_text, run};

/// The rules of the mixture: the list each stands in, whether it names the peer and the port.
const RULES: [(&str, Names, Names); 6] = [
    ("ingress", Names::It, Names::Any),
    ("ingress", Names::Any, Names::It),
    ("ingress", Names::It, Names::It),
    ("ingressDeny", Names::It, Names::Any),
    ("ingressDeny", Names::Any, Names::It),
    ("ingressDeny", Names::It, Names::It),
];

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

/// The packets: from the peer or another, on the port, another one, or ICMP.
const PACKETS: [(&str, &str); 6] = [
    ("d/foo", "port: 80/TCP"),
    ("d/foo", "port: 81/TCP"),
    ("d/foo", "port: icmp, type: 8"),
    ("d/bar", "port: 80/TCP"),
    ("d/bar", "port: 81/TCP"),
    ("d/bar", "port: icmp, type: 8"),
];

fn expected(mixture: u32, from: &str, sent: &str) -> &'static str {
    let about = |list: &str| {
        RULES.iter().enumerate().any(|(bit, (own, peer, port))| {
            mixture & (1 << bit) != 0
                && *own == list
                && peer.means(from == "d/foo")
                && port.means(sent == "port: 80/TCP")
        })
    };
    match (mixture, about("ingressDeny"), about("ingress")) {
        (0, _, _) => "ALLOW",
        (_, true, _) => "DENY",
        (_, false, true) => "ALLOW",
        (_, false, false) => "DROP",
    }
}

fn case(mixture: u32) -> String {
    let list = |wanted: &str| -> String {
        let elements = RULES
            .iter()
            .enumerate()
            .filter(|(bit, (list, _, _))| mixture & (1 << bit) != 0 && *list == wanted);
        let element = |(_, (_, peer, port)): (usize, &(&str, Names, Names))| {
            let mut parts = Vec::new();
            if *peer == Names::It {
                parts.push("fromEndpoints: [{matchLabels: {app: foo}}]");
            }
            if *port == Names::It {
                parts.push("toPorts: [{ports: [{port: \"80\", protocol: TCP}]}]");
            }
            format!("{{{}}}", parts.join(", "))
        };
        elements.map(element).collect::<Vec<_>>().join(", ")
    };
    let policy = format!(
        "policies:\n- inline: |\n    apiVersion: cilium.io/v2\n    kind: CiliumNetworkPolicy\n    \
         metadata: {{name: p, namespace: d}}\n    \
         spec: {{endpointSelector: {{matchLabels: {{app: a}}}}, ingress: [{}], ingressDeny: [{}]}}\n",
        list("ingress"),
        list("ingressDeny"),
    );
    let tests = PACKETS.map(|(from, sent)| {
        format!("- {{from: {from}, to: d/a, {sent}, expect: {}}}\n", expected(mixture, from, sent))
    });
    format!(
        "apiVersion: podwall.io/v1\nkind: PolicyTest\nmetadata: {{name: \"mixture {mixture:06b}\"}}\n\
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
    assert_eq!(report.failures, []);
    assert_eq!((report.judged, report.unfit.len()), (64 * PACKETS.len() * 2, 0));
}

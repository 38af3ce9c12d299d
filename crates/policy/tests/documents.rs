//! What documents mean, and what is said of bad ones.

use podwall_model::{Direction, Mode};
use podwall_policy::rule::{Peers, Port, Ports};
use podwall_policy::{Checked, Code, Dialect, check};

fn cnp(spec: &str) -> String {
    let indented = spec.trim_matches('\n').replace('\n', "\n  ");
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: p, namespace: d}}\nspec:\n  {indented}\n"
    )
}

/// The message of the only finding, with its place and hint.
fn finding(checked: &Checked) -> String {
    assert_eq!(checked.diagnostics.len(), 1, "{:#?}", checked.diagnostics);
    checked.diagnostics[0].to_string()
}

#[test]
fn a_policy_becomes_rules() {
    let text = cnp("endpointSelector: {matchLabels: {app: a}}
ingress:
- fromEndpoints: [{matchLabels: {app: b}}]
  toPorts: [{ports: [{port: \"80\", protocol: TCP}, {port: \"90\", endPort: 99, protocol: UDP}]}]
egressDeny:
- toEntities: [all]");
    let checked = check(&text, "p.yaml");
    assert_eq!(checked.diagnostics, []);
    let rules = &checked.policies[0].rules;
    assert_eq!(rules.len(), 2);
    assert_eq!(rules[0].id.to_string(), "CiliumNetworkPolicy/d/p#ingress[0]");
    assert_eq!(rules[1].id.to_string(), "CiliumNetworkPolicy/d/p#egressDeny[0]");
    assert_eq!(rules[1].direction, Direction::Egress);
    assert_eq!(rules[1].peers, Peers::Anyone);
    assert_eq!(rules[1].ports, Ports::Any);
    let Ports::AnyOf(ports) = &rules[0].ports else { panic!("ports are restricted") };
    assert!(matches!(ports[1], Port::Range { first: 90, last: 99, .. }));
}

#[test]
fn an_unknown_field_is_refused_with_its_place_and_the_nearest_name() {
    let checked = check(&cnp("endpointSelector: {}\ningress:\n- fromEndpoint: [{}]"), "p.yaml");
    assert_eq!(checked.policies, []);
    assert_eq!(
        finding(&checked),
        "p.yaml:7:5: error PW0101: unknown field: `fromEndpoint`, hint: the nearest known field is `fromEndpoints`"
    );
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let good = cnp("endpointSelector: {}\ningress: [{}]");
    let text = format!("{good}---\nkind: [\n---\n{}", good.replace("name: p", "name: q"));
    let checked = check(&text, "p.yaml");
    let names: Vec<&str> = checked.policies.iter().map(|policy| policy.id.name.as_str()).collect();
    assert_eq!(names, ["p", "q"]);
    assert_eq!(checked.diagnostics[0].code, Code::BROKEN_YAML);
    assert_eq!(
        checked.documents.iter().map(|d| d.accepted).collect::<Vec<_>>(),
        [true, false, true]
    );
}

#[test]
fn the_mode_annotation_is_read() {
    let text = cnp("endpointSelector: {}\ningress: [{}]")
        .replace("name: p,", "name: p, annotations: {podwall.io/mode: off},");
    assert_eq!(check(&text, "").policies[0].mode, Some(Mode::Off));
}

#[test]
fn a_selector_that_matches_nothing_is_told_and_used() {
    for (labels, said) in [
        (
            "\"reserved:hots\": \"\"",
            "nobody carries the label: `reserved:hots`, hint: the nearest known is `reserved:host`",
        ),
        (
            "\"reserved:world\": \"\"",
            "no address carries the label where IPv4 and IPv6 are both on: `world`",
        ),
        (
            "\"cidr:10.0.0.0/8\": \"\"",
            "the selector matches nothing: no pod carries a label of a range",
        ),
    ] {
        let spec = format!(
            "endpointSelector: {{}}\ningress: [{{fromEndpoints: [{{matchLabels: {{{labels}}}}}]}}]"
        );
        let checked = check(&cnp(&spec), "p.yaml");
        let said_of_it = finding(&checked);
        assert!(said_of_it.contains("warning PW0902") && said_of_it.contains(said), "{said_of_it}");
        assert_eq!(checked.policies.len(), 1);
    }
}

/// Equal content has an equal name, and whatever changes the meaning changes the name.
#[test]
fn a_rule_is_named_by_its_content() {
    let hash = |subject: &str, element: &str| {
        let spec = format!("endpointSelector: {{matchLabels: {subject}}}\ningress:\n- {element}");
        let checked = check(&cnp(&spec), "");
        assert_eq!(checked.diagnostics, []);
        checked.policies[0].rules[0].id.content
    };
    let plain = hash("{app: a}", "{fromEndpoints: [{matchLabels: {app: b, tier: x}}]}");
    let same = hash("{app: a}", "{fromEndpoints: [{matchLabels: {tier: x, app: b}}], toPorts: []}");
    assert_eq!(plain, same);
    let others = [
        hash("{app: c}", "{fromEndpoints: [{matchLabels: {app: b, tier: x}}]}"),
        hash("{app: a}", "{fromEndpoints: [{matchLabels: {app: b}}, {matchLabels: {tier: x}}]}"),
        hash("{app: a}", "{fromEndpoints: [{matchLabels: {app: b, tier: xx}}]}"),
        hash("{app: a}", "{fromEndpoints: [], toPorts: [{ports: [{port: \"80\"}]}]}"),
        hash("{app: a}", "{toPorts: [{ports: [{port: \"80\"}]}]}"),
        hash("{app: a}", "{toPorts: [{ports: [{port: \"80\", protocol: TCP}]}]}"),
        hash("{app: a}", "{toPorts: [{ports: [{port: \"80\", endPort: 81}]}]}"),
        hash("{app: a}", "{icmps: [{fields: [{type: 8}]}]}"),
        hash("{app: a}", "{icmps: [{fields: [{type: 8, family: IPv6}]}]}"),
        hash("{app: a}", "{fromCIDRSet: [{cidr: 10.0.0.0/8}]}"),
        hash("{app: a}", "{fromCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]}"),
        hash("{app: a}", "{fromEntities: [all]}"),
    ];
    let mut all: Vec<u64> = others.into_iter().chain([plain]).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 13);
}

/// Where nobody reads requests, the rest of the document alone would mean something else.
#[test]
fn without_a_gate_what_asks_something_of_requests_is_refused_whole() {
    for item in [
        "rules: {http: [{path: /a}]}",
        "rules: {kafka: [{topic: t}]}",
        "serverNames: [a.io]",
        "originatingTLS: {secret: {name: s}}",
    ] {
        let text = cnp(&format!(
            "endpointSelector: {{}}
ingress:
- fromEndpoints: [{{}}]
- toPorts: [{{ports: [{{port: \"80\", protocol: TCP}}], {item}}}]"
        ));
        let node = check(&text, "p.yaml");
        assert_eq!(node.policies, [], "{item}");
        assert_eq!(node.diagnostics[0].code, Code::UNSUPPORTED, "{item}");
        let offline = podwall_policy::check_as(&text, "p.yaml", &Dialect::offline());
        assert_eq!(offline.diagnostics, [], "{item}");
        assert_eq!(offline.policies[0].rules[1].demands.len(), 1, "{item}");
    }
}

/// A rule that asks for other requests is another rule.
#[test]
fn what_is_asked_is_part_of_a_rule() {
    let id = |item: &str| {
        let text = cnp(&format!(
            "endpointSelector: {{}}
egress: [{{toPorts: [{{ports: [{{port: \"80\", protocol: TCP}}], rules: {{{item}}}}}]}}]"
        ));
        let checked = podwall_policy::check_as(&text, "p.yaml", &Dialect::offline());
        assert_eq!(checked.diagnostics, [], "{item}");
        checked.policies[0].rules[0].id.content
    };
    let items = [
        "http: []",
        "http: [{}]",
        "http: [{path: /a}]",
        "http: [{method: /a}]",
        "http: [{host: /a}]",
        "http: [{headers: [a]}]",
        "http: [{headers: [\"a: b\"]}]",
        "http: [{headerMatches: [{name: a}]}]",
        "http: [{headerMatches: [{name: a, mismatch: LOG}]}]",
        "dns: [{matchName: a}]",
        "kafka: [{topic: a}]",
        "kafka: [{clientID: a}]",
        "l7proto: a",
        "l7proto: a, l7: [{b: c}]",
    ];
    let ids: std::collections::BTreeSet<u64> = items.iter().map(|item| id(item)).collect();
    assert_eq!(ids.len(), items.len());
}

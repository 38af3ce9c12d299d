//! What documents mean, and what is said of bad ones.

use podwall_model::{Direction, Mode};
use podwall_policy::rule::{Peers, Port, Ports};
use podwall_policy::{Checked, Code, check};

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

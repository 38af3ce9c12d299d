//! The workload file: what it may say, and how it is refused.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

use podwall_files::{Attachment, parse_world, set_namespace_mode};
use podwall_model::{Mode, WorkloadName};

const WHOLE: &str = "\
# the shop
namespaces:
  - {name: shop, labels: {team: blue}, mode: detect}
  - name: data   # the databases
    labels: {team: red}
nodes: [{name: n1, ips: [192.0.2.1], local: true}]
pods:
  - name: web
    namespace: shop
    labels: {app: web}
    ips: [10.0.0.5, 'fd00::5']
    ports: [{name: HTTP, port: 8080, protocol: TCP}]
    attach: {netns: /run/netns/web}
  - {name: db, namespace: data, ips: [10.0.0.6], attach: {interface: veth7}}
services:
  - {name: db, namespace: data, ips: [10.96.0.9], ports: [{port: 5432}], selector: {app: db}}
";

fn name(namespace: &str, name: &str) -> WorkloadName {
    WorkloadName { namespace: namespace.into(), name: name.into() }
}

#[track_caller]
fn refused(text: &str, line: u32, column: u32, message: &str) {
    let error = parse_world(text).unwrap_err();
    assert_eq!((error.line, error.column), (line, column), "{error}");
    assert!(error.message.contains(message), "{error}");
}

#[test]
fn a_whole_world_is_read_with_its_attachments() {
    let read = parse_world(WHOLE).unwrap();
    assert_eq!(read.world.workloads.len(), 2);
    assert_eq!(read.world.workloads[0].ports[0].name, "http");
    assert_eq!(read.world.services[0].ports[0].target, 5432);
    assert_eq!(read.attachments[&name("shop", "web")], Attachment::Netns("/run/netns/web".into()));
    assert_eq!(read.attachments[&name("data", "db")], Attachment::Interface("veth7".into()));
}

#[test]
fn an_empty_file_is_an_empty_world() {
    assert_eq!(parse_world("").unwrap().world.workloads, []);
}

#[test]
fn an_unknown_field_is_refused_with_its_place() {
    refused("pods:\n  - {name: a, colour: red}\n", 2, 15, "unknown field `colour`, hint: one of");
    refused("pod: []\n", 1, 1, "unknown field `pod`");
}

#[test]
fn broken_yaml_is_refused_with_its_place() {
    let error = parse_world("pods:\n  - {name: a\n  - {name: b}\n").unwrap_err();
    assert!(error.line > 0 && error.column > 0, "{error:?}");
}

#[test]
fn an_address_with_a_prefix_is_refused() {
    refused("pods: [{name: a, ips: [10.0.0.0/8]}]\n", 1, 24, "not an address: `10.0.0.0/8`, hint:");
}

#[test]
fn an_unknown_mode_is_refused() {
    refused("namespaces: [{name: a, mode: audit}]\n", 1, 30, "not a mode: `audit`");
}

#[test]
fn a_name_given_twice_is_refused() {
    refused("pods: [{name: a}, {name: a}]\n", 0, 0, "pod given twice: `default/a`");
    refused("pods: [{name: a, ips: ['::1']}, {name: b, ips: ['::1']}]\n", 0, 0, "pod address");
}

#[test]
fn a_place_has_to_be_one_and_a_full_path() {
    refused("pods: [{name: a, attach: {}}]\n", 1, 26, "one place is wanted");
    refused("pods: [{name: a, attach: {netns: run/x}}]\n", 1, 26, "not a full path: `run/x`");
    refused("pods: [{name: a, attach: {interface: a/b}}]\n", 1, 26, "not an interface name: `a/b`");
}

#[test]
fn a_mode_is_changed_in_place_within_braces() {
    let changed = set_namespace_mode(WHOLE, "shop", Mode::Enforce).unwrap();
    assert_eq!(changed, WHOLE.replace("mode: detect", "mode: enforce"));
}

#[test]
fn a_mode_is_added_on_a_line_of_its_own_and_comments_stay() {
    let changed = set_namespace_mode(WHOLE, "data", Mode::Off).unwrap();
    let wanted = "  - name: data   # the databases\n    mode: off\n    labels: {team: red}\n";
    assert!(changed.contains(wanted), "{changed}");
    assert_eq!(parse_world(&changed).unwrap().world.namespaces[1].mode, Some(Mode::Off));
}

#[test]
fn a_mode_is_added_within_braces() {
    let text = "namespaces: [{name: \"a\"}, {labels: {x: y}, name: b}]\n";
    let changed = set_namespace_mode(text, "a", Mode::Enforce).unwrap();
    assert_eq!(changed, "namespaces: [{name: \"a\", mode: enforce}, {labels: {x: y}, name: b}]\n");
    let changed = set_namespace_mode(text, "b", Mode::Detect).unwrap();
    assert_eq!(changed, "namespaces: [{name: \"a\"}, {labels: {x: y}, name: b, mode: detect}]\n");
}

#[test]
fn a_namespace_that_is_not_named_has_no_mode_to_change() {
    let error = set_namespace_mode(WHOLE, "payments", Mode::Off).unwrap_err();
    assert!(error.to_string().contains("add `- name: payments`"), "{error}");
}

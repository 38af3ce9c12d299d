//! Writing a mode into a text changes that annotation and not one byte beside it.

use podwall_model::{Mode, PolicyId, PolicyKind};
use podwall_policy::{SetModeError, check, set_mode};

const ENFORCE: Option<Mode> = Some(Mode::Enforce);

fn id(name: &str) -> PolicyId {
    let namespace = Some("d".to_owned());
    PolicyId { kind: PolicyKind::CiliumNetworkPolicy, namespace, name: name.to_owned() }
}

/// A document with this `metadata`.
fn document(metadata: &str) -> String {
    format!(
        "# head\napiVersion: cilium.io/v2 # version\nkind: CiliumNetworkPolicy\n{metadata}\n\
         spec:\n  endpointSelector: {{}}   # everyone\n  ingress: [ {{}} ]\n"
    )
}

fn check_edit(metadata: &str, mode: Option<Mode>, expected: &str) {
    let text = document(metadata);
    let edited = set_mode(&text, &id("p"), mode).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(edited, document(expected));
    assert_eq!(check(&edited, "").policies[0].mode, mode);
}

#[test]
fn the_first_annotation_stands_behind_the_name() {
    check_edit(
        "metadata:\n  # who\n  name: p # the name\n  namespace: d",
        ENFORCE,
        "metadata:\n  # who\n  name: p # the name\n  annotations:\n    podwall.io/mode: enforce\n  namespace: d",
    );
    check_edit(
        "metadata:\n    namespace: d\n    name: \"p\"",
        Some(Mode::Off),
        "metadata:\n    namespace: d\n    name: \"p\"\n    annotations:\n      podwall.io/mode: \"off\"",
    );
}

#[test]
fn other_annotations_stay() {
    check_edit(
        "metadata:\n  name: p\n  namespace: d\n  annotations: # ours\n    # about\n    team: blue",
        ENFORCE,
        "metadata:\n  name: p\n  namespace: d\n  annotations: # ours\n    # about\n    podwall.io/mode: enforce\n    team: blue",
    );
    check_edit(
        "metadata: {name: p, namespace: d, annotations: {team: blue}}",
        ENFORCE,
        "metadata: {name: p, namespace: d, annotations: {\"podwall.io/mode\": \"enforce\", team: blue}}",
    );
    check_edit(
        "metadata:\n  name: p\n  namespace: d\n  annotations: {} # none",
        ENFORCE,
        "metadata:\n  name: p\n  namespace: d\n  annotations: {\"podwall.io/mode\": \"enforce\"} # none",
    );
    check_edit(
        "metadata:\n  name: p\n  annotations: # none yet\n  namespace: d",
        ENFORCE,
        "metadata:\n  name: p\n  annotations: {podwall.io/mode: enforce} # none yet\n  namespace: d",
    );
}

#[test]
fn a_null_is_no_annotation() {
    check_edit(
        "metadata:\n  name: p\n  annotations: ~ # none yet\n  namespace: d",
        ENFORCE,
        "metadata:\n  name: p\n  annotations: {podwall.io/mode: enforce} # none yet\n  namespace: d",
    );
}

#[test]
fn a_mode_that_is_there_is_replaced_in_place() {
    check_edit(
        "metadata:\n  name: p\n  namespace: d\n  annotations:\n    podwall.io/mode:   detect # for now\n    team: blue",
        ENFORCE,
        "metadata:\n  name: p\n  namespace: d\n  annotations:\n    podwall.io/mode:   enforce # for now\n    team: blue",
    );
    check_edit(
        "metadata: {name: p, namespace: d, annotations: {'podwall.io/mode': 'detect'}}",
        Some(Mode::Off),
        "metadata: {name: p, namespace: d, annotations: {'podwall.io/mode': \"off\"}}",
    );
}

#[test]
fn taking_the_mode_away_takes_its_line() {
    check_edit(
        "metadata:\n  name: p\n  namespace: d\n  annotations:\n    podwall.io/mode: enforce # on\n    team: blue # own",
        None,
        "metadata:\n  name: p\n  namespace: d\n  annotations:\n    team: blue # own",
    );
    check_edit(
        "metadata:\n  name: p\n  annotations:\n    podwall.io/mode: enforce\n  namespace: d",
        None,
        "metadata:\n  name: p\n  namespace: d",
    );
    check_edit(
        "metadata:\n  name: p\n  annotations: # why\n    # because\n    podwall.io/mode: enforce\n  namespace: d",
        None,
        "metadata:\n  name: p\n  annotations: {} # why\n    # because\n  namespace: d",
    );
    for (before, after) in [
        ("{podwall.io/mode: enforce}", "{}"),
        ("{podwall.io/mode: enforce, team: blue}", "{team: blue}"),
        ("{team: blue, podwall.io/mode: enforce}", "{team: blue}"),
        ("{\"podwall.io/mode\": \"enforce\", team: blue}", "{team: blue}"),
    ] {
        let metadata = |annotations| {
            format!("metadata: {{name: p, namespace: d, annotations: {annotations}}}")
        };
        check_edit(&metadata(before), None, &metadata(after));
    }
}

#[test]
fn the_mode_it_has_already_changes_nothing() {
    check_edit("metadata: {name: p, namespace: d}", None, "metadata: {name: p, namespace: d}");
}

#[test]
fn one_document_of_several_is_changed() {
    let other = document("metadata: {name: q, namespace: d}");
    let ours = document("metadata:\n  name: p\n  namespace: d");
    let text = format!(
        "{other}---\n{ours}...\n---\n# nothing\n---\n{}",
        other.replace("name: q", "name: r")
    );
    let edited = set_mode(&text, &id("p"), ENFORCE).unwrap();
    let new = document(
        "metadata:\n  name: p\n  annotations:\n    podwall.io/mode: enforce\n  namespace: d",
    );
    assert_eq!(edited, text.replace(&ours, &new));
}

#[test]
fn a_broken_neighbour_stays_as_it_is() {
    let ours = document("metadata: {name: p, namespace: d}");
    let text = format!("kind: [\n---\n{ours}");
    let edited = set_mode(&text, &id("p"), ENFORCE).unwrap();
    assert!(edited.starts_with("kind: [\n---\n"));
    assert_eq!(check(&edited, "").policies[0].mode, ENFORCE);
}

#[test]
fn ends_of_lines_are_kept() {
    let text = document("metadata:\n  name: p\n  namespace: d").replace('\n', "\r\n");
    let edited = set_mode(&text, &id("p"), ENFORCE).unwrap();
    assert_eq!(edited.matches("\r\n").count(), edited.matches('\n').count());
    assert_eq!(set_mode(&edited, &id("p"), None).unwrap(), text);
    let last = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n\
                spec: {endpointSelector: {}, ingress: [{}]}\nmetadata:\n  namespace: d\n  name: p";
    let edited = set_mode(last, &id("p"), ENFORCE).unwrap();
    assert_eq!(edited, format!("{last}\n  annotations:\n    podwall.io/mode: enforce\n"));
}

#[test]
fn characters_of_many_bytes_before_the_place() {
    let text = format!("# ä→🦀\n{}", document("metadata: {name: p, namespace: d}"));
    let edited = set_mode(&text, &id("p"), ENFORCE).unwrap();
    assert!(edited.starts_with("# ä→🦀\n# head"));
    assert_eq!(
        set_mode(&edited, &id("p"), Some(Mode::Detect)).unwrap(),
        edited.replace("\"enforce\"", "detect")
    );
}

#[test]
fn json_is_edited_as_json() {
    let text = "{\"apiVersion\": \"cilium.io/v2\", \"kind\": \"CiliumNetworkPolicy\", \
                \"metadata\": {\"name\": \"p\", \"namespace\": \"d\"}, \
                \"spec\": {\"endpointSelector\": {}, \"ingress\": [{}]}}\n";
    let edited = set_mode(text, &id("p"), ENFORCE).unwrap();
    let wanted = "\"metadata\": {\"annotations\": {\"podwall.io/mode\": \"enforce\"}, \"name\"";
    assert!(edited.contains(wanted), "{edited}");
}

#[test]
fn what_cannot_be_changed_alone_is_refused_with_a_hint() {
    let shared = document(
        "metadata:\n  labels: &shared\n    team: blue\n  annotations: *shared\n  name: p\n  namespace: d",
    );
    let error = set_mode(&shared, &id("p"), ENFORCE).unwrap_err();
    assert_eq!(error, SetModeError::Layout(id("p")));
    assert!(error.to_string().contains("hint: write `annotations: {podwall.io/mode: detect}`"));
    let error = set_mode(&shared, &id("nobody"), ENFORCE).unwrap_err();
    assert_eq!(error, SetModeError::NoSuchPolicy(id("nobody")));
}

//! What is said of bad input: the message that people see, and that nothing of it is used.

use std::time::{Duration, Instant};

use podwall_policy::{Checked, MAX_BYTES, check};

/// A policy that is fine, with room for something in its only rule.
fn policy(inside: &str) -> String {
    format!(
        "apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: p
  namespace: d
spec:
  endpointSelector: {{}}
  ingress:
  - {inside}
"
    )
}

/// Refused, and the first thing that is said.
fn refusal(text: &str) -> String {
    let checked = check(text, "p.yaml");
    assert_eq!(checked.policies, [], "nothing of it is used");
    assert!(checked.documents.iter().all(|document| !document.accepted));
    checked.diagnostics[0].to_string()
}

/// Refused within a time in which nobody waits, however bad it is.
fn quick_refusal(text: &str) -> String {
    let start = Instant::now();
    let said = refusal(text);
    assert!(start.elapsed() < Duration::from_secs(5), "it took {:?}", start.elapsed());
    said
}

const REST: &str = ", hint: this document is left out; others of the file are read";

#[test]
fn broken_yaml() {
    let said = refusal("apiVersion: cilium.io/v2\nkind: [\n");
    assert!(said.starts_with("p.yaml:2:7: error PW0002: broken YAML: unclosed bracket"), "{said}");
    assert!(said.ends_with(REST), "{said}");
    let said = refusal(&policy("fromEntities: [world]").replace("spec:", "spec"));
    assert!(said.contains("error PW0002: broken YAML: "), "{said}");
    let said = refusal(&policy("{}").replace("  name: p", "\tname: p"));
    assert!(said.contains("PW0002"), "{said}");
}

#[test]
fn an_unknown_field() {
    assert_eq!(
        refusal(&policy("fromEntity: [world]")),
        "p.yaml:9:5: error PW0101: unknown field: `fromEntity`, hint: the nearest known field is `fromEntities`"
    );
    assert_eq!(
        refusal(&policy("fromEntities: [world]").replace("  name: p", "  nam: p")),
        "p.yaml:4:3: error PW0101: unknown field: `nam`, hint: the nearest known field is `name`"
    );
}

#[test]
fn every_mistake_is_told_not_only_the_first() {
    let text = "
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: P}
spec:
  endpointSelector: {matchLabels: {app: 1}}
  ingres: []
  ingress:
  - fromCIDR: [10.1.2.3/8]
    toPorts: [{ports: [{port: \"99999\", protocol: tcpp}]}]
";
    let codes: Vec<&str> = check(text, "").diagnostics.iter().map(|d| d.code.0).collect();
    assert_eq!(codes, ["PW0105", "PW0007", "PW0101", "PW0205", "PW0302"]);
}

#[test]
fn a_range_with_host_bits() {
    assert_eq!(
        refusal(&policy("fromCIDR: [10.1.2.3/8]")),
        "p.yaml:9:16: error PW0205: address bits are set behind the prefix: `10.1.2.3/8`, hint: write 10.0.0.0/8"
    );
    assert_eq!(
        refusal(&policy("fromCIDRSet: [{cidr: \"2001:db8::/32\", except: [\"2001:db8::1/64\"]}]")),
        "p.yaml:9:52: error PW0205: address bits are set behind the prefix: `2001:db8::1/64`, hint: write 2001:db8::/64"
    );
}

#[test]
fn a_file_of_100_megabytes() {
    let text = "x".repeat(100 << 20);
    let start = Instant::now();
    let said = refusal(&text);
    assert!(start.elapsed() < Duration::from_millis(500), "it is not read: {:?}", start.elapsed());
    assert_eq!(
        said,
        "p.yaml:1:1: error PW0001: file too large: `104857600 bytes`, hint: at most 16 MiB are read; split it"
    );
}

/// Ten lines that stand for 10^9 values.
#[test]
fn aliases_that_multiply() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        text += &format!("a{level}: &a{level} [{}]\n", before.trim_end_matches(", "));
    }
    let said = quick_refusal(&text);
    assert!(
        said.contains("error PW0003: too many values in one document: `more than 1000000`"),
        "{said}"
    );
}

#[test]
fn an_alias_of_itself() {
    let said = quick_refusal("a: &a [*a]\n");
    assert!(said.contains("PW0002"), "{said}");
}

#[test]
fn deep_nesting() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let text = format!("a: {}x{}", open.repeat(100_000), close.repeat(100_000));
        let said = quick_refusal(&text);
        assert!(said.contains("error PW000"), "{said}");
        let text = format!("a: {}x{}", open.repeat(50), close.repeat(50));
        let said = quick_refusal(&text);
        assert!(said.contains("error PW000"), "{said}");
    }
    let stairs: String =
        (0..5_000).map(|level| format!("{}a:\n", " ".repeat(level % 3_000))).collect();
    assert!(quick_refusal(&stairs).contains("error PW000"));
}

#[test]
fn a_key_that_stands_twice() {
    assert_eq!(
        refusal(&policy("{fromEntities: [world], fromEntities: [host]}")),
        "p.yaml:9:29: error PW0004: key stands twice: `fromEntities`, hint: keep one of the two"
    );
    let twice = policy("fromEntities: [world]") + "  ingress: [{}]\n";
    assert!(refusal(&twice).contains("PW0004"));
}

#[test]
fn words_that_yaml_takes_for_something_else() {
    for (inside, word) in [
        ("fromEndpoints: [{matchLabels: {app: yes}}]", "yes"),
        ("fromEndpoints: [{matchLabels: {app: 012}}]", "012"),
        ("fromEndpoints: [{matchLabels: {app: 1_000}}]", "1_000"),
        ("fromEndpoints: [{matchLabels: {app: 0o17}}]", "0o17"),
        ("fromEndpoints: [{matchLabels: {app: off}}]", "off"),
        ("fromEndpoints: [{matchLabels: {app: 12e3}}]", "12e3"),
        ("fromEndpoints: [{matchLabels: {app: 1.10}}]", "1.10"),
        ("fromEndpoints: [{matchLabels: {app: ~x}}]", ""),
        ("toPorts: [{ports: [{port: 80}]}]", "80"),
        ("toPorts: [{ports: [{port: 0x50}]}]", "0x50"),
        ("fromEntities: [no]", "no"),
    ] {
        let said = refusal(&policy(inside));
        if word.is_empty() {
            assert!(said.contains("PW0203"), "{said}");
            continue;
        }
        let wanted =
            format!("YAML reads another thing: `{word}`, hint: write \"{word}\" in quotes");
        assert!(said.contains(&wanted), "{said}");
    }
    let text = policy("fromEntities: [world]") + "  enableDefaultDeny: {ingress: yes}\n";
    assert_eq!(
        refusal(&text),
        "p.yaml:10:32: error PW0007: neither true nor false: `yes`, hint: write `true` or `false` without quotes"
    );
    let text = policy("toPorts: [{ports: [{port: \"80\", endPort: 0100}]}]");
    assert!(refusal(&text).contains("not a number from 0 to 65535: `0100`"));
    assert!(refusal(&text.replace("0100", "1_000")).contains("65535: `1_000`"));
}

#[test]
fn characters_that_do_not_show() {
    let said = refusal(&policy("fromEntities: [world]").replace("name: p", "name: p\0"));
    assert!(said.contains("p.yaml:4:10: error PW00"), "{said}");
    for hidden in ["\u{202e}", "\u{2066}", "\u{200b}", "\u{61c}"] {
        let text = policy(&format!("fromEntities: [world] # {hidden} comment"));
        let said = refusal(&text);
        assert!(said.contains("error PW0005: character that does not show: `U+"), "{said}");
        let text = policy("fromEntities: [world]").replace("name: p", &format!("name: p{hidden}"));
        let codes: Vec<&str> = check(&text, "").diagnostics.iter().map(|d| d.code.0).collect();
        assert_eq!(codes, ["PW0105", "PW0005"], "{hidden:?}");
    }
    // An escape keeps it out of sight of the first check, not of the second.
    let said = refusal(&policy("{}").replace("name: p", r#"name: "p\u202e""#));
    assert_eq!(
        said,
        "p.yaml:4:9: error PW0105: not a name: `p\\u{202e}`, hint: up to 253 lower-case letters, digits and dashes"
    );
}

#[test]
fn yaml_that_is_read_in_many_ways() {
    let said = refusal(&policy("fromEntities: !!set [world]"));
    assert!(said.contains("PW0008: tags are not read here"), "{said}");
    let said = refusal(&policy("{<<: {}, fromEntities: [world]}"));
    assert!(said.contains("PW0008: merge keys are not read here"), "{said}");
    assert!(refusal(&format!("%YAML 1.1\n---\n{}", policy("{}"))).contains("PW0002"));
    assert!(refusal(&policy("{? [a, b] : c}")).contains("PW0006"));
}

#[test]
fn shapes_that_do_not_fit() {
    for (inside, said) in [
        ("fromEndpoints: {matchLabels: {app: b}}", "a list is wanted here, not a mapping"),
        ("fromEndpoints: [app]", "a mapping is wanted here, not a single value"),
        ("fromEntities: [[world]]", "a text is wanted here, not a list"),
        ("fromEndpoints: [{matchLabels: [app]}]", "a mapping is wanted here, not a list"),
    ] {
        let refusal = refusal(&policy(inside));
        assert!(refusal.contains(said), "{refusal}");
    }
    for text in ["just a word\n", "- a\n- list\n", "42\n"] {
        assert!(refusal(text).contains("PW0006"), "{text}");
    }
}

#[test]
fn nothing_at_all_is_no_error() {
    for text in ["", "\n\n", "# only a comment\n", "---\n---\n", "\u{feff}", "~\n"] {
        assert_eq!(check(text, "p.yaml"), Checked::default(), "{text:?}");
    }
}

#[test]
fn a_policy_of_100_000_rules() {
    let head = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p}\n\
                spec:\n  endpointSelector: {}\n  egress:\n";
    let rule = |n: u32| format!("  - toCIDR: [10.{}.{}.{}/32]\n", n >> 16, (n >> 8) & 255, n & 255);
    let text: String = std::iter::once(head.to_owned()).chain((0..100_000).map(rule)).collect();
    assert!(text.len() < MAX_BYTES);
    let start = Instant::now();
    let checked = check(&text, "p.yaml");
    assert_eq!(checked.diagnostics, []);
    assert_eq!(checked.policies[0].rules.len(), 100_000);
    assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}", start.elapsed());
}

/// More values than one document may have: said before anything is made of them.
#[test]
fn a_million_rules() {
    let start = Instant::now();
    let said = refusal(&(policy("{}") + &"  - {}\n".repeat(1_000_000)));
    assert!(said.contains("PW0003: too many values in one document"), "{said}");
    assert!(start.elapsed() < Duration::from_secs(60), "it took {:?}", start.elapsed());
}

/// Names that look like others: what is no plain letter is refused wherever a name stands, and
/// nothing of it selects anybody.
#[test]
fn names_that_look_like_others() {
    for lookalike in ["w\u{435}b", "we\u{300}b", "\u{ff57}eb", "we\u{200d}b"] {
        for place in ["name: p", "namespace: d"] {
            let text =
                policy("{}").replace(place, &format!("{}{lookalike}", &place[..place.len() - 1]));
            refusal(&text);
        }
        refusal(&policy(&format!("fromEndpoints: [{{matchLabels: {{app: {lookalike}}}}}]")));
        refusal(&policy(&format!("fromEndpoints: [{{matchLabels: {{{lookalike}: app}}}}]")));
        refusal(&policy(&format!("fromEntities: [{lookalike}]")));
    }
}

#[test]
fn more_mistakes_than_anybody_reads() {
    let text = policy("{}") + &"  - fromEntitie: [world]\n".repeat(10_000);
    let checked = check(&text, "p.yaml");
    assert_eq!(checked.policies, []);
    assert_eq!(checked.diagnostics.len(), 200);
    // Looking for the nearest known word stops where nobody reads it any more.
    let keys: String = (0..200_000).map(|n| format!("    fromEntitie{n}: []\n")).collect();
    quick_refusal(&policy(&format!("a: b\n{keys}")));
    let words = "worldd, ".repeat(200_000);
    quick_refusal(&policy(&format!("fromEntities: [{words}]")));
}

#[test]
fn the_same_policy_twice() {
    let text = format!("{}---\n{}", policy("{}"), policy("{}"));
    let checked = check(&text, "p.yaml");
    assert_eq!(checked.policies.len(), 1);
    assert_eq!(
        checked.diagnostics[0].to_string(),
        "p.yaml:11:1: error PW0106: the same policy stands twice: `CiliumNetworkPolicy/d/p`, hint: one of the two has to go, or to take another name"
    );
}

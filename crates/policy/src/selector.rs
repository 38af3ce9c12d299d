//! Label selectors: from `matchLabels` and `matchExpressions` to requirements.
//!
//! A key may carry its source (`k8s:app`, `reserved:host`). What a selector means beside its own
//! words, the namespace and the cluster that are added to it, stands in `scope.rs`.

use podwall_model::{Cidr, Source};

use crate::diagnostic::{Code, Findings, Span, shown};
use crate::fields::{self, Fields};
use crate::rule::{Requirement, Selector, Test};
use crate::yaml::{Node, Value};

/// Reads a selector. `None` means that it was refused.
pub(crate) fn read(node: &Node, keys: Keys, findings: &mut Findings) -> Option<Selector> {
    let before = findings.errors();
    let mut fields = Fields::of(node, findings)?;
    let mut requirements = Vec::new();
    if let Some(labels) = fields.take("matchLabels") {
        read_match_labels(labels, keys, &mut requirements, findings);
    }
    if let Some(expressions) = fields.take("matchExpressions") {
        for item in fields::items(expressions, findings).into_iter().flatten() {
            requirements.extend(read_expression(item, keys, findings));
        }
    }
    fields.finish(findings);
    (findings.errors() == before).then_some(Selector(requirements))
}

/// How many labels stand under `matchLabels` of a selector that was read.
pub(crate) fn match_labels(node: &Node) -> usize {
    let Value::Map { entries, .. } = &node.value else { return 0 };
    let labels = entries.iter().find(|(key, _)| key.text == "matchLabels");
    match labels.map(|(_, labels)| &labels.value) {
        Some(Value::Map { entries, .. }) => entries.len(),
        Some(_) | None => 0,
    }
}

/// How keys are written in a kind of selector.
#[derive(Clone, Copy)]
pub(crate) enum Keys {
    /// With or without a source; without one, any source is meant (CNP and CCNP).
    Sourced,
    /// As `Sourced`, and labels of nodes may be asked for too (`fromNodes`, `toNodes`).
    OfNodes,
    /// Kubernetes' own labels (NetworkPolicy), given this prefix when they become ours.
    Kubernetes(&'static str),
}

fn read_match_labels(
    node: &Node,
    keys: Keys,
    requirements: &mut Vec<Requirement>,
    findings: &mut Findings,
) {
    let Value::Map { entries, .. } = &node.value else {
        let _ = Fields::of(node, findings);
        return;
    };
    for (key, value) in entries {
        let read = read_key(&key.text, keys, key.span, findings);
        let text = if value.is_null() { Some("") } else { fields::text(value, findings) };
        if let (Some((source, key)), Some(text)) = (read, text)
            && check_value(text, value.span, findings)
        {
            requirements.push(Requirement { source, key, test: Test::In(vec![text.to_owned()]) });
        }
    }
}

fn read_expression(node: &Node, keys: Keys, findings: &mut Findings) -> Option<Requirement> {
    let mut fields = Fields::of(node, findings)?;
    let key = fields.take("key");
    let operator = fields.take("operator");
    let values = fields.take("values");
    let span = fields.span;
    fields.finish(findings);
    let (Some(key), Some(operator)) = (key, operator) else {
        let message = "invalid label selector: `key` and `operator` are both needed";
        findings.error(Code::SELECTOR, span, message);
        return None;
    };
    let (source, key) = read_key(fields::text(key, findings)?, keys, key.span, findings)?;
    let operator_text = fields::text(operator, findings)?;
    let list = match values {
        Some(values) => read_values(values, findings)?,
        None => Vec::new(),
    };
    let test = match (operator_text, list.is_empty()) {
        ("In", false) => Test::In(list),
        ("NotIn", false) => Test::NotIn(list),
        ("Exists", true) => Test::Exists,
        ("DoesNotExist", true) => Test::Absent,
        ("In" | "NotIn", true) => {
            let message = format!("invalid label selector: `{operator_text}` needs values");
            findings.error(Code::SELECTOR, span, message);
            return None;
        }
        ("Exists" | "DoesNotExist", false) => {
            let message = format!("invalid label selector: `{operator_text}` takes no values");
            findings.error(Code::SELECTOR, span, message);
            return None;
        }
        (other, _) => {
            findings.error_with(
                Code::SELECTOR,
                operator.span,
                format!("invalid label selector: `{}` is not an operator", shown(other)),
                "write In, NotIn, Exists or DoesNotExist",
            );
            return None;
        }
    };
    Some(Requirement { source, key, test })
}

fn read_values(node: &Node, findings: &mut Findings) -> Option<Vec<String>> {
    let mut values = Vec::new();
    for item in fields::items(node, findings)? {
        let text = fields::text(item, findings)?;
        if !check_value(text, item.span, findings) {
            return None;
        }
        values.push(text.to_owned());
    }
    values.sort();
    values.dedup();
    Some(values)
}

fn read_key(
    text: &str,
    keys: Keys,
    span: Span,
    findings: &mut Findings,
) -> Option<(Option<Source>, String)> {
    let (prefix, key) = match keys {
        Keys::Kubernetes(prefix) => {
            check_key(text, span, findings)?;
            let key = if prefix.is_empty() { text.to_owned() } else { format!("{prefix}.{text}") };
            return Some((Some(Source::K8s), key));
        }
        Keys::Sourced | Keys::OfNodes => text.split_once(':').unwrap_or(("any", text)),
    };
    if prefix == "any" {
        check_key(key, span, findings)?;
        return Some((None, key.to_owned()));
    }
    let Some(source) = Source::from_prefix(prefix) else {
        findings.error_with(
            Code::SELECTOR,
            span,
            format!("invalid label selector: unknown label source: `{}`", shown(prefix)),
            "write k8s:, any:, reserved:, cidr:, container: or unspec:, or no source for any",
        );
        return None;
    };
    match source {
        Source::Node if matches!(keys, Keys::OfNodes) => {
            check_key(key, span, findings)?;
            Some((Some(source), key.to_owned()))
        }
        Source::Cidr => Some((Some(source), read_cidr_key(key, span, findings)?)),
        Source::Fqdn | Source::CidrGroup | Source::Node => {
            fields::unsupported(&format!("{prefix}: labels"), span, findings);
            None
        }
        Source::K8s | Source::Reserved | Source::Container | Source::Unspec => {
            check_key(key, span, findings)?;
            Some((Some(source), key.to_owned()))
        }
    }
}

/// `10.0.0.0/8`, or an IPv6 range, with dashes where a label key cannot hold colons.
fn read_cidr_key(key: &str, span: Span, findings: &mut Findings) -> Option<String> {
    let text = if key.contains('.') { key.to_owned() } else { key.replace('-', ":") };
    match text.parse::<Cidr>() {
        Ok(cidr) => Some(cidr.to_string()),
        Err(error) => {
            findings.error(Code::CIDR, span, error.to_string());
            None
        }
    }
}

/// The key syntax of Kubernetes labels: an optional DNS prefix, a slash, a name of up to 63.
fn check_key(key: &str, span: Span, findings: &mut Findings) -> Option<()> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let prefix_fits = prefix.is_none_or(|p| {
        !p.is_empty()
            && p.len() <= 253
            && p.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
    });
    let name_fits = !name.is_empty() && name.len() <= 63 && is_label_word(name);
    if prefix_fits && name_fits {
        return Some(());
    }
    findings.error_with(
        Code::SELECTOR,
        span,
        format!("invalid label selector: not a label key: `{}`", shown(key)),
        "letters, digits, `-`, `_` and `.`, with an optional `prefix/`",
    );
    None
}

fn check_value(value: &str, span: Span, findings: &mut Findings) -> bool {
    let fits = value.is_empty() || (value.len() <= 63 && is_label_word(value));
    if !fits {
        findings.error_with(
            Code::SELECTOR,
            span,
            format!("invalid label selector: not a label value: `{}`", shown(value)),
            "at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
        );
    }
    fits
}

fn is_label_word(word: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let outer = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = word.as_bytes();
    bytes.iter().all(|b| inner(*b)) && outer(bytes.first()) && outer(bytes.last())
}

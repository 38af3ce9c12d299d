//! Reading a mapping field by field: what is asked for is known, what is left over is not.
//!
//! The list of known fields is the code that reads them, so the two cannot drift. Everything is
//! strict: what YAML readers take for two different things is refused with what to write instead.

use crate::diagnostic::{Code, Findings, Span, shown};
use crate::yaml::{Key, Node, Value};

/// A mapping whose fields are being taken out.
pub(crate) struct Fields<'node> {
    pub(crate) span: Span,
    entries: &'node [(Key, Node)],
    asked: Vec<&'static str>,
}

impl<'node> Fields<'node> {
    /// The fields of a mapping; anything else is an error.
    pub(crate) fn of(node: &'node Node, findings: &mut Findings) -> Option<Fields<'node>> {
        match &node.value {
            Value::Map { entries, .. } => {
                Some(Fields { span: node.span, entries, asked: Vec::new() })
            }
            Value::Scalar { .. } | Value::List(_) => {
                wrong_shape(node, "a mapping", findings);
                None
            }
        }
    }

    /// Takes one field. Null counts as absent, as in Kubernetes.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'node Node> {
        self.asked.push(name);
        let (_, node) = self.entries.iter().find(|(key, _)| key.text == name)?;
        (!node.is_null()).then_some(node)
    }

    /// Refuses fields that the language has and that are not acted on yet; an empty list of such
    /// asks for nothing.
    pub(crate) fn refuse(&mut self, names: &[&'static str], findings: &mut Findings) {
        for &name in names {
            self.asked.push(name);
            let Some((key, node)) = self.entries.iter().find(|(key, _)| key.text == name) else {
                continue;
            };
            if !node.is_null() && !is_empty_list(node) {
                unsupported(name, key.span, findings);
            }
        }
    }

    /// Lets fields pass that say nothing about traffic.
    pub(crate) fn ignore(&mut self, names: &[&'static str]) {
        self.asked.extend_from_slice(names);
    }

    /// Every field that nobody asked for is unknown.
    pub(crate) fn finish(self, findings: &mut Findings) {
        for (key, _) in self.entries {
            if self.asked.contains(&key.text.as_str()) || key.text == "<<" {
                continue;
            }
            let message = format!("unknown field: `{}`", shown(&key.text));
            let near = if findings.is_full() { None } else { nearest(&key.text, &self.asked) };
            match near {
                Some(near) => {
                    let help = format!("the nearest known field is `{near}`");
                    findings.error_with(Code::UNKNOWN_FIELD, key.span, message, help);
                }
                None => findings.error(Code::UNKNOWN_FIELD, key.span, message),
            }
        }
    }
}

/// Says that a field is understood and not acted on.
pub(crate) fn unsupported(name: &str, span: Span, findings: &mut Findings) {
    findings.error_with(
        Code::UNSUPPORTED,
        span,
        format!("field is not supported yet: `{name}`"),
        "the document is refused as a whole, so that no part of it is in force without the other",
    );
}

/// The items of a list.
pub(crate) fn items<'node>(node: &'node Node, findings: &mut Findings) -> Option<&'node [Node]> {
    match &node.value {
        Value::List(items) => Some(items),
        Value::Scalar { .. } | Value::Map { .. } => {
            wrong_shape(node, "a list", findings);
            None
        }
    }
}

/// Whether it is a list without items.
pub(crate) fn is_empty_list(node: &Node) -> bool {
    matches!(&node.value, Value::List(items) if items.is_empty())
}

/// A text; a bare word that YAML takes for a number, a truth or nothing must be quoted.
pub(crate) fn text<'node>(node: &'node Node, findings: &mut Findings) -> Option<&'node str> {
    let Value::Scalar { text, plain } = &node.value else {
        wrong_shape(node, "a text", findings);
        return None;
    };
    if *plain && is_not_text(text) {
        findings.error_with(
            Code::VALUE,
            node.span,
            format!("a text is wanted, and YAML reads another thing: `{}`", shown(text)),
            format!("write \"{}\" in quotes", shown(text)),
        );
        return None;
    }
    Some(text)
}

/// `true` or `false`, and nothing that merely looks like it.
pub(crate) fn flag(node: &Node, findings: &mut Findings) -> Option<bool> {
    match &node.value {
        Value::Scalar { text, plain: true } if text == "true" => Some(true),
        Value::Scalar { text, plain: true } if text == "false" => Some(false),
        Value::Scalar { text, .. } => {
            findings.error_with(
                Code::VALUE,
                node.span,
                format!("neither true nor false: `{}`", shown(text)),
                "write `true` or `false` without quotes",
            );
            None
        }
        Value::List(_) | Value::Map { .. } => {
            wrong_shape(node, "`true` or `false`", findings);
            None
        }
    }
}

/// A whole number from 0 to `most`, in plain decimal.
pub(crate) fn number(node: &Node, most: u32, findings: &mut Findings) -> Option<u32> {
    let Value::Scalar { text, plain } = &node.value else {
        wrong_shape(node, "a number", findings);
        return None;
    };
    match decimal(text).filter(|number| *plain && *number <= most) {
        Some(number) => Some(number),
        None => {
            findings.error_with(
                Code::VALUE,
                node.span,
                format!("not a number from 0 to {most}: `{}`", shown(text)),
                "write it in decimal, without quotes and without a leading zero",
            );
            None
        }
    }
}

/// A text that may also stand there as a bare number.
pub(crate) fn text_or_number<'node>(
    node: &'node Node,
    findings: &mut Findings,
) -> Option<&'node str> {
    match &node.value {
        Value::Scalar { text, .. } if decimal(text).is_some() => Some(text),
        Value::Scalar { .. } | Value::List(_) | Value::Map { .. } => self::text(node, findings),
    }
}

/// A plain decimal number; `010`, `+1` and `1_0` are none.
pub(crate) fn decimal(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (text.len() == 1 || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

fn wrong_shape(node: &Node, wanted: &str, findings: &mut Findings) {
    let found = match &node.value {
        Value::Scalar { .. } => "a single value",
        Value::List(_) => "a list",
        Value::Map { .. } => "a mapping",
    };
    findings.error(Code::SHAPE, node.span, format!("{wanted} is wanted here, not {found}"));
}

/// What the YAML readers around Kubernetes take a bare word for, 1.1 and 1.2 together.
fn is_not_text(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let words = ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let unsigned = lower.trim_start_matches(['-', '+']).replace('_', "");
    let based = ["0x", "0o", "0b"].iter().any(|base| unsigned.starts_with(base));
    words.contains(&lower.as_str())
        || [".inf", ".nan"].contains(&unsigned.as_str())
        || (based && unsigned[2..].bytes().all(|byte| byte.is_ascii_hexdigit()))
        || (unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && unsigned.parse::<f64>().is_ok())
}

/// The known word that is the fewest edits away, if it is near at all.
pub(crate) fn nearest<'words>(word: &str, known: &[&'words str]) -> Option<&'words str> {
    let limit = word.len().div_ceil(3).clamp(1, 4);
    known
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The number of single edits between two words, case aside.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.to_lowercase().chars().take(100).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_words_that_yaml_reads_as_something_else_are_not_text() {
        for word in ["yes", "No", "on", "y", "012", "0x1F", "1e3", "1_000", "~", "", "true", ".5"] {
            assert!(is_not_text(word), "{word}");
        }
        for word in ["web", "10.0.0.1", "10.0.0.0/8", "v1", "fd00::/8", "e3", "yes-man", "1.2.3"] {
            assert!(!is_not_text(word), "{word}");
        }
    }

    #[test]
    fn the_nearest_word_is_found_only_when_near() {
        let known = ["fromEndpoints", "fromEntities", "toPorts"];
        assert_eq!(nearest("fromEndpoint", &known), Some("fromEndpoints"));
        assert_eq!(nearest("topords", &known), Some("toPorts"));
        assert_eq!(nearest("xyz", &known), None);
    }
}

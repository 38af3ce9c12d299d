//! Patterns that mean something else than they look like: dots that stand for any character, shell
//! wildcards in regular expressions, regular expressions in name patterns.

use podwall_policy::yaml::{Node, Value};

use super::element::{Element, Sheet, field, items, scalar};
use super::mend::{Edit, Mend};
use super::{Desk, Finding, catalog};

/// Regular expressions of HTTP rules, and patterns of names.
pub(super) fn patterns(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    for sheet in &desk.sheets {
        for element in sheet.elements() {
            for request in element.requests("http") {
                found.extend(field(request, "host").and_then(|node| host(desk, sheet, node)));
                found.extend(field(request, "path").and_then(|node| path(desk, sheet, node)));
            }
            for node in name_patterns(element) {
                found.extend(name_pattern(desk, sheet, node));
            }
        }
    }
}

fn name_patterns<'a>(element: &Element<'a>) -> Vec<&'a Node> {
    let names = field(element.node, "toFQDNs").map(items).unwrap_or_default();
    let requests = element.requests("dns").into_iter();
    requests.chain(names).filter_map(|entry| field(entry, "matchPattern")).collect()
}

fn host(desk: &Desk<'_>, sheet: &Sheet<'_>, node: &Node) -> Option<Finding> {
    let text = scalar(node)?;
    if text.starts_with("*.") {
        let message = format!("a shell wildcard where a regular expression is read: `{text}`");
        let help = format!("write `[^.]+{}`", text[1..].replace('.', "\\."));
        return Some(desk.find(sheet, catalog::PATTERN, node.span, (message, help)));
    }
    let is_name = text.contains('.')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    is_name.then(|| dots(desk, sheet, node, text))
}

fn path(desk: &Desk<'_>, sheet: &Sheet<'_>, node: &Node) -> Option<Finding> {
    let text = scalar(node)?;
    let find = |message: String, help: String| {
        Some(desk.find(sheet, catalog::PATTERN, node.span, (message, help)))
    };
    if let Some(front) = text.strip_suffix("/*") {
        return find(
            format!(
                "a shell wildcard where a regular expression is read: `{text}` repeats the slash"
            ),
            format!("for all below it write `{front}/.*`"),
        );
    }
    let literal =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/' | b'.' | b'%');
    if text.len() > 1 && text.ends_with('/') && text.bytes().all(literal) {
        return find(
            format!("the expression is the whole path: `{text}` matches nothing below it"),
            format!("for all below it write `{text}.*`"),
        );
    }
    let has_dot = text.contains('.') && text.bytes().all(literal);
    has_dot.then(|| dots(desk, sheet, node, text))
}

/// A literal text whose dots match any character.
fn dots(desk: &Desk<'_>, sheet: &Sheet<'_>, node: &Node, text: &str) -> Finding {
    let escaped = text.replace('.', "\\.");
    let message = format!("a dot matches any character: `{text}`");
    let help = format!("write `{escaped}`");
    let finding = desk.find(sheet, catalog::PATTERN, node.span, (message, help));
    Finding { mend: escape(sheet, node), ..finding }
}

/// Every dot with a backslash, in the way its quotes want one.
fn escape(sheet: &Sheet<'_>, node: &Node) -> Option<Mend> {
    let Value::Scalar { text, .. } = &node.value else { return None };
    let written = sheet.text.get(node.bytes.clone())?;
    let (quote, inner) = match written.chars().next()? {
        quote @ ('"' | '\'') => (Some(quote), written.strip_prefix(quote)?.strip_suffix(quote)?),
        _ => (None, written),
    };
    // Written in another way than it reads (folded, escaped): left to a person.
    if inner != text {
        return None;
    }
    let dot = if quote == Some('"') { "\\\\." } else { "\\." };
    let quote = quote.map(String::from).unwrap_or_default();
    let text = format!("{quote}{}{quote}", inner.replace('.', dot));
    Some(Mend {
        title: "put a backslash before each dot".to_owned(),
        edits: vec![Edit::replace(&node.bytes, text)],
    })
}

fn name_pattern(desk: &Desk<'_>, sheet: &Sheet<'_>, node: &Node) -> Option<Finding> {
    let text = scalar(node)?;
    let regex = text.contains("\\.")
        || text.contains(".*") && !text.ends_with(".*")
        || text.contains('[')
        || text.starts_with('^')
        || text.ends_with('$');
    regex.then(|| {
        let message = format!("a regular expression where a pattern of names is read: `{text}`");
        let help = "a star is the only wildcard, and a dot is a dot: `*.example.com`";
        desk.find(sheet, catalog::PATTERN, node.span, (message, help))
    })
}

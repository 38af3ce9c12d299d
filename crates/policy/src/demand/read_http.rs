//! Reading HTTP rules.

use super::read::read_secret;
use super::{HeaderMatch, HeaderTest, HttpRule, Mismatch};
use crate::diagnostic::{Code, Findings, shown};
use crate::fields::{self, Fields};
use crate::re2::Pattern;
use crate::yaml::Node;

/// Reads one item of an `http` list.
pub(super) fn read(node: &Node, findings: &mut Findings) -> Option<HttpRule> {
    let mut fields = Fields::of(node, findings)?;
    let [method, path, host] = ["method", "path", "host"].map(|name| fields.take(name));
    let headers = fields.take("headers");
    let header_matches = fields.take("headerMatches");
    fields.finish(findings);
    Some(HttpRule {
        method: read_pattern(method, findings)?,
        path: read_pattern(path, findings)?,
        host: read_pattern(host, findings)?,
        headers: read_all(headers, findings, read_header)?,
        header_matches: read_all(header_matches, findings, read_match)?,
    })
}

fn read_all<T>(
    node: Option<&Node>,
    findings: &mut Findings,
    read: impl Fn(&Node, &mut Findings) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(node) = node else { return Some(Vec::new()) };
    let items = fields::items(node, findings)?;
    let read: Vec<T> = items.iter().filter_map(|item| read(item, findings)).collect();
    (read.len() == items.len()).then_some(read)
}

/// An expression; an empty one asks for nothing.
fn read_pattern(node: Option<&Node>, findings: &mut Findings) -> Option<Option<Pattern>> {
    let Some(node) = node else { return Some(None) };
    let text = fields::text(node, findings)?;
    if text.is_empty() {
        return Some(None);
    }
    match Pattern::new(text) {
        Ok(pattern) => Some(Some(pattern)),
        Err(error) => {
            let message = format!("error parsing regexp: {}", shown(&error.to_string()));
            let help = "RE2 syntax, for the whole text; a letter that is a sign takes a backslash";
            findings.error_with(Code::EXPRESSION, node.span, message, help);
            None
        }
    }
}

/// `"X-Key: value"`, or `"X-Key"` for any value.
fn read_header(node: &Node, findings: &mut Findings) -> Option<HeaderTest> {
    let text = fields::text(node, findings)?;
    let (name, value) = match text.split_once(' ') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let name = match value {
        Some(_) => name.strip_suffix(':').unwrap_or(name),
        None => name,
    };
    let plain = name.strip_prefix(':').unwrap_or(name);
    if value.is_none() && plain.contains(':') {
        let message =
            format!("the header matches nothing: no header has this name: `{}`", shown(name));
        let help = "a space parts the name from the value, as in \"X-Key: value\"";
        findings.warn(Code::MATCHES_NOTHING, node.span, message, help);
    } else if !is_header_name(plain) {
        let message = format!("not a header's name: `{}`", shown(name));
        findings.error(Code::HEADER, node.span, message);
        return None;
    }
    Some(HeaderTest { name: name.to_ascii_lowercase(), value: value.map(str::to_owned) })
}

fn read_match(node: &Node, findings: &mut Findings) -> Option<HeaderMatch> {
    let mut fields = Fields::of(node, findings)?;
    let [mismatch, name, value] = ["mismatch", "name", "value"].map(|name| fields.take(name));
    let secret = fields.take("secret");
    fields.finish(findings);
    let name = match name {
        Some(node) => fields::text(node, findings)?.to_ascii_lowercase(),
        None => String::new(),
    };
    if name.is_empty() {
        findings.error(Code::HEADER, node.span, "Header name missing");
        return None;
    }
    // What the server takes for its own request is not ours to change.
    if !is_header_name(&name) || name == "host" {
        let message = format!("not a header that can be acted on: `{}`", shown(&name));
        findings.error(Code::HEADER, node.span, message);
        return None;
    }
    let value = match value {
        Some(node) => fields::text(node, findings)?.to_owned(),
        None => String::new(),
    };
    let mismatch = match mismatch {
        None => Mismatch::Fail,
        Some(node) => match fields::text(node, findings)? {
            "" => Mismatch::Fail,
            "LOG" => Mismatch::Log,
            "ADD" => Mismatch::Add,
            "DELETE" => Mismatch::Delete,
            "REPLACE" => Mismatch::Replace,
            other => {
                let message = format!("Invalid header action: {}", shown(other));
                let help = "LOG, ADD, DELETE or REPLACE; left out, the rule does not fit";
                findings.error_with(Code::HEADER, node.span, message, help);
                return None;
            }
        },
    };
    let secret = match secret {
        Some(node) => Some(read_secret(node, findings)?),
        None => None,
    };
    Some(HeaderMatch { name, value, secret, mismatch })
}

/// A token of RFC 9110.
fn is_header_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

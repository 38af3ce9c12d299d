//! Writing a policy's mode into its text: one annotation changes, every other byte stays.
//!
//! The text is edited at the places that the reader reports, and the result is read again before it
//! is given back: a text that would mean anything else than wanted is never returned.

use std::fmt;
use std::ops::Range;

use podwall_model::{Mode, PolicyId};

use crate::diagnostic::Findings;
use crate::document::{MODE_ANNOTATION, check};
use crate::yaml::{self, Key, Node, Value};

/// Why a text was left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetModeError {
    /// The text has no document of this policy that can be read.
    NoSuchPolicy(PolicyId),
    /// The annotation cannot be written at its place without touching another.
    Layout(PolicyId),
}

impl fmt::Display for SetModeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetModeError::NoSuchPolicy(id) => {
                write!(f, "no document of this policy can be read: `{id}`, hint: check the file")
            }
            SetModeError::Layout(id) => write!(
                f,
                "the annotation cannot be written without touching other lines: `{id}`, hint: \
                 write `annotations: {{{MODE_ANNOTATION}: detect}}` under `metadata` by hand"
            ),
        }
    }
}

impl std::error::Error for SetModeError {}

/// The text with this policy's mode; `None` takes the annotation away.
pub fn set_mode(text: &str, id: &PolicyId, mode: Option<Mode>) -> Result<String, SetModeError> {
    let before = check(text, "");
    let Some(policy) = before.policies.iter().find(|policy| policy.id == *id) else {
        return Err(SetModeError::NoSuchPolicy(id.clone()));
    };
    if policy.mode == mode {
        return Ok(text.to_owned());
    }
    let layout = || SetModeError::Layout(id.clone());
    let trees = yaml::read(text, &mut Findings::of(""));
    let metadata = trees
        .iter()
        .filter_map(|tree| tree.root.as_ref())
        .filter(|root| is_document_of(root, id))
        .find_map(|root| root.entry("metadata"))
        .map(|(_, metadata)| metadata)
        .ok_or_else(layout)?;
    let edit = plan(text, metadata, mode).ok_or_else(layout)?;
    let mut edited = text.to_owned();
    edited.replace_range(edit.range, &edit.text);
    let mut wanted = before.policies;
    for policy in wanted.iter_mut().filter(|policy| policy.id == *id) {
        policy.mode = mode;
    }
    if check(&edited, "").policies == wanted { Ok(edited) } else { Err(layout()) }
}

fn is_document_of(root: &Node, id: &PolicyId) -> bool {
    let Some((_, metadata)) = root.entry("metadata") else { return false };
    let word = |node: &Node, key: &str| {
        node.entry(key).and_then(|(_, node)| match &node.value {
            Value::Scalar { text, .. } if !node.is_null() => Some(text.clone()),
            Value::Scalar { .. } | Value::List(_) | Value::Map { .. } => None,
        })
    };
    let named = || word(metadata, "namespace").unwrap_or_else(|| "default".to_owned());
    let namespace = id.kind.is_namespaced().then(named);
    word(root, "kind").as_deref() == Some(id.kind.name())
        && word(metadata, "name").as_ref() == Some(&id.name)
        && namespace == id.namespace
}

/// One replacement of bytes.
struct Edit {
    range: Range<usize>,
    text: String,
}

impl Edit {
    fn insert(at: usize, text: String) -> Option<Edit> {
        Some(Edit { range: at..at, text })
    }
}

fn plan(text: &str, metadata: &Node, mode: Option<Mode>) -> Option<Edit> {
    let annotations = metadata.entry("annotations");
    let own = annotations.and_then(|(_, node)| node.entry(MODE_ANNOTATION));
    match (mode, own, annotations) {
        (Some(mode), Some((key, value)), _) => replace_value(key, value, mode),
        (Some(mode), None, Some((key, node))) if node.is_null() => {
            let colon = text.get(key.bytes.end..)?.find(':')? + key.bytes.end + 1;
            // An empty value has no bytes of its own; `~` and `null` have.
            let word = text.get(node.bytes.clone()).filter(|word| !word.trim().is_empty());
            let end = word.map_or(colon, |_| node.bytes.end);
            Some(Edit {
                range: colon..end,
                text: format!(" {{{MODE_ANNOTATION}: {}}}", quoted(mode)),
            })
        }
        (Some(mode), None, Some((_, node))) => add_entry(text, node, mode),
        (Some(mode), None, None) => add_annotations(text, metadata, mode),
        (None, Some((key, value)), Some((outer, annotations))) => {
            remove_entry(text, (outer, annotations), (key, value))
        }
        (None, _, _) => None,
    }
}

/// `off` is a truth value to older YAML readers, and an annotation must be a text.
fn quoted(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "\"off\"",
        Mode::Detect => "detect",
        Mode::Enforce => "enforce",
    }
}

fn replace_value(key: &Key, value: &Node, mode: Mode) -> Option<Edit> {
    let follows = value.bytes.start > key.bytes.end;
    follows.then(|| Edit { range: value.bytes.clone(), text: quoted(mode).to_owned() })
}

/// Into annotations that are there, in front of the first.
fn add_entry(text: &str, annotations: &Node, mode: Mode) -> Option<Edit> {
    let Value::Map { entries, block } = &annotations.value else { return None };
    let first = entries.first().map(|(key, _)| key);
    if !block {
        let comma = if first.is_some() { ", " } else { "" };
        let entry = format!("\"{MODE_ANNOTATION}\": \"{mode}\"{comma}");
        return Edit::insert(after_brace(text, annotations)?, entry);
    }
    let first = first.filter(|key| key.bytes.start >= annotations.bytes.start)?;
    let (start, indent) = line_of(text, first.bytes.start)?;
    let newline = newline_of(text);
    Edit::insert(start, format!("{indent}{MODE_ANNOTATION}: {}{newline}", quoted(mode)))
}

/// Where there are none yet: behind the policy's name.
fn add_annotations(text: &str, metadata: &Node, mode: Mode) -> Option<Edit> {
    let Value::Map { block, .. } = &metadata.value else { return None };
    if !block {
        let entry = format!("\"annotations\": {{\"{MODE_ANNOTATION}\": \"{mode}\"}}, ");
        return Edit::insert(after_brace(text, metadata)?, entry);
    }
    let (key, value) = metadata.entry("name")?;
    if key.bytes.start < metadata.bytes.start || value.bytes.start < key.bytes.end {
        return None;
    }
    let (_, indent) = line_of(text, key.bytes.start)?;
    let newline = newline_of(text);
    let lines = format!(
        "{indent}annotations:{newline}{indent}  {MODE_ANNOTATION}: {}{newline}",
        quoted(mode)
    );
    match text[value.bytes.end..].find('\n') {
        Some(offset) => Edit::insert(value.bytes.end + offset + 1, lines),
        None => Edit::insert(text.len(), format!("{newline}{lines}")),
    }
}

fn remove_entry(
    text: &str,
    (outer, annotations): (&Key, &Node),
    (key, value): (&Key, &Node),
) -> Option<Edit> {
    let Value::Map { entries, block } = &annotations.value else { return None };
    if value.bytes.start < key.bytes.end {
        return None;
    }
    if !block {
        return remove_from_flow(text, key.bytes.start..value.bytes.end);
    }
    let (start, _) = line_of(text, key.bytes.start)?;
    let end = end_of_line(text, value.bytes.end);
    if entries.len() > 1 {
        return Some(Edit { range: start..end, text: String::new() });
    }
    // The last one takes the mapping with it, unless something is written between the two.
    let (outer_start, _) = line_of(text, outer.bytes.start)?;
    let between = text.get(outer.bytes.end..start)?;
    if between.trim() == ":" {
        return Some(Edit { range: outer_start..end, text: String::new() });
    }
    let colon = between.find(':')? + outer.bytes.end + 1;
    let kept = text.get(colon..start)?;
    Some(Edit { range: colon..end, text: format!(" {{}}{kept}") })
}

/// One entry of a `{...}`, with the comma that parted it from its neighbour.
fn remove_from_flow(text: &str, entry: Range<usize>) -> Option<Edit> {
    let behind = text.get(entry.end..)?;
    let behind_spaces = behind.trim_start_matches([' ', '"', '\'']);
    if let Some(rest) = behind_spaces.strip_prefix(',') {
        let end = text.len() - rest.trim_start_matches(' ').len();
        return Some(Edit { range: entry.start..end, text: String::new() });
    }
    let before = text.get(..entry.start)?.trim_end();
    let start = before.strip_suffix(',').map_or(entry.start, str::len);
    Some(Edit { range: start..entry.end, text: String::new() })
}

fn after_brace(text: &str, node: &Node) -> Option<usize> {
    let start = node.bytes.start;
    text.get(start..)?.starts_with('{').then_some(start + 1)
}

/// The start of the line that a key begins, and the blanks before the key.
fn line_of(text: &str, key: usize) -> Option<(usize, &str)> {
    let start = text.get(..key)?.rfind('\n').map_or(0, |newline| newline + 1);
    let indent = &text[start..key];
    indent.bytes().all(|byte| byte == b' ').then_some((start, indent))
}

fn end_of_line(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |offset| from + offset + 1)
}

fn newline_of(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

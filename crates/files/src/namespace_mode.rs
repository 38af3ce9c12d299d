//! Writing a namespace's mode into the text of a workload file, with all else kept as it is.

use podwall_model::Mode;
use serde::Deserialize;
use serde_saphyr::Spanned;
use thiserror::Error;

use crate::world::{WorldError, parse_world};

/// Why the text was not changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModeError {
    /// The text is no workload file.
    #[error("the workload file cannot be read: {0}")]
    Unreadable(#[source] WorldError),
    /// It does not name the namespace.
    #[error(
        "no such namespace in the workload file: `{0}`, hint: add `- name: {0}` under `namespaces:`"
    )]
    Unknown(String),
    /// The place was not understood well enough to change nothing else.
    #[error("unable to change only the mode of namespace: `{0}`, hint: write its `mode:` by hand")]
    Odd(String),
}

#[derive(Deserialize)]
struct Places {
    #[serde(default)]
    namespaces: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    name: Spanned<String>,
    mode: Option<Spanned<String>>,
}

/// The text with `mode` given to the namespace.
pub fn set_namespace_mode(text: &str, namespace: &str, mode: Mode) -> Result<String, ModeError> {
    let mut wanted = parse_world(text).map_err(ModeError::Unreadable)?;
    let unknown = || ModeError::Unknown(namespace.to_owned());
    let odd = || ModeError::Odd(namespace.to_owned());
    let options = serde_saphyr::options! { with_snippet: false };
    let places: Places =
        serde_saphyr::from_str_with_options(text, options).map_err(|_| unknown())?;
    let mut places = places.namespaces.iter();
    let place = places.find(|place| place.name.value == namespace).ok_or_else(unknown)?;
    let changed = match &place.mode {
        Some(old) => put(text, old, &mode.to_string()),
        None => insert(text, &place.name, mode),
    }
    .ok_or_else(odd)?;
    // Whatever was written, the file must now say the same as before but for this mode.
    let entry = wanted.world.namespaces.iter_mut().find(|entry| entry.name == namespace);
    entry.ok_or_else(unknown)?.mode = Some(mode);
    match parse_world(&changed) {
        Ok(read) if read == wanted => Ok(changed),
        Ok(_) | Err(_) => Err(odd()),
    }
}

fn range(value: &Spanned<String>) -> Option<std::ops::Range<usize>> {
    let span = value.referenced.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let length = usize::try_from(span.byte_len()?).ok()?;
    Some(start..start + length)
}

fn put(text: &str, old: &Spanned<String>, new: &str) -> Option<String> {
    let at = range(old)?;
    Some([text.get(..at.start)?, new, text.get(at.end..)?].concat())
}

/// After the name: on the same line within braces, on one of its own with the same indent else.
fn insert(text: &str, name: &Spanned<String>, mode: Mode) -> Option<String> {
    let at = range(name)?;
    let line_start = text.get(..at.start)?.rfind('\n').map_or(0, |end| end + 1);
    let before = text.get(line_start..at.start)?;
    let key = before.rfind("name")?;
    let flow = before.get(..key)?.contains('{');
    if flow {
        return Some([&text[..at.end], &format!(", mode: {mode}"), text.get(at.end..)?].concat());
    }
    let line_end = text.get(at.end..)?.find('\n').map_or(text.len(), |end| at.end + end);
    let indent = " ".repeat(before.get(..key)?.chars().count());
    Some([&text[..line_end], &format!("\n{indent}mode: {mode}"), &text[line_end..]].concat())
}

//! Mends: changes of a text that are certain, byte by byte, so that comments and everything else
//! stay as they are.

use std::ops::Range;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where what is replaced ends.
    pub end: usize,
    /// What stands there afterwards.
    pub text: String,
}

impl Edit {
    /// These bytes, replaced.
    pub(super) fn replace(bytes: &Range<usize>, text: impl Into<String>) -> Edit {
        Edit { start: bytes.start, end: bytes.end, text: text.into() }
    }
}

/// How to mend a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    /// What is done, as an order.
    pub title: String,
    /// The changes; none overlaps another.
    pub edits: Vec<Edit>,
}

/// A text with these mends made; also how many were. One that would touch what another changed is
/// left for the next time.
pub fn mended<'m>(text: &str, mends: impl IntoIterator<Item = &'m Mend>) -> (String, usize) {
    let mut taken: Vec<&Edit> = Vec::new();
    let mut made = 0;
    for mend in mends {
        let fits = |edit: &&Edit| text.get(edit.start..edit.end).is_some();
        let clashes = |edit: &Edit| {
            taken.iter().any(|other| edit.start < other.end && other.start < edit.end)
                || taken.iter().any(|other| edit.start == other.start)
        };
        if mend.edits.iter().all(|edit| fits(&edit) && !clashes(edit)) {
            taken.extend(&mend.edits);
            made += 1;
        }
    }
    taken.sort();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in taken {
        out.push_str(&text[at..edit.start]);
        out.push_str(&edit.text);
        at = edit.end;
    }
    out.push_str(&text[at..]);
    (out, made)
}

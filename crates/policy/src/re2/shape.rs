//! What every text that matches an expression looks like: the texts themselves, where they are
//! few and plain, else how they begin and end. Indexes look expressions up by it.

use regex_syntax::hir::{Hir, HirKind};

/// The most texts that are listed for one expression.
const MAX_TEXTS: usize = 32;

/// What is known of the texts that match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// All of them, where they are few.
    pub(crate) texts: Option<Vec<String>>,
    /// How each begins.
    pub(crate) prefix: String,
    /// How each ends.
    pub(crate) suffix: String,
}

impl Shape {
    pub(super) fn of(hir: &Hir) -> Shape {
        let mut prefix = Vec::new();
        front(hir, &mut prefix);
        let mut suffix = Vec::new();
        back(hir, &mut suffix);
        suffix.reverse();
        // What is cut inside a letter of several bytes is of no use.
        let prefix = String::from_utf8(prefix).unwrap_or_default();
        let suffix = String::from_utf8(suffix).unwrap_or_default();
        Shape { texts: texts(hir), prefix, suffix }
    }
}

fn text(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Empty => Some(String::new()),
        HirKind::Literal(literal) => String::from_utf8(literal.0.to_vec()).ok(),
        _ => None,
    }
}

fn texts(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Alternation(branches) if branches.len() <= MAX_TEXTS => {
            branches.iter().map(text).collect()
        }
        _ => text(hir).map(|text| vec![text]),
    }
}

/// Adds what every match begins with; true if that is all of it.
fn front(hir: &Hir, found: &mut Vec<u8>) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            found.extend_from_slice(&literal.0);
            true
        }
        HirKind::Concat(parts) => parts.iter().all(|part| front(part, found)),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            front(&repetition.sub, found);
            false
        }
        HirKind::Capture(capture) => front(&capture.sub, found),
        HirKind::Class(_) | HirKind::Repetition(_) | HirKind::Alternation(_) => false,
    }
}

/// Adds what every match ends with, backwards; true if that is all of it.
fn back(hir: &Hir, found: &mut Vec<u8>) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            found.extend(literal.0.iter().rev());
            true
        }
        HirKind::Concat(parts) => parts.iter().rev().all(|part| back(part, found)),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            back(&repetition.sub, found);
            false
        }
        HirKind::Capture(capture) => back(&capture.sub, found),
        HirKind::Class(_) | HirKind::Repetition(_) | HirKind::Alternation(_) => false,
    }
}

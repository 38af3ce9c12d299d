//! Where an answer is read from: rows of one kind, or sums of whole chunks with finer ones at the
//! edges of the time.

use std::collections::BTreeSet;

use crate::archive::{Kind, TIERS};
use crate::question::{By, Question, Series};

/// Where an answer is read from.
pub(super) enum Source {
    /// Sums of whole chunks; where a chunk lies only partly in the time, those of a finer tier.
    Sums(Kind),
    /// Rows of one kind.
    Rows(Kind, Vec<String>),
    /// All rows of a kind that begin so.
    Prefixed(Kind, Vec<String>),
}

/// A part of the time, and what it is read from.
pub(super) struct Piece {
    /// Which tier.
    pub(super) place: usize,
    pub(super) kind: Kind,
    pub(super) span: (u64, u64),
}

/// What a question is answered from.
pub(super) fn source(question: &Question) -> Source {
    let scope = &question.scope;
    if scope.reason == Some(podwall_model::Reason::DefaultDeny) && scope.policies.is_empty() {
        return Source::Rows(Kind::Denied, vec![String::new()]);
    }
    if !scope.workloads.is_empty() {
        return Source::Rows(Kind::Workload, scope.workloads.clone());
    }
    let by_policy = match question.by {
        None | Some(By::Policy | By::Rule | By::Direction) => true,
        Some(By::Namespace | By::Workload | By::Side) => false,
    };
    let any = scope.namespaces.is_empty() && scope.reason.is_none();
    if !scope.policies.is_empty() && by_policy && any {
        return Source::Rows(Kind::Policy, scope.policies.clone());
    }
    if scope.policies.is_empty() && scope.reason.is_none() {
        match (question.by, question.series) {
            (None | Some(By::Namespace | By::Direction), _) => {
                return Source::Rows(Kind::Namespaces, vec![String::new()]);
            }
            (Some(By::Workload | By::Side), Series::SumsAlone) => {
                return Source::Sums(Kind::WorkloadSums);
            }
            (Some(By::Policy), Series::SumsAlone) if any => {
                return Source::Sums(Kind::PolicySums);
            }
            (Some(By::Workload | By::Side | By::Policy | By::Rule), _) => {}
        }
    }
    let prefixes: BTreeSet<String> =
        scope.namespaces.iter().map(|namespace| format!("{namespace}/")).collect();
    let prefixes = if prefixes.is_empty() { vec![String::new()] } else { Vec::from_iter(prefixes) };
    Source::Prefixed(Kind::Workload, prefixes)
}

/// The time in pieces. Rows are read from one tier.
pub(super) fn pieces(source: &Source, place: usize, span: (u64, u64), newest: u64) -> Vec<Piece> {
    let mut found = Vec::new();
    match source {
        Source::Rows(kind, _) | Source::Prefixed(kind, _) => {
            found.push(Piece { place, kind: *kind, span });
        }
        Source::Sums(kind) => sums(*kind, place, span, newest, &mut found),
    }
    found
}

/// Whole chunks by their sums; what is left at both edges from the next finer tier, as far as it
/// reaches back, else in full.
fn sums(kind: Kind, place: usize, (since, until): (u64, u64), newest: u64, found: &mut Vec<Piece>) {
    if since >= until {
        return;
    }
    let chunk = TIERS[place].chunk_ms;
    let (first, last) = (since.next_multiple_of(chunk), until / chunk * chunk);
    let mut edges = vec![(since, until)];
    if first < last {
        found.push(Piece { place, kind, span: (first, last) });
        edges = vec![(since, first), (last, until)];
    }
    for edge in edges.into_iter().filter(|edge| edge.0 < edge.1) {
        match place.checked_sub(1) {
            Some(finer) if newest.saturating_sub(edge.0) <= TIERS[finer].kept_ms => {
                sums(kind, finer, edge, newest, found);
            }
            _ => found.push(Piece { place, kind: in_full(kind), span: edge }),
        }
    }
}

/// The rows that sums are made of.
fn in_full(kind: Kind) -> Kind {
    match kind {
        Kind::PolicySums | Kind::Policy => Kind::Policy,
        Kind::Cover | Kind::Namespaces | Kind::WorkloadSums | Kind::Workload | Kind::Denied => {
            Kind::Workload
        }
    }
}

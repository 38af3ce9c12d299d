//! From what the kernel has and what is wanted to the writes in between, in their order.
//!
//! After each write of a plan every packet is judged by the old or by the new, never by a mixture:
//! names come before numbers that use them, tables before slots, addresses when both ends of their
//! move are known, and what is left over goes last, after a grace period. Pure: nothing is written.

mod assign;
mod draft;
mod endpoints;
mod images;
mod retire;
#[cfg(test)]
mod tests;
mod usage;

use std::collections::{BTreeMap, BTreeSet};

use podwall_model::WorkloadName;
use podwall_policy::table::IdentityNumber;

use crate::mirror::Mirror;
use crate::moves::{self, Move};
use crate::settings::Capacity;
use crate::wanted::{ClassId, Wanted};
use crate::write::Write;

use assign::Assignment;
use draft::Draft;

pub use usage::TooLarge;

/// Why there is no way from what the kernel has to what is wanted.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A map is too small.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A workload is of a class that has no tables.
    #[error("no tables for the class of a workload: `{workload}` is of class {}", .class.0)]
    UnknownClass {
        /// The workload.
        workload: WorkloadName,
        /// Its class.
        class: ClassId,
    },
}

/// The writes that lead from the kernel's state to the wanted one.
pub(crate) fn plan(
    kernel: &Mirror,
    wanted: &Wanted,
    capacity: &Capacity,
) -> Result<Vec<Write>, PlanError> {
    for endpoint in &wanted.endpoints {
        if !wanted.classes.contains_key(&endpoint.class) {
            let workload = endpoint.workload.clone();
            return Err(PlanError::UnknownClass { workload, class: endpoint.class });
        }
    }
    let mut draft = Draft::new(kernel, wanted);
    draft.name_identities();
    let images = images::translate(&mut draft);
    let assignment = assign::assign(&mut draft, &images);
    let moves = Moves::sort(&draft, &assignment);
    assignment.patch_kept(&mut draft);
    assignment.extend_replaced(&mut draft, &moves.before);
    assignment.write_fresh(&mut draft, &moves.after);
    let endpoints = endpoints::Endpoints::sort(&draft, &assignment);
    endpoints.prepare(&mut draft, capacity);
    draft.carry_out(&moves.before);
    endpoints.switch(&mut draft);
    draft.carry_out(&moves.after);
    endpoints.bump(&mut draft, &moves);
    draft.write_services();
    endpoints.remove(&mut draft, capacity);
    retire::retire(&mut draft, &assignment);
    draft.finish(capacity)
}

/// Moves of addresses, by when they are made.
pub(crate) struct Moves {
    /// While slots still name the old tables, which have learnt the new identities.
    pub(crate) before: Vec<Move>,
    /// When slots name the new tables, which still know the old identities.
    pub(crate) after: Vec<Move>,
}

impl Moves {
    /// An identity that is new and stands for addresses that the old tables cannot tell apart is
    /// taught to them, and its addresses move first. All others move when the new tables are in
    /// force, which know where they come from. Both are exact; where neither is, because an
    /// address goes over to an identity that others have, it is one change after the other.
    fn sort(draft: &Draft<'_>, assignment: &Assignment) -> Moves {
        let moves = moves::moves(draft.kernel, draft.wanted);
        let reached = moves::reached(&draft.kernel.addresses, &draft.kernel.networks);
        let replaced = assignment.replaced(draft);
        let mut torn: BTreeSet<IdentityNumber> = BTreeSet::new();
        let mut first_of = BTreeMap::new();
        for step in &moves {
            let first = *first_of.entry(step.to).or_insert(step.from);
            let told = || replaced.iter().any(|table| table.tells(first, step.from));
            if moves::is_reserved(step.to) || reached.contains(&step.to) || told() {
                torn.insert(step.to);
            }
        }
        let early = |step: &Move| replaced.is_empty() || !torn.contains(&step.to);
        let (before, after) = moves.into_iter().partition(early);
        Moves { before, after }
    }

    /// The pairs of identities that addresses move between.
    fn pairs<'a>(
        moves: impl Iterator<Item = &'a Move>,
    ) -> BTreeSet<(IdentityNumber, IdentityNumber)> {
        moves.map(|step| (step.from, step.to)).filter(|(from, to)| from != to).collect()
    }
}

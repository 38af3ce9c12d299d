//! From what the kernel has and what is wanted to the writes in between, in their order.
//!
//! After each write of a plan every packet is judged by the old or by the new, never by a mixture:
//! names come before numbers that use them, tables before slots, addresses over a bridge where both
//! ends of their move are not known at once, and what is left over goes last, after a grace
//! period. Pure: nothing is written.

mod assign;
mod draft;
mod endpoints;
mod images;
mod passage;
mod retire;
#[cfg(test)]
mod tests;
mod usage;

use podwall_model::WorkloadName;

use crate::mirror::Mirror;
use crate::moves;
use crate::settings::Capacity;
use crate::wanted::{ClassId, Wanted};
use crate::write::Write;

use draft::Draft;
use passage::Passage;

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
    let mut assignment = assign::assign(&mut draft, &images);
    let passage = Passage::choose(&draft, &mut assignment, moves::moves(kernel, wanted));
    assignment.patch_kept(&mut draft, &passage.bridges());
    assignment.extend_replaced(&mut draft, &passage.taught());
    assignment.write_fresh(&mut draft, &passage.bridges());
    let endpoints = endpoints::Endpoints::sort(&draft, &assignment);
    endpoints.prepare(&mut draft, capacity);
    passage.begin(&mut draft);
    endpoints.switch(&mut draft);
    passage.end(&mut draft);
    endpoints.bump(&mut draft, &passage.pairs());
    draft.write_services();
    endpoints.attach(&mut draft);
    endpoints.remove(&mut draft, capacity);
    retire::retire(&mut draft, &assignment);
    draft.finish(capacity)
}

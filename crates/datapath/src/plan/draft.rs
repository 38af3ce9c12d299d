//! A plan in the making: the writes so far, and what the kernel will hold after them.

use std::collections::HashMap;
use std::sync::Arc;

use podwall_model::WorkloadName;

use crate::mirror::{Mirror, Slot};
use crate::settings::Capacity;
use crate::wanted::{Endpoint, Wanted};
use crate::write::Write;

use super::PlanError;
use super::usage::Usage;

/// The writes so far.
pub(super) struct Draft<'a> {
    /// What the kernel has.
    pub(super) kernel: &'a Mirror,
    /// What is wanted.
    pub(super) wanted: &'a Wanted,
    /// What the kernel will have.
    pub(super) mirror: Mirror,
    writes: Vec<Write>,
    peak: Usage,
    slots: HashMap<(&'a WorkloadName, u32), u32>,
}

impl<'a> Draft<'a> {
    /// No write yet.
    pub(super) fn new(kernel: &'a Mirror, wanted: &'a Wanted) -> Draft<'a> {
        let mut mirror = kernel.clone();
        mirror.steps.forget_unnamed();
        mirror.backends.forget_unnamed();
        let peak = Usage::of(&mirror);
        let named = kernel.slots.iter().filter(|(_, slot)| slot.interface != 0);
        let slots = named.map(|(number, slot)| ((&slot.workload, slot.interface), *number));
        Draft { kernel, wanted, mirror, writes: Vec::new(), peak, slots: slots.collect() }
    }

    /// The slot that serves an endpoint now.
    pub(super) fn slot_of(&self, endpoint: &Endpoint) -> Option<(u32, &'a Slot)> {
        let number = self.slots.get(&(&endpoint.workload, endpoint.interface))?;
        Some((*number, &self.kernel.slots[number]))
    }

    /// One more write.
    pub(super) fn write(&mut self, write: Write) {
        self.mirror.note(&write);
        self.peak = self.peak.max(Usage::of(&self.mirror));
        self.writes.push(write);
    }

    /// Names what is not named yet.
    pub(super) fn name_identities(&mut self) {
        for (number, text) in &self.wanted.identities {
            if self.mirror.identities.get(number) != Some(text) {
                self.write(Write::NameIdentity { number: *number, text: text.clone() });
            }
        }
    }

    /// Leads services to their backends, and forgets those that have gone.
    pub(super) fn write_services(&mut self) {
        let wanted = self.wanted;
        for (frontend, backends) in &wanted.services {
            let span = match self.mirror.backends.find(backends) {
                Some(span) => span,
                None => {
                    let count = u32::try_from(backends.len()).expect("backends fit in memory");
                    let span = self.mirror.backends.place(count);
                    let backends = Arc::from(backends.as_slice());
                    self.write(Write::Backends { span, backends });
                    span
                }
            };
            if self.mirror.services.get(frontend) != Some(&span) {
                self.write(Write::Service { frontend: *frontend, span });
            }
        }
        for frontend in self.kernel.services.keys() {
            if !wanted.services.contains_key(frontend) {
                self.write(Write::DropService { frontend: *frontend });
            }
        }
    }

    /// The next generation; 0 is never given, since it says that a slot is not ready.
    pub(super) fn next_generation(&self) -> u32 {
        const LAST: u32 = (1 << 24) - 1;
        if self.mirror.generation >= LAST { 1 } else { self.mirror.generation + 1 }
    }

    /// The plan, if all of it fits.
    pub(super) fn finish(self, capacity: &Capacity) -> Result<Vec<Write>, PlanError> {
        self.peak.check(capacity)?;
        Ok(self.writes)
    }
}

//! Which wanted table goes under which number: one that the kernel has, or a fresh one.
//!
//! A table of the kernel goes on where it says the same of every identity that addresses lead to
//! before and after; identities that nothing leads to yet get their rows in place. Everything else
//! is a fresh table, whole before any slot names it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use podwall_model::Direction;
use podwall_policy::table::{IdentityNumber, Table};

use crate::mirror::{TableImage, half};
use crate::moves::{self, Move};
use crate::span::Span;
use crate::wanted::{ClassTables, Endpoint};
use crate::write::{HalfHead, RowPlace, Word, Write};

use super::draft::Draft;
use super::images::Images;

/// Which table has which number.
pub(super) struct Assignment {
    numbers: HashMap<*const Table, u32>,
    /// Tables of the kernel that go on, as they shall be.
    kept: BTreeMap<u32, TableImage>,
    /// Tables to be written.
    fresh: BTreeMap<u32, TableImage>,
    /// What addresses lead to now.
    reached_now: BTreeSet<IdentityNumber>,
    /// What addresses shall lead to.
    reached_then: BTreeSet<IdentityNumber>,
}

/// Gives every wanted table a number.
pub(super) fn assign(draft: &mut Draft<'_>, images: &Images) -> Assignment {
    let wanted = draft.wanted;
    let mut assignment = Assignment {
        numbers: HashMap::new(),
        kept: BTreeMap::new(),
        fresh: BTreeMap::new(),
        reached_now: moves::reached(&draft.kernel.addresses, &draft.kernel.networks),
        reached_then: moves::reached(&wanted.addresses, &wanted.networks),
    };
    let mut by_heads: HashMap<[HalfHead; 2], Vec<u32>> = HashMap::new();
    for (number, table) in &draft.kernel.tables {
        by_heads.entry(table.heads).or_default().push(*number);
    }
    let mut by_content: HashMap<&TableImage, u32> = HashMap::new();
    for endpoint in &wanted.endpoints {
        let ClassTables { enforce, both } = &wanted.classes[&endpoint.class];
        let word = word_now(draft, endpoint);
        for (table, now) in [(enforce, word.enforce), (both, word.both)] {
            let pointer = Arc::as_ptr(table);
            if assignment.numbers.contains_key(&pointer) {
                continue;
            }
            let image = &images[&pointer];
            let number = by_content.get(image).copied().unwrap_or_else(|| {
                let alike = by_heads.get(&image.heads).map_or(&[][..], Vec::as_slice);
                assignment.choose(draft, image, [now].into_iter().chain(alike.iter().copied()))
            });
            by_content.insert(image, number);
            assignment.numbers.insert(pointer, number);
        }
    }
    assignment
}

/// The word of the slot that serves this endpoint now, all zero where none does.
fn word_now(draft: &Draft<'_>, endpoint: &Endpoint) -> Word {
    let serves = |slot: &&crate::mirror::Slot| {
        slot.interface == endpoint.interface && slot.workload == endpoint.workload
    };
    draft.kernel.slots.values().find(serves).map(|slot| slot.word).unwrap_or_default()
}

impl Assignment {
    /// The number of a wanted table.
    pub(super) fn number(&self, table: &Arc<Table>) -> u32 {
        self.numbers[&Arc::as_ptr(table)]
    }

    /// Whether a table of the kernel goes on.
    pub(super) fn is_used(&self, number: u32) -> bool {
        self.kept.contains_key(&number) || self.fresh.contains_key(&number)
    }

    /// The rows that a table in use shall have.
    pub(super) fn wanted_rows(
        &self,
        number: u32,
        direction: Direction,
    ) -> Option<&BTreeMap<IdentityNumber, Span>> {
        let image = self.kept.get(&number).or_else(|| self.fresh.get(&number))?;
        Some(&image.rows[half(direction)])
    }

    /// Whether addresses lead to an identity now that nothing shall lead to.
    pub(super) fn is_leaving(&self, identity: IdentityNumber) -> bool {
        !moves::is_reserved(identity)
            && self.reached_now.contains(&identity)
            && !self.reached_then.contains(&identity)
    }

    fn choose(
        &mut self,
        draft: &Draft<'_>,
        image: &TableImage,
        candidates: impl Iterator<Item = u32>,
    ) -> u32 {
        for number in candidates {
            let Some(table) = draft.kernel.tables.get(&number) else { continue };
            if !self.kept.contains_key(&number) && self.goes_on(table, image) {
                self.kept.insert(number, image.clone());
                return number;
            }
        }
        let taken =
            |number: &u32| draft.kernel.tables.contains_key(number) || self.is_used(*number);
        let number = (1..).find(|number| !taken(number)).expect("tables fit in memory");
        self.fresh.insert(number, image.clone());
        number
    }

    /// Whether a table says the same as wanted of all identities that packets can meet throughout.
    fn goes_on(&self, table: &TableImage, image: &TableImage) -> bool {
        let met = |identity: &IdentityNumber| {
            moves::is_reserved(*identity)
                || (self.reached_now.contains(identity) && self.reached_then.contains(identity))
        };
        table.heads == image.heads
            && Direction::BOTH.iter().all(|direction| {
                let half = half(*direction);
                let mut named = table.rows[half].keys().chain(image.rows[half].keys());
                named.all(|identity| {
                    !met(identity)
                        || table.row(*direction, *identity) == image.row(*direction, *identity)
                })
            })
    }

    /// Gives tables that go on the rows of identities that nothing leads to yet.
    pub(super) fn patch_kept(&self, draft: &mut Draft<'_>) {
        for (number, image) in &self.kept {
            let table = Arc::clone(&draft.kernel.tables[number]);
            for direction in Direction::BOTH {
                let half = half(direction);
                let place = |peer| RowPlace { table: *number, direction, peer };
                for (peer, span) in &image.rows[half] {
                    if table.rows[half].get(peer) != Some(span) {
                        draft.write(Write::Row { place: place(*peer), span: *span });
                    }
                }
                for peer in table.rows[half].keys() {
                    if !image.rows[half].contains_key(peer) && !self.reached_now.contains(peer) {
                        draft.write(Write::DropRow { place: place(*peer) });
                    }
                }
            }
        }
    }

    /// The tables that slots name now and that do not go on.
    pub(super) fn replaced<'k>(&self, draft: &Draft<'k>) -> Vec<&'k Arc<TableImage>> {
        self.replaced_numbers(draft)
            .into_iter()
            .map(|number| &draft.kernel.tables[&number])
            .collect()
    }

    fn replaced_numbers(&self, draft: &Draft<'_>) -> Vec<u32> {
        let known = |number: &u32| draft.kernel.tables.contains_key(number);
        let named = draft.kernel.named_tables().into_iter().filter(known);
        named.filter(|number| !self.kept.contains_key(number)).collect()
    }

    /// Teaches tables that will be replaced the identities that addresses move to before that:
    /// they say of them what they said of the addresses.
    pub(super) fn extend_replaced(&self, draft: &mut Draft<'_>, before: &[Move]) {
        let origin: BTreeMap<IdentityNumber, IdentityNumber> =
            before.iter().rev().map(|step| (step.to, step.from)).collect();
        for number in self.replaced_numbers(draft) {
            let table = Arc::clone(&draft.kernel.tables[&number]);
            for (to, from) in &origin {
                for direction in Direction::BOTH {
                    let span = table.row(direction, *from);
                    if table.row(direction, *to) != span {
                        let place = RowPlace { table: number, direction, peer: *to };
                        draft.write(Write::Row { place, span });
                    }
                }
            }
        }
    }

    /// Writes fresh tables. Of identities that addresses leave only when these tables are in
    /// force, they say what they say of where the addresses go.
    pub(super) fn write_fresh(&self, draft: &mut Draft<'_>, after: &[Move]) {
        let target: BTreeMap<IdentityNumber, IdentityNumber> =
            after.iter().rev().map(|step| (step.from, step.to)).collect();
        for (number, image) in &self.fresh {
            for direction in Direction::BOTH {
                let mut rows: BTreeMap<IdentityNumber, Span> = image.rows[half(direction)].clone();
                for (from, to) in target.iter().filter(|(from, _)| self.is_leaving(**from)) {
                    rows.insert(*from, image.row(direction, *to));
                }
                for (peer, span) in rows {
                    let place = RowPlace { table: *number, direction, peer };
                    draft.write(Write::Row { place, span });
                }
            }
            draft.write(Write::Head { table: *number, halves: image.heads });
        }
    }
}

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
use super::passage::Alias;

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
    /// Of each wanted endpoint its slot's word now, all zero without one, and its wanted tables.
    endpoints: Vec<(Word, [*const Table; 2])>,
}

/// When those who stay with a table part from those who leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Where identities appear that mean something else to the two.
    WhereIdentitiesAppear,
    /// Where any address moves that does.
    WhereAnythingMoves,
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
        endpoints: wanted.endpoints.iter().map(|endpoint| place(draft, endpoint)).collect(),
    };
    let mut by_heads: HashMap<[HalfHead; 2], Vec<u32>> = HashMap::new();
    for (number, table) in &draft.kernel.tables {
        by_heads.entry(table.heads).or_default().push(*number);
    }
    let mut by_content: HashMap<&TableImage, u32> = HashMap::new();
    for (word, tables) in assignment.endpoints.clone() {
        for (table, now) in tables.into_iter().zip([word.enforce, word.both]) {
            if assignment.numbers.contains_key(&table) {
                continue;
            }
            let image = &images[&table];
            let number = by_content.get(image).copied().unwrap_or_else(|| {
                let alike = by_heads.get(&image.heads).map_or(&[][..], Vec::as_slice);
                assignment.choose(draft, image, [now].into_iter().chain(alike.iter().copied()))
            });
            by_content.insert(image, number);
            assignment.numbers.insert(table, number);
        }
    }
    assignment
}

fn place(draft: &Draft<'_>, endpoint: &Endpoint) -> (Word, [*const Table; 2]) {
    let ClassTables { enforce, both } = &draft.wanted.classes[&endpoint.class];
    let word = draft.slot_of(endpoint).map(|(_, slot)| slot.word).unwrap_or_default();
    (word, [Arc::as_ptr(enforce), Arc::as_ptr(both)])
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

    /// A fresh table under a number that nothing has.
    fn begin(&mut self, draft: &Draft<'_>, image: TableImage) -> u32 {
        let taken =
            |number: &u32| draft.kernel.tables.contains_key(number) || self.is_used(*number);
        let number = (1..).find(|number| !taken(number)).expect("tables fit in memory");
        self.fresh.insert(number, image);
        number
    }

    /// A slot that is about to be switched meets in a table that goes on what moves to where it
    /// will be, as those mean it who stay. Where that is not what the table said before, those who
    /// stay get a fresh one, and are switched as well.
    pub(super) fn part(&mut self, draft: &Draft<'_>, moves: &[Move], part: Part) {
        let met: Vec<&Move> = moves
            .iter()
            .filter(|step| match part {
                Part::WhereIdentitiesAppear => !self.reached_now.contains(&step.to),
                Part::WhereAnythingMoves => true,
            })
            .collect();
        let means_else = |number: &u32, image: &TableImage| {
            let table = &draft.kernel.tables[number];
            met.iter().any(|step| {
                let differs = |direction: &Direction| {
                    table.row(*direction, step.from) != image.row(*direction, step.to)
                };
                Direction::BOTH.iter().any(differs)
            })
        };
        let torn = |this: &Assignment| {
            let mut kept = this.kept.iter();
            let found = kept.find(|(number, image)| {
                this.is_switched_away(**number) && means_else(number, image)
            });
            found.map(|(number, _)| *number)
        };
        while let Some(number) = torn(self) {
            let image = self.kept.remove(&number).expect("it was kept");
            let fresh = self.begin(draft, image);
            for given in self.numbers.values_mut().filter(|given| **given == number) {
                *given = fresh;
            }
        }
    }

    /// Whether an endpoint that has this table now will have others, be it in one place of two.
    fn is_switched_away(&self, number: u32) -> bool {
        self.endpoints.iter().any(|(now, tables)| {
            (now.enforce == number || now.both == number)
                && [now.enforce, now.both] != tables.map(|table| self.numbers[&table])
        })
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
    pub(super) fn patch_kept(&self, draft: &mut Draft<'_>, bridges: &[Alias]) {
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
            write_bridges(draft, *number, image, bridges);
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
    pub(super) fn extend_replaced(&self, draft: &mut Draft<'_>, taught: &[Alias]) {
        for number in self.replaced_numbers(draft) {
            let table = Arc::clone(&draft.kernel.tables[&number]);
            for alias in taught {
                for direction in Direction::BOTH {
                    let span = table.row(direction, alias.from);
                    if table.row(direction, alias.number) != span {
                        let place = RowPlace { table: number, direction, peer: alias.number };
                        draft.write(Write::Row { place, span });
                    }
                }
            }
        }
    }

    /// Writes fresh tables, whole.
    pub(super) fn write_fresh(&self, draft: &mut Draft<'_>, bridges: &[Alias]) {
        for (number, image) in &self.fresh {
            for direction in Direction::BOTH {
                for (peer, span) in &image.rows[half(direction)] {
                    let place = RowPlace { table: *number, direction, peer: *peer };
                    draft.write(Write::Row { place, span: *span });
                }
            }
            write_bridges(draft, *number, image, bridges);
            draft.write(Write::Head { table: *number, halves: image.heads });
        }
    }
}

/// A table says of bridges what it says of where they lead.
fn write_bridges(draft: &mut Draft<'_>, number: u32, image: &TableImage, bridges: &[Alias]) {
    for alias in bridges {
        for direction in Direction::BOTH {
            let span = image.row(direction, alias.to);
            if span != image.heads[half(direction)].fallback {
                let place = RowPlace { table: number, direction, peer: alias.number };
                draft.write(Write::Row { place, span });
            }
        }
    }
}

//! How addresses get from the identities they have to those they shall have, while tables change.
//!
//! Tables that are replaced know what addresses were, fresh ones what they will be. If identities
//! that appear can be taught to the old tables, addresses move first and slots are switched then.
//! Else each move goes over a bridge: an identity for this one change, which means to old tables
//! where the address comes from and to fresh ones where it goes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use podwall_policy::table::IdentityNumber;

use crate::mirror::TableImage;
use crate::moves::{self, Move};
use crate::write::Write;

use super::assign::{Assignment, Part};
use super::draft::Draft;

/// Bridges have numbers from here on, far above all that a node gives itself. They have no names.
const FIRST_BRIDGE: IdentityNumber = IdentityNumber(0xff00_0000);

/// An identity that stands for addresses in the middle of their move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alias {
    /// The identity in the middle.
    pub(super) number: IdentityNumber,
    /// What the addresses are.
    pub(super) from: IdentityNumber,
    /// What they will be.
    pub(super) to: IdentityNumber,
}

/// The moves of one change, and how they are made.
pub(super) struct Passage {
    moves: Vec<Move>,
    way: Way,
}

enum Way {
    /// Addresses move, then slots are switched.
    Straight,
    /// Addresses move onto bridges, slots are switched, addresses move off them.
    Bridges(BTreeMap<(IdentityNumber, IdentityNumber), IdentityNumber>),
}

impl Passage {
    /// Chooses the way that is exact after each write, with as few tables rewritten as can be.
    pub(super) fn choose(
        draft: &Draft<'_>,
        assignment: &mut Assignment,
        moves: Vec<Move>,
    ) -> Passage {
        assignment.part(draft, &moves, Part::WhereIdentitiesAppear);
        if is_straight(draft, assignment, &moves) {
            return Passage { moves, way: Way::Straight };
        }
        assignment.part(draft, &moves, Part::WhereAnythingMoves);
        let mut number = first_free(draft);
        let mut bridges = BTreeMap::new();
        for step in &moves {
            bridges.entry((step.from, step.to)).or_insert_with(|| {
                number.0 += 1;
                number
            });
        }
        Passage { moves, way: Way::Bridges(bridges) }
    }

    /// What replaced tables must learn before any address moves.
    pub(super) fn taught(&self) -> Vec<Alias> {
        match &self.way {
            Way::Straight => {
                let to: BTreeMap<_, _> =
                    self.moves.iter().rev().map(|step| (step.to, step.from)).collect();
                to.into_iter().map(|(to, from)| Alias { number: to, from, to }).collect()
            }
            Way::Bridges(_) => self.bridges(),
        }
    }

    /// What all other tables must know while slots are switched.
    pub(super) fn bridges(&self) -> Vec<Alias> {
        match &self.way {
            Way::Straight => Vec::new(),
            Way::Bridges(bridges) => bridges
                .iter()
                .map(|((from, to), number)| Alias { number: *number, from: *from, to: *to })
                .collect(),
        }
    }

    /// Moves addresses before slots are switched.
    pub(super) fn begin(&self, draft: &mut Draft<'_>) {
        for step in &self.moves {
            let write = match &self.way {
                Way::Straight => step.write.clone(),
                Way::Bridges(bridges) => onto(&step.write, bridges[&(step.from, step.to)]),
            };
            draft.write(write);
        }
    }

    /// Moves addresses when slots are switched.
    pub(super) fn end(&self, draft: &mut Draft<'_>) {
        match &self.way {
            Way::Straight => {}
            Way::Bridges(_) => self.moves.iter().for_each(|step| draft.write(step.write.clone())),
        }
    }

    /// The pairs of identities that addresses move between.
    pub(super) fn pairs(&self) -> BTreeSet<(IdentityNumber, IdentityNumber)> {
        let pairs = self.moves.iter().map(|step| (step.from, step.to));
        pairs.filter(|(from, to)| from != to).collect()
    }
}

/// Whether each move leads to an identity that is new, and that each replaced table can say of what
/// it said of all addresses that move there.
fn is_straight(draft: &Draft<'_>, assignment: &Assignment, moves: &[Move]) -> bool {
    let replaced: Vec<&Arc<TableImage>> = assignment.replaced(draft);
    if replaced.is_empty() {
        return true;
    }
    let reached = moves::reached(&draft.kernel.addresses, &draft.kernel.networks);
    let mut first_of = BTreeMap::new();
    moves.iter().all(|step| {
        let first = *first_of.entry(step.to).or_insert(step.from);
        !moves::is_reserved(step.to)
            && !reached.contains(&step.to)
            && !replaced.iter().any(|table| table.tells(first, step.from))
    })
}

/// A bridge's number below which the kernel may hold others, of a change that was broken off.
fn first_free(draft: &Draft<'_>) -> IdentityNumber {
    let reached = draft.kernel.addresses.values().chain(draft.kernel.networks.values()).max();
    let known = draft.kernel.tables.values();
    let rows = known.flat_map(|table| table.rows.iter().filter_map(|rows| rows.keys().next_back()));
    rows.chain(reached).copied().max().unwrap_or(FIRST_BRIDGE).max(FIRST_BRIDGE)
}

/// The write that leads an entry over its bridge; what shall go stays until it is over.
fn onto(write: &Write, bridge: IdentityNumber) -> Write {
    match write {
        Write::Address { address, .. } | Write::DropAddress { address } => {
            Write::Address { address: *address, identity: bridge }
        }
        Write::Network { cidr, .. } | Write::DropNetwork { cidr } => {
            Write::Network { cidr: *cidr, identity: bridge }
        }
        other => unreachable!("not a move: `{other:?}`"),
    }
}

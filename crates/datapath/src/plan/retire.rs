//! What nobody needs any more: tables that no slot names, rows of identities that have gone.

use std::sync::Arc;

use podwall_model::Direction;

use crate::mirror::half;
use crate::write::{RowPlace, Write};

use super::assign::Assignment;
use super::draft::Draft;

/// Takes away what is left over, each thing after a grace period since packets last met it.
pub(super) fn retire(draft: &mut Draft<'_>, assignment: &Assignment) {
    let unused: Vec<u32> =
        draft.mirror.tables.keys().copied().filter(|number| !assignment.is_used(*number)).collect();
    let leaving = leaving_rows(draft, assignment);
    let unsettled = unused.iter().any(|number| !draft.mirror.settled.contains(number));
    // Elements of a hash are used again at once: nobody may be reading them when they go.
    if unsettled || !leaving.is_empty() {
        draft.write(Write::Grace);
    }
    for number in unused {
        drop_table(draft, number);
    }
    for place in leaving {
        draft.write(Write::DropRow { place });
    }
    if draft.mirror.steps.is_waiting() || draft.mirror.backends.is_waiting() {
        draft.write(Write::Grace);
    }
}

fn drop_table(draft: &mut Draft<'_>, number: u32) {
    let table = Arc::clone(&draft.mirror.tables[&number]);
    for direction in Direction::BOTH {
        for peer in table.rows[half(direction)].keys() {
            draft.write(Write::DropRow {
                place: RowPlace { table: number, direction, peer: *peer },
            });
        }
    }
    draft.write(Write::DropHead { table: number });
}

/// Rows of tables in use whose identities no address leads to any more.
fn leaving_rows(draft: &Draft<'_>, assignment: &Assignment) -> Vec<RowPlace> {
    let mut places = Vec::new();
    for (number, table) in &draft.mirror.tables {
        for direction in Direction::BOTH {
            let Some(wanted) = assignment.wanted_rows(*number, direction) else { continue };
            let peers = table.rows[half(direction)].keys().copied();
            let leaving = peers.filter(|peer| !wanted.contains_key(peer));
            places.extend(leaving.map(|peer| RowPlace { table: *number, direction, peer }));
        }
    }
    places
}

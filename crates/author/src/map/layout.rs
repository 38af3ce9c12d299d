//! Where the places of a map are drawn: in columns from clients to servers, those of a namespace
//! together, in an order that crosses few lines.

use super::Map;

/// A place's spot: the column, and the row in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) column: usize,
    pub(super) row: usize,
}

/// How often the order of rows is improved from each side.
const SWEEPS: usize = 6;

/// A spot for each place that some link touches; `None` for the others.
pub(super) fn spots(map: &Map) -> Vec<Option<Spot>> {
    let columns = columns(map);
    let last = columns.iter().flatten().copied().max().unwrap_or_default();
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); last + 1];
    for (at, column) in columns.iter().enumerate() {
        rows[column.unwrap_or_default()].extend(column.map(|_| at));
    }
    for sweep in 0..SWEEPS {
        let order: Vec<usize> = match sweep % 2 {
            0 => (0..rows.len()).collect(),
            _ => (0..rows.len()).rev().collect(),
        };
        for column in order {
            let heights = heights(&rows, map.places.len());
            let mut list = std::mem::take(&mut rows[column]);
            let middle = |at: usize| centre(map, at, &heights);
            let namespace = |at: usize| map.places[at].place.namespace.clone();
            // A namespace stands where its places want to stand on the whole.
            let wish = |at: usize| {
                let own = list.iter().filter(|other| namespace(**other) == namespace(at));
                let wishes: Vec<usize> = own.map(|other| middle(*other)).collect();
                wishes.iter().sum::<usize>() / wishes.len().max(1)
            };
            let keys: Vec<_> =
                list.iter().map(|at| (wish(*at), namespace(*at), middle(*at))).collect();
            let mut keyed: Vec<_> = keys.into_iter().zip(list.iter().copied()).collect();
            keyed.sort();
            list = keyed.into_iter().map(|(_, at)| at).collect();
            rows[column] = list;
        }
    }
    let mut spots = vec![None; map.places.len()];
    for (column, list) in rows.iter().enumerate() {
        for (row, at) in list.iter().enumerate() {
            spots[*at] = Some(Spot { column, row });
        }
    }
    spots
}

/// How high each place stands, in thousandths of its column.
fn heights(rows: &[Vec<usize>], places: usize) -> Vec<usize> {
    let mut heights = vec![500; places];
    for list in rows {
        for (row, at) in list.iter().enumerate() {
            heights[*at] = (2 * row + 1) * 500 / list.len();
        }
    }
    heights
}

fn centre(map: &Map, at: usize, heights: &[usize]) -> usize {
    let beside = map.links.iter().filter_map(|link| match (link.from == at, link.to == at) {
        (true, false) => Some(heights[link.to]),
        (false, true) => Some(heights[link.from]),
        (true, true) | (false, false) => None,
    });
    let beside: Vec<usize> = beside.collect();
    if beside.is_empty() { heights[at] } else { beside.iter().sum::<usize>() / beside.len() }
}

/// The column of each place: one more than its farthest client, without the links that close a
/// circle.
fn columns(map: &Map) -> Vec<Option<usize>> {
    let count = map.places.len();
    let mut servers: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut clients = vec![0; count];
    let mut touched = vec![false; count];
    for link in map.links.iter().filter(|link| link.from != link.to) {
        servers[link.from].push(link.to);
        clients[link.to] += 1;
        touched[link.from] = true;
        touched[link.to] = true;
    }
    for link in map.links.iter().filter(|link| link.from == link.to) {
        touched[link.from] = true;
    }
    let mut column = vec![0usize; count];
    let mut state = vec![Visit::Ahead; count];
    let mut order = Vec::new();
    // First those that nobody reaches, then what is left of circles.
    let mut starts: Vec<usize> = (0..count).filter(|at| touched[*at]).collect();
    starts.sort_by_key(|at| (clients[*at], *at));
    let mut forward: Vec<(usize, usize)> = Vec::new();
    for start in starts {
        visit(start, &servers, &mut state, &mut order, &mut forward);
    }
    for at in order.into_iter().rev() {
        for (_, to) in forward.iter().filter(|(from, _)| *from == at) {
            column[*to] = column[*to].max(column[at] + 1);
        }
    }
    (0..count).map(|at| touched[at].then_some(column[at])).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Ahead,
    Open,
    Done,
}

/// Depth first, without recursion; what leads back into what is open closes a circle.
fn visit(
    start: usize,
    servers: &[Vec<usize>],
    state: &mut [Visit],
    order: &mut Vec<usize>,
    forward: &mut Vec<(usize, usize)>,
) {
    if state[start] != Visit::Ahead {
        return;
    }
    state[start] = Visit::Open;
    let mut stack = vec![(start, 0)];
    while let Some((at, next)) = stack.pop() {
        let Some(to) = servers[at].get(next).copied() else {
            state[at] = Visit::Done;
            order.push(at);
            continue;
        };
        stack.push((at, next + 1));
        match state[to] {
            Visit::Open => {}
            Visit::Done => forward.push((at, to)),
            Visit::Ahead => {
                forward.push((at, to));
                state[to] = Visit::Open;
                stack.push((to, 0));
            }
        }
    }
}

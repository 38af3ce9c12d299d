//! The sweep: from the spans of many rules to steps, the strongest rule at each lane.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::fault::{Fault, seeded};
use super::rulebook::Rank;
use super::span::Span;
use crate::table::Lane;

/// What one rule covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Cover {
    pub(super) rank: Rank,
    /// Which item of the rule's ports; 0 where the rule asks nothing.
    pub(super) item: u32,
    pub(super) span: Span,
}

/// Steps by first lane: the first at 0, no two neighbours of one rank. `otherwise` is what holds
/// where nothing covers.
pub(super) fn sweep(covers: &mut [Cover], otherwise: Rank) -> Vec<(u32, Rank)> {
    covers.sort_unstable_by_key(|cover| (cover.span.first, cover.rank));
    let mut edges: Vec<u32> = Vec::with_capacity(covers.len() * 2 + 1);
    edges.push(0);
    for cover in covers.iter() {
        edges.push(cover.span.first);
        edges.push(cover.span.last + 1);
    }
    edges.sort_unstable();
    edges.dedup();
    let mut steps: Vec<(u32, Rank)> = Vec::new();
    let mut open: BinaryHeap<Reverse<(Rank, u32)>> = BinaryHeap::new();
    let mut waiting = covers.iter().peekable();
    for edge in edges.into_iter().filter(|edge| *edge < Lane::END) {
        while let Some(cover) = waiting.next_if(|cover| cover.span.first <= edge) {
            open.push(Reverse((cover.rank, cover.span.last)));
        }
        while open.peek().is_some_and(|Reverse((_, last))| *last < edge) {
            open.pop();
        }
        let rank = open.peek().map_or(otherwise, |Reverse((rank, _))| *rank);
        let stays_open = seeded(Fault::RangeNeverEnds) && rank == otherwise && edge > 0;
        if !stays_open && steps.last().is_none_or(|(_, before)| *before != rank) {
            steps.push((edge, rank));
        }
    }
    steps
}

/// The upper steps, and where one of them is a hole the lower ones.
pub(super) fn overlaid(
    upper: &[(u32, Rank)],
    lower: &[(u32, Rank)],
    hole: impl Fn(Rank) -> bool,
) -> Vec<(u32, Rank)> {
    let at = |steps: &[(u32, Rank)], lane: u32| {
        let after = steps.partition_point(|(first, _)| *first <= lane);
        steps[after - 1].1
    };
    let mut edges: Vec<u32> = upper.iter().chain(lower).map(|(first, _)| *first).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut steps: Vec<(u32, Rank)> = Vec::new();
    for edge in edges {
        let rank = at(upper, edge);
        let rank = if hole(rank) { at(lower, edge) } else { rank };
        if steps.last().is_none_or(|(_, before)| *before != rank) {
            steps.push((edge, rank));
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cover(rank: u32, first: u32, last: u32) -> Cover {
        Cover { rank: Rank(rank), item: 0, span: Span { first, last } }
    }

    fn check(covers: &[Cover], expected: &[(u32, u32)]) {
        let steps = sweep(&mut covers.to_vec(), Rank::DEFAULT_DENY);
        let expected: Vec<_> = expected.iter().map(|(lane, rank)| (*lane, Rank(*rank))).collect();
        assert_eq!(steps, expected);
    }

    const NONE: u32 = Rank::DEFAULT_DENY.0;

    #[test]
    fn nothing_is_one_step() {
        check(&[], &[(0, NONE)]);
    }

    #[test]
    fn the_strongest_wins_and_the_weaker_comes_back_behind_it() {
        let covers = [cover(5, 10, 100), cover(2, 20, 30), cover(3, 25, 40)];
        check(&covers, &[(0, NONE), (10, 5), (20, 2), (31, 3), (41, 5), (101, NONE)]);
    }

    #[test]
    fn a_span_to_the_end_has_no_step_behind_it() {
        check(&[cover(1, 7, Lane::END - 1)], &[(0, NONE), (7, 1)]);
    }

    #[test]
    fn through_a_hole_the_lower_steps_are_seen() {
        let steps = |list: &[(u32, u32)]| -> Vec<_> {
            list.iter().map(|(lane, rank)| (*lane, Rank(*rank))).collect()
        };
        let (upper, lower) = (steps(&[(0, 1), (10, 0), (30, 2)]), steps(&[(0, 7), (20, 8)]));
        let seen = overlaid(&upper, &lower, |rank| rank == Rank(0));
        assert_eq!(seen, steps(&[(0, 1), (10, 7), (20, 8), (30, 2)]));
    }

    #[test]
    fn neighbours_of_one_rule_are_one_step() {
        check(&[cover(1, 0, 9), cover(1, 10, 19)], &[(0, 1), (20, NONE)]);
    }
}

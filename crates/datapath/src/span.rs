//! Ranges of an array's elements, and which of them are free.
//!
//! Pure: the kernel sees only the ranges that come out of it. A range given back may be taken again
//! at once, so the caller gives back only what no packet can still be reading (after a grace
//! period).

use std::collections::{BTreeMap, BTreeSet};

/// `count` places of an array, from `first` on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    /// The first place.
    pub(crate) first: u32,
    /// How many places; 0 only in `EMPTY`.
    pub(crate) count: u32,
}

impl Span {
    /// No place at all.
    pub(crate) const EMPTY: Span = Span { first: 0, count: 0 };
}

/// The free ranges of an array, neighbours always merged.
#[derive(Clone, Debug)]
pub(crate) struct FreeSpans {
    by_first: BTreeMap<u32, u32>,
    by_count: BTreeSet<(u32, u32)>,
}

impl FreeSpans {
    /// An array of this many places, all free.
    pub(crate) fn new(capacity: u32) -> FreeSpans {
        let mut spans = FreeSpans { by_first: BTreeMap::new(), by_count: BTreeSet::new() };
        if capacity > 0 {
            spans.insert(Span { first: 0, count: capacity });
        }
        spans
    }

    /// The smallest free range that holds `count` places, cut to size. It is not taken yet.
    pub(crate) fn find(&self, count: u32) -> Option<Span> {
        let &(_, first) = self.by_count.range((count, 0)..).next()?;
        Some(Span { first, count })
    }

    /// Takes exactly this range; `false` where part of it is taken already.
    pub(crate) fn claim(&mut self, span: Span) -> bool {
        let Some((&first, &count)) = self.by_first.range(..=span.first).next_back() else {
            return false;
        };
        let (end, wanted_end) = (first + count, u64::from(span.first) + u64::from(span.count));
        if wanted_end > u64::from(end) {
            return false;
        }
        self.remove(Span { first, count });
        if span.first > first {
            self.insert(Span { first, count: span.first - first });
        }
        let after = span.first + span.count;
        if end > after {
            self.insert(Span { first: after, count: end - after });
        }
        true
    }

    /// Gives a range back.
    pub(crate) fn give(&mut self, span: Span) {
        let mut merged = span;
        if let Some((&first, &count)) = self.by_first.range(..span.first).next_back()
            && first + count == span.first
        {
            self.remove(Span { first, count });
            merged = Span { first, count: count + span.count };
        }
        let after = span.first + span.count;
        if let Some(&count) = self.by_first.get(&after) {
            self.remove(Span { first: after, count });
            merged.count += count;
        }
        self.insert(merged);
    }

    fn insert(&mut self, span: Span) {
        self.by_first.insert(span.first, span.count);
        self.by_count.insert((span.count, span.first));
    }

    fn remove(&mut self, span: Span) {
        self.by_first.remove(&span.first);
        self.by_count.remove(&(span.count, span.first));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(first: u32, count: u32) -> Span {
        Span { first, count }
    }

    fn take(spans: &mut FreeSpans, count: u32) -> Option<Span> {
        let found = spans.find(count)?;
        assert!(spans.claim(found));
        Some(found)
    }

    #[test]
    fn the_smallest_hole_that_fits_is_taken() {
        let mut spans = FreeSpans::new(100);
        let taken: Vec<Span> = (0..10).filter_map(|_| take(&mut spans, 10)).collect();
        assert_eq!(taken.len(), 10);
        assert_eq!(spans.find(1), None);
        spans.give(taken[2]);
        spans.give(taken[3]);
        spans.give(taken[7]);
        assert_eq!(take(&mut spans, 5), Some(span(70, 5)));
        assert_eq!(take(&mut spans, 20), Some(span(20, 20)));
    }

    #[test]
    fn what_is_given_back_in_any_order_is_one_range_again() {
        let mut spans = FreeSpans::new(12);
        let taken: Vec<Span> = (0..4).filter_map(|_| take(&mut spans, 3)).collect();
        for index in [2, 0, 3, 1] {
            spans.give(taken[index]);
        }
        assert_eq!(spans.find(12), Some(span(0, 12)));
    }

    #[test]
    fn a_claimed_range_is_never_given_out_and_never_claimed_twice() {
        let mut spans = FreeSpans::new(20);
        assert!(spans.claim(span(5, 5)));
        assert!(!spans.claim(span(9, 2)));
        assert!(!spans.claim(span(18, 5)));
        assert_eq!(take(&mut spans, 10), Some(span(10, 10)));
        assert_eq!(take(&mut spans, 5), Some(span(0, 5)));
        assert_eq!(spans.find(1), None);
    }
}

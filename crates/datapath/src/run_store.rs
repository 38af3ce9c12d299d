//! Runs of array elements that the kernel holds (rows of steps, backends of services), each once
//! however many names lead to it.
//!
//! A run's place is free again when nothing names it and no packet can be reading it: after a grace
//! period, unless it was only ever dropped from what no packet could reach.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use crate::span::{FreeSpans, Span};

/// An array as planning sees it: without an end, so that what would be needed can be said.
const ENDLESS: u32 = 1 << 31;

/// How a run lost a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// A packet may have read it just before.
    Live,
    /// No packet can be reading it any more.
    Settled,
}

/// All runs of one array, by content and by place.
#[derive(Clone, Debug)]
pub(crate) struct RunStore<T> {
    by_content: HashMap<Arc<[T]>, Span>,
    by_span: BTreeMap<Span, Held<T>>,
    /// Unnamed runs that a packet may still be reading.
    waiting: BTreeSet<Span>,
    free: FreeSpans,
}

#[derive(Clone, Debug)]
struct Held<T> {
    content: Arc<[T]>,
    names: u32,
    /// Whether it was dropped from where packets may be reading, since the last grace period.
    read_lately: bool,
}

impl<T: Clone + Eq + Hash> RunStore<T> {
    /// An empty array.
    pub(crate) fn new() -> RunStore<T> {
        RunStore {
            by_content: HashMap::new(),
            by_span: BTreeMap::new(),
            waiting: BTreeSet::new(),
            free: FreeSpans::new(ENDLESS),
        }
    }

    /// Where a run of this content is, if the kernel has one.
    pub(crate) fn find(&self, content: &[T]) -> Option<Span> {
        if content.is_empty() { Some(Span::EMPTY) } else { self.by_content.get(content).copied() }
    }

    /// Where a new run of so many elements can go.
    pub(crate) fn place(&self, count: u32) -> Span {
        self.free.find(count).expect("2^31 elements are more than memory holds")
    }

    /// The content at a span that is held.
    pub(crate) fn content(&self, span: Span) -> Option<&[T]> {
        if span == Span::EMPTY {
            return Some(&[]);
        }
        self.by_span.get(&span).map(|held| &*held.content)
    }

    /// One past the last place that is taken.
    pub(crate) fn end(&self) -> u32 {
        self.by_span.last_key_value().map_or(0, |(span, _)| span.first + span.count)
    }

    /// A run was written, and nothing names it yet; `false` where its place is not free.
    pub(crate) fn hold(&mut self, span: Span, content: &Arc<[T]>) -> bool {
        if !self.free.claim(span) {
            return false;
        }
        let held = Held { content: Arc::clone(content), names: 0, read_lately: false };
        self.by_span.insert(span, held);
        self.by_content.entry(Arc::clone(content)).or_insert(span);
        true
    }

    /// One more name leads to the run.
    pub(crate) fn refer(&mut self, span: Span) {
        if let Some(held) = self.by_span.get_mut(&span) {
            held.names += 1;
            self.waiting.remove(&span);
        }
    }

    /// One name less leads to the run.
    pub(crate) fn release(&mut self, span: Span, dropped: Dropped) {
        let Some(held) = self.by_span.get_mut(&span) else { return };
        held.names -= 1;
        held.read_lately |= dropped == Dropped::Live;
        // What no packet reads is free from the next change on: this one may still name it again.
        if held.names == 0 && held.read_lately {
            self.waiting.insert(span);
        }
    }

    /// No packet reads any more what was unnamed before now.
    pub(crate) fn settle(&mut self) {
        for span in std::mem::take(&mut self.waiting) {
            self.forget(span);
        }
        for held in self.by_span.values_mut() {
            held.read_lately = false;
        }
    }

    /// Whether some place waits for a grace period.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Frees the places of runs that nothing names and no packet reads, before a change is planned.
    pub(crate) fn forget_unnamed(&mut self) {
        let unnamed = |(span, held): (&Span, &Held<T>)| (held.names == 0).then_some(*span);
        let unnamed: Vec<Span> = self.by_span.iter().filter_map(unnamed).collect();
        for span in unnamed {
            if !self.waiting.contains(&span) {
                self.forget(span);
            }
        }
    }

    fn forget(&mut self, span: Span) {
        if let Some(held) = self.by_span.remove(&span) {
            if self.by_content.get(&held.content) == Some(&span) {
                self.by_content.remove(&held.content);
            }
            self.free.give(span);
        }
    }
}

//! What waits for control: answers in order, flows up to a bound, and the newest state of all else.
//!
//! While control is away or slow nothing here grows without end: flows beyond the bound are thrown
//! away oldest first and counted, and of counters, losses and problems only the newest is kept.

use std::collections::VecDeque;

use podwall_model::Flow;
use podwall_wire::node::{Counters, FLOWS_LIMIT, Losses, ToControl};
use podwall_wire::rest::Problem;

/// How many flows wait at most: half a minute of a busy node, some 40 MB.
const WAITING_LIMIT: usize = 65_536;

/// How many answers wait at most. Control sends one change at a time, so they are few.
const ANSWERS_LIMIT: usize = 256;

/// What waits for control.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    answers: VecDeque<ToControl>,
    problems: Option<Vec<Problem>>,
    flows: VecDeque<Flow>,
    counters: Option<Counters>,
    losses: Option<Losses>,
    thrown_away: u64,
}

impl Outbox {
    /// An answer; the oldest gives way should control never listen.
    pub(crate) fn answer(&mut self, message: ToControl) {
        if self.answers.len() == ANSWERS_LIMIT {
            self.answers.pop_front();
        }
        self.answers.push_back(message);
    }

    /// A record; the oldest gives way when too many wait.
    pub(crate) fn flow(&mut self, flow: Flow) {
        if self.flows.len() == WAITING_LIMIT
            && let Some(oldest) = self.flows.pop_front()
        {
            self.thrown_away += oldest.count;
        }
        self.flows.push_back(flow);
    }

    /// All that is wrong now.
    pub(crate) fn problems(&mut self, problems: Vec<Problem>) {
        self.problems = Some(problems);
    }

    /// All counters now.
    pub(crate) fn counters(&mut self, counters: Counters) {
        self.counters = Some(counters);
    }

    /// All losses now.
    pub(crate) fn losses(&mut self, losses: Losses) {
        self.losses = Some(losses);
    }

    /// Events thrown away so far, by their counts.
    pub(crate) fn thrown_away(&self) -> u64 {
        self.thrown_away
    }

    /// Forgets what was meant for a control that is gone: another one asks anew.
    pub(crate) fn forget_answers(&mut self) {
        self.answers.clear();
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        let states = self.problems.is_none() && self.counters.is_none() && self.losses.is_none();
        states && self.answers.is_empty() && self.flows.is_empty()
    }

    /// The most urgent message.
    pub(crate) fn next(&mut self) -> Option<ToControl> {
        if let Some(answer) = self.answers.pop_front() {
            return Some(answer);
        }
        if let Some(problems) = self.problems.take() {
            return Some(ToControl::Problems { problems });
        }
        if let Some(counters) = self.counters.take() {
            return Some(ToControl::Counters(counters));
        }
        if let Some(losses) = self.losses.take() {
            return Some(ToControl::Losses(losses));
        }
        if self.flows.is_empty() {
            return None;
        }
        let batch = self.flows.len().min(FLOWS_LIMIT);
        Some(ToControl::Flows { flows: self.flows.drain(..batch).map(|f| (&f).into()).collect() })
    }
}

#[cfg(test)]
mod tests {
    use podwall_wire::node::Refused;

    use super::*;
    use crate::fixture::flow;

    fn refused() -> ToControl {
        ToControl::Refused(Refused { revision: 1, why: vec![] })
    }

    #[test]
    fn an_answer_overtakes_a_storm_of_flows() {
        let mut outbox = Outbox::default();
        for _ in 0..2 * FLOWS_LIMIT {
            outbox.flow(flow(1));
        }
        outbox.answer(refused());
        assert_eq!(outbox.next(), Some(refused()));
        let Some(ToControl::Flows { flows }) = outbox.next() else { panic!("flows") };
        assert_eq!(flows.len(), FLOWS_LIMIT);
    }

    #[test]
    fn what_does_not_fit_is_counted_to_the_unit() {
        let mut outbox = Outbox::default();
        let extra = 1_000;
        for _ in 0..WAITING_LIMIT + extra {
            outbox.flow(Flow { count: 3, ..flow(1) });
        }
        assert_eq!(outbox.thrown_away(), 3 * extra as u64);
        let mut waiting = 0;
        while let Some(ToControl::Flows { flows }) = outbox.next() {
            waiting += flows.len();
        }
        assert_eq!(waiting, WAITING_LIMIT);
    }

    #[test]
    fn only_the_newest_counters_are_kept() {
        let mut outbox = Outbox::default();
        outbox.counters(Counters { time: 1, counters: vec![] });
        outbox.counters(Counters { time: 2, counters: vec![] });
        let newest = ToControl::Counters(Counters { time: 2, counters: vec![] });
        assert_eq!(outbox.next(), Some(newest));
        assert_eq!(outbox.next(), None);
    }
}

//! The digest of a storm: equal events within a second become one record that counts them.
//!
//! The first event of a kind passes at once; its like within [`WINDOW`] are counted, and one more
//! record tells how many there were. Nothing is lost by it but the client ports of the repeats.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use podwall_model::{Direction, Flow, FlowKind, Protocol, Reason, RuleId, Verdict, WorkloadName};

/// How long equal events are counted together.
const WINDOW: Duration = Duration::from_secs(1);

/// How many kinds of events are counted at once; beyond it they pass one by one.
const KINDS_LIMIT: usize = 16_384;

/// What makes two events alike: all but the time and the client's port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Likeness {
    kind: FlowKind,
    workload: WorkloadName,
    direction: Direction,
    source: IpAddr,
    destination: IpAddr,
    port: u16,
    protocol: Protocol,
    backend: Option<(IpAddr, u16)>,
    verdict: Verdict,
    reason: Reason,
    rule: Option<RuleId>,
    generation: u32,
}

#[derive(Debug)]
struct Counted {
    since: Duration,
    last: Option<Flow>,
}

/// The kinds of events of the last second.
#[derive(Debug, Default)]
pub(crate) struct Digest {
    kinds: HashMap<Likeness, Counted>,
}

impl Digest {
    /// Takes one event; gives it back if it is the first of its kind.
    pub(crate) fn take(&mut self, flow: Flow, uptime: Duration) -> Option<Flow> {
        let likeness = Likeness::of(&flow);
        if let Some(counted) = self.kinds.get_mut(&likeness) {
            let before = counted.last.take().map_or(0, |last| last.count);
            counted.last = Some(Flow { count: before + flow.count, ..flow });
            return None;
        }
        if self.kinds.len() < KINDS_LIMIT {
            self.kinds.insert(likeness, Counted { since: uptime, last: None });
        }
        Some(flow)
    }

    /// The records of the kinds whose second is over.
    pub(crate) fn ripe(&mut self, uptime: Duration) -> Vec<Flow> {
        let mut ripe = Vec::new();
        self.kinds.retain(|_, counted| {
            if uptime < counted.since + WINDOW {
                return true;
            }
            counted.since = uptime;
            match counted.last.take() {
                Some(flow) => {
                    ripe.push(flow);
                    true
                }
                None => false,
            }
        });
        ripe.sort_by_key(|flow| flow.time);
        ripe
    }

    /// All that is still being counted.
    pub(crate) fn rest(&mut self) -> Vec<Flow> {
        let mut rest: Vec<Flow> = self.kinds.drain().filter_map(|(_, c)| c.last).collect();
        rest.sort_by_key(|flow| flow.time);
        rest
    }
}

impl Likeness {
    fn of(flow: &Flow) -> Likeness {
        Likeness {
            kind: flow.kind,
            workload: flow.workload.clone(),
            direction: flow.direction,
            source: flow.connection.source,
            destination: flow.connection.destination,
            port: flow.connection.destination_port,
            protocol: flow.connection.protocol,
            backend: flow.backend,
            verdict: flow.verdict,
            reason: flow.reason,
            rule: flow.rule.clone(),
            generation: flow.generation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::flow;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_storm_is_two_records_a_second_that_count_it() {
        let mut digest = Digest::default();
        let passed = (0..10_000).filter_map(|_| digest.take(flow(5432), at(1))).count();
        assert_eq!(passed, 1);
        assert!(digest.ripe(at(1_000)).is_empty());
        let ripe = digest.ripe(at(1_001));
        assert_eq!(ripe.iter().map(|flow| flow.count).collect::<Vec<_>>(), [9_999]);
        assert!(digest.take(flow(5432), at(1_500)).is_none(), "the next second counts on");
        assert_eq!(digest.ripe(at(2_001)).len(), 1);
        assert!(digest.ripe(at(3_001)).is_empty());
        assert!(digest.kinds.is_empty(), "a kind that rests is forgotten");
    }

    #[test]
    fn another_port_or_verdict_is_another_kind() {
        let mut digest = Digest::default();
        assert!(digest.take(flow(5432), at(0)).is_some());
        assert!(digest.take(flow(5433), at(0)).is_some());
        let dropped = Flow { verdict: Verdict::Dropped, ..flow(5432) };
        assert!(digest.take(dropped, at(0)).is_some());
    }

    #[test]
    fn beyond_the_limit_events_pass_one_by_one() {
        let mut digest = Digest::default();
        let spread = |number: usize| {
            let mut flow = flow(1);
            let number = u32::try_from(number).unwrap();
            flow.connection.source = std::net::Ipv4Addr::from(number).into();
            flow
        };
        for number in 0..KINDS_LIMIT + 10 {
            assert!(digest.take(spread(number), at(0)).is_some());
        }
        assert!(digest.take(spread(KINDS_LIMIT + 5), at(0)).is_some());
        assert_eq!(digest.kinds.len(), KINDS_LIMIT);
    }
}

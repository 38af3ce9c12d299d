//! Where the kernel's events went: what was produced and neither came here nor was said to be lost
//! is what an agent held when it was killed, and is told as lost.

use std::collections::VecDeque;

use podwall_wire::node::Losses;

/// How many readings in a row, one a second, something has to be missing in before it is lost: what
/// a killed agent had written may be read after its successor's first words.
const READINGS: usize = 3;

/// The account of one node.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Events that came here, or are known to be lost, since the first reading.
    known: u64,
    /// What had been produced before anything was known; absent before the first reading.
    before: Option<u64>,
    /// What was missing at the last readings.
    missing: VecDeque<u64>,
}

impl Account {
    /// A new agent speaks; on a kernel that begins anew, so does the account.
    pub(crate) fn greet(&mut self, fresh: bool) {
        if fresh {
            *self = Account { before: Some(0), ..Account::default() };
        }
        self.missing.clear();
    }

    /// So many events came here.
    pub(crate) fn receive(&mut self, events: u64) {
        self.known += events;
    }

    /// Takes a reading, with the losses it tells of; how many more are found to be lost: those that
    /// neither came here, nor wait in the ring, nor are in the hands of the agent that speaks.
    pub(crate) fn settle(&mut self, losses: Losses, said_lost: u64) -> u64 {
        self.known += said_lost;
        let held = losses.read.saturating_sub(losses.delivered + losses.lost_agent);
        let found = self.known + losses.waiting + held;
        let before = *self.before.get_or_insert(losses.produced.saturating_sub(found));
        self.missing.push_back(losses.produced.saturating_sub(before + found));
        if self.missing.len() < READINGS {
            return 0;
        }
        let least = self.missing.iter().copied().min().unwrap_or(0);
        self.missing.pop_front();
        if least > 0 {
            self.missing.clear();
        }
        self.known += least;
        least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn produced(produced: u64) -> Losses {
        Losses { produced, ..Losses::default() }
    }

    #[test]
    fn events_that_are_under_way_are_not_lost() {
        let mut account = Account::default();
        account.greet(true);
        for second in 1..=100 {
            // Thirty are always under way: in the ring, or counted together with their like.
            account.known = second * 50 - 30;
            let losses = Losses {
                produced: second * 50,
                waiting: 10,
                read: second * 50 - 10,
                delivered: second * 50 - 31,
                lost_agent: 1,
                ..Losses::default()
            };
            assert_eq!(account.settle(losses, 0), 0);
        }
    }

    #[test]
    fn what_a_killed_agent_held_is_told_once() {
        let mut account = Account::default();
        account.greet(true);
        account.receive(93);
        account.settle(produced(100), 0);
        account.greet(false);
        let told: u64 = (0..60).map(|_| account.settle(produced(100), 0)).sum();
        assert_eq!(told, 7);
        account.receive(50);
        let told: u64 = (0..60).map(|_| account.settle(produced(150), 0)).sum();
        assert_eq!(told, 0);
    }

    #[test]
    fn what_was_said_to_be_lost_is_not_told_twice() {
        let mut account = Account::default();
        account.greet(true);
        account.receive(90);
        let told: u64 = (0..30)
            .map(|second| account.settle(produced(100), if second == 0 { 10 } else { 0 }))
            .sum();
        assert_eq!(told, 0);
    }

    #[test]
    fn what_was_before_this_run_is_nobodys_loss() {
        let mut account = Account::default();
        account.greet(false);
        let told: u64 = (0..30).map(|_| account.settle(produced(1_000), 0)).sum();
        assert_eq!(told, 0);
    }
}

//! Where the kernel's events went: what was produced and neither came here nor was said to be lost
//! is what an agent held when it was killed, and is told as lost.

use std::collections::VecDeque;

use podwall_wire::node::Losses;

/// Over how many readings, one a second, the smallest rest counts: events are always under way, and
/// for a moment in so long none is.
const READINGS: usize = 15;

/// The account of one node.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Events that came here, or were said to be lost, since the first reading.
    known: u64,
    /// What had been produced before anything was known; absent before the first reading.
    before: Option<u64>,
    /// What was produced and is not known, as it was at the last readings.
    rests: VecDeque<u64>,
    /// What of it was told as lost.
    told: u64,
}

impl Account {
    /// A new agent speaks; on a kernel that begins anew, so does the account.
    pub(crate) fn greet(&mut self, fresh: bool) {
        if fresh {
            *self = Account { before: Some(0), ..Account::default() };
        }
        self.rests.clear();
    }

    /// So many events came here.
    pub(crate) fn receive(&mut self, events: u64) {
        self.known += events;
    }

    /// Takes a reading, with the losses it tells of; how many more are found to be lost.
    pub(crate) fn settle(&mut self, losses: Losses, said_lost: u64) -> u64 {
        self.known += said_lost;
        let before = *self.before.get_or_insert(losses.produced.saturating_sub(self.known));
        let rest = losses.produced.saturating_sub(before + self.known + self.told);
        self.rests.push_back(rest);
        if self.rests.len() < READINGS {
            return 0;
        }
        let least = self.rests.iter().copied().min().unwrap_or(0);
        self.rests.pop_front();
        if least > 0 {
            self.rests.clear();
        }
        self.told += least;
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
            // Twenty are under way, but for every tenth second.
            let held = if second % 10 == 0 { 0 } else { 20 };
            account.known = second * 50 - held;
            assert_eq!(account.settle(produced(second * 50), 0), 0);
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

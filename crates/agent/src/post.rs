//! The agent's side of the talk with control: who listens, what was handed over, what waits.
//!
//! One message is under way at a time; the next leaves when it was written. What was under way when
//! a connection broke is counted as lost, since nobody knows how much of it arrived.

use podwall_model::Flow;
use podwall_wire::node::{Counters, Losses, ToControl};

use crate::event::Action;
use crate::outbox::Outbox;

/// Who listens, and what is under way.
#[derive(Debug, Default)]
pub(crate) struct Post {
    connection: Option<u64>,
    /// The events in the message under way.
    under_way: Option<u64>,
    outbox: Outbox,
    read: u64,
    delivered: u64,
    torn: u64,
}

impl Post {
    /// Control listens; it hears `hello` first.
    pub(crate) fn connect(&mut self, connection: u64, hello: ToControl) {
        self.connection = Some(connection);
        self.under_way = None;
        self.outbox.forget_answers();
        self.outbox.answer(hello);
    }

    /// Control is gone.
    pub(crate) fn disconnect(&mut self) {
        self.connection = None;
        self.torn += self.under_way.take().unwrap_or(0);
    }

    /// Whether nothing waits that an ending agent still has to say.
    pub(crate) fn is_said(&self) -> bool {
        self.connection.is_none() || (self.under_way.is_none() && self.outbox.is_empty())
    }

    /// The message under way was written.
    pub(crate) fn sent(&mut self) {
        self.delivered += self.under_way.take().unwrap_or(0);
    }

    /// So many events were read from the ring.
    pub(crate) fn note_read(&mut self, events: u64) {
        self.read += events;
    }

    /// An event that no record can be made of was read.
    pub(crate) fn note_nameless(&mut self) {
        self.torn += 1;
    }

    /// An answer to control.
    pub(crate) fn answer(&mut self, message: ToControl) {
        self.outbox.answer(message);
    }

    /// A record.
    pub(crate) fn flow(&mut self, flow: Flow) {
        self.outbox.flow(flow);
    }

    /// All counters as they stand, with what the kernel says of losses. What this agent has to say
    /// of them is added when they leave: what was delivered has gone before them then.
    pub(crate) fn count(&mut self, counters: Counters, losses: Losses) {
        self.outbox.counters(counters);
        self.outbox.losses(losses);
    }

    /// All that is wrong now.
    pub(crate) fn problems(&mut self, problems: Vec<podwall_wire::rest::Problem>) {
        self.outbox.problems(problems);
    }

    /// The next message, if somebody listens and nothing is under way.
    pub(crate) fn next(&mut self) -> Option<Action> {
        let connection = self.connection?;
        if self.under_way.is_some() {
            return None;
        }
        let message = match self.outbox.next()? {
            ToControl::Losses(losses) => ToControl::Losses(self.complete(losses)),
            other => other,
        };
        self.under_way = Some(events_in(&message));
        Some(Action::Send { connection, message })
    }

    fn complete(&self, losses: Losses) -> Losses {
        let lost_agent = self.torn + self.outbox.thrown_away();
        Losses { read: self.read, delivered: self.delivered, lost_agent, ..losses }
    }
}

fn events_in(message: &ToControl) -> u64 {
    match message {
        ToControl::Flows { flows } => flows.iter().map(|flow| flow.count).sum(),
        ToControl::Hello(_)
        | ToControl::Applied(_)
        | ToControl::Refused(_)
        | ToControl::Counters(_)
        | ToControl::Losses(_)
        | ToControl::Problems { .. }
        | ToControl::Removed => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::flow;

    fn losses(post: &mut Post) -> Losses {
        let kernel = Losses { produced: 100, lost_kernel: 7, ..Losses::default() };
        post.count(Counters { time: 0, counters: vec![] }, kernel);
        loop {
            match post.next() {
                Some(Action::Send { message: ToControl::Losses(losses), .. }) => {
                    post.sent();
                    return losses;
                }
                Some(_) => post.sent(),
                None => panic!("losses are said"),
            }
        }
    }

    #[test]
    fn every_event_read_is_delivered_or_lost() {
        let mut post = Post::default();
        post.connect(1, ToControl::Removed);
        assert!(matches!(post.next(), Some(Action::Send { message: ToControl::Removed, .. })));
        assert_eq!(post.next(), None, "one message at a time");
        post.sent();
        post.note_read(5);
        post.flow(Flow { count: 5, ..flow(1) });
        assert!(post.next().is_some());
        post.sent();
        post.note_read(4);
        post.flow(Flow { count: 4, ..flow(1) });
        assert!(post.next().is_some());
        post.disconnect();
        assert_eq!(post.next(), None);
        post.connect(2, ToControl::Removed);
        let seen = losses(&mut post);
        assert_eq!((seen.read, seen.delivered, seen.lost_agent), (9, 5, 4));
        assert_eq!((seen.produced, seen.lost_kernel), (100, 7));
    }
}

//! What an agent does about what happens. Pure: no clock, no IO; `now` comes in, actions go out.
//!
//! A revision goes: said by control -> checked -> its workloads located -> compiled -> applied ->
//! answered. Until the answer is `Applied` the one before stays in force, whatever went wrong.

use std::collections::BTreeMap;

use podwall_model::WorkloadName;
use podwall_wire::node::{self, Adopted, Counters, Hello, Losses, ToAgent, ToControl, VERSION};

use crate::change::{Change, Next};
use crate::delivery::{Delivery, Detour};
use crate::digest::Digest;
use crate::event::{Action, Counted, Delivered, Event, Trouble};
use crate::moment::Moment;
use crate::nearest::Nearest;
use crate::post::Post;
use crate::problems::{Kind, Problems};
use crate::record::Recorder;

/// How often ticks come, a second.
pub(crate) const TICKS_A_SECOND: u64 = 4;

/// Seconds between two rounds of forgetting connections that are over.
const EXPIRE_EVERY: u64 = 5;

/// Seconds between two comparisons of the ends of wires.
const WIRES_EVERY: u64 = 5;

/// Seconds between two looks at places although nothing seems to have changed there.
const PLACES_EVERY: u64 = 30;

/// Everything an agent knows.
pub(crate) struct State {
    node: String,
    pid: u32,
    adopted: Adopted,
    pub(crate) post: Post,
    pub(crate) change: Change,
    pub(crate) problems: Problems,
    pub(crate) recorder: Recorder,
    pub(crate) nearest: Nearest,
    digest: Digest,
    delivery: Delivery,
    ticks: u64,
    ending: Ending,
}

/// How far an end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Nobody asked for it.
    No,
    /// Everything is being removed.
    Removing,
    /// Everything is removed; control has to hear of it.
    Removed,
}

impl State {
    /// An agent that has just come up.
    pub(crate) fn new(node: String, pid: u32, found: &podwall_datapath::Adopted) -> State {
        let adopted = Adopted {
            fresh: found.fresh,
            generation: found.generation,
            workloads: found.endpoints.iter().map(|e| (&e.workload).into()).collect(),
            left_alone: None,
        };
        let held = found.endpoints.iter().map(|e| (e.workload.clone(), e.interface)).collect();
        let change = Change::adopt(&found.identities, held);
        let mut state = State::over(node, pid, adopted, change);
        state.recorder = Recorder::adopt(&found.identities);
        state
    }

    fn over(node: String, pid: u32, adopted: Adopted, change: Change) -> State {
        State {
            node,
            pid,
            adopted,
            post: Post::default(),
            change,
            problems: Problems::default(),
            recorder: Recorder::default(),
            nearest: Nearest::default(),
            digest: Digest::default(),
            delivery: Delivery::default(),
            ticks: 0,
            ending: Ending::No,
        }
    }

    /// An agent that found state of a layout it does not know: it changes nothing and says why.
    pub(crate) fn left_alone(node: String, pid: u32, why: String) -> State {
        let adopted = Adopted {
            fresh: false,
            generation: 0,
            workloads: Vec::new(),
            left_alone: Some(why.clone()),
        };
        let mut state = State::over(node, pid, adopted, Change::default());
        state.problems.raise(Kind::LeftAlone, "", why);
        state
    }

    /// Whether events can be named: a world is known.
    pub(crate) fn can_name(&self) -> bool {
        self.change.in_force().is_some()
    }

    fn hello(&self) -> ToControl {
        ToControl::Hello(Hello {
            version: VERSION,
            node: self.node.clone(),
            pid: self.pid,
            adopted: self.adopted.clone(),
        })
    }
}

/// What to do about an event.
pub(crate) fn decide(state: &mut State, event: Event, now: Moment) -> Vec<Action> {
    let mut actions = match event {
        Event::Connected { connection } => {
            state.post.connect(connection, state.hello());
            state.problems.tell_again();
            vec![]
        }
        Event::Disconnected => {
            state.post.disconnect();
            vec![]
        }
        Event::Sent => {
            state.post.sent();
            vec![]
        }
        Event::Said(ToAgent::Wanted(wanted)) => said(state, *wanted, now),
        Event::Said(ToAgent::Remove) => {
            state.ending = Ending::Removing;
            state.digest.rest().into_iter().for_each(|flow| state.post.flow(flow));
            vec![Action::Remove]
        }
        Event::Located { question, places } => state.located(question, places),
        Event::LinksChanged => {
            state.change.look_again().into_iter().chain([Action::HoldUplinks]).collect()
        }
        Event::Applied(outcome) => state.applied(outcome, now),
        Event::Removed(outcome) => {
            removed(state, outcome);
            vec![]
        }
        Event::Seen(events) => {
            see(state, &events, now);
            vec![]
        }
        Event::Counted(counted) => {
            count(state, &counted, now);
            vec![]
        }
        Event::Delivered(wires) => {
            compare(state, &wires);
            vec![]
        }
        Event::Troubled { what, why } => {
            trouble(state, what, why);
            vec![]
        }
        Event::Tick => tick(state, now),
    };
    if let Some(problems) = state.problems.news() {
        state.post.problems(problems);
    }
    actions.extend(state.post.next());
    if state.ending == Ending::Removed && state.post.is_said() {
        actions.push(Action::Exit);
    }
    actions
}

fn said(state: &mut State, wanted: node::Wanted, now: Moment) -> Vec<Action> {
    let revision = wanted.revision;
    let arrived = match &state.adopted.left_alone {
        Some(why) => Err(vec![why.clone()]),
        None => state.change.arrive(wanted, now),
    };
    match arrived {
        Ok(Next::Look(action)) => vec![action],
        Ok(Next::Go { question, places }) => state.located(question, places),
        Err(why) => {
            state.post.answer(ToControl::Refused(node::Refused { revision, why }));
            vec![]
        }
    }
}

fn removed(state: &mut State, outcome: Result<(), String>) {
    state.ending = Ending::Removed;
    match outcome {
        Ok(()) => state.post.answer(ToControl::Removed),
        Err(why) => state.problems.raise(Kind::NotApplied, "", why),
    }
}

fn see(state: &mut State, events: &[podwall_datapath::Event], now: Moment) {
    state.post.note_read(u64::try_from(events.len()).expect("a batch fits 64 bits"));
    for seen in events {
        let Some(mut flow) = state.recorder.record(seen, now) else {
            state.post.note_nameless();
            continue;
        };
        if let Some(force) = state.change.in_force() {
            flow.nearest = state.nearest.of(seen, force);
        }
        if let Some(flow) = state.digest.take(flow, now.uptime) {
            state.post.flow(flow);
        }
    }
}

fn count(state: &mut State, counted: &Counted, now: Moment) {
    state.problems.clear(Kind::Chore, "counters");
    let nobody = WorkloadName::default();
    let counters = counted.counters.iter().map(|counter| node::Counter {
        workload: counter.workload.as_ref().unwrap_or(&nobody).into(),
        direction: counter.direction.into(),
        verdict: counter.verdict.into(),
        reason: counter.reason as u8,
        rule: counter.rule.as_deref().map(Into::into),
        packets: counter.packets,
        bytes: counter.bytes,
    });
    let counters = Counters { time: now.wall_ms(), counters: counters.collect() };
    let Counted { produced, lost: lost_kernel, waiting, .. } = *counted;
    state.post.count(counters, Losses { produced, lost_kernel, waiting, ..Losses::default() });
}

fn compare(state: &mut State, wires: &[Delivered]) {
    state.problems.clear(Kind::Chore, "wires");
    for wire in wires {
        let subject = wire.workload.to_string();
        match state.delivery.take(wire) {
            Detour::None => {}
            Detour::Seen(packets) => state.problems.raise(
                Kind::Detour,
                &subject,
                format!(
                    "packets reach the workload round the hooks: `{packets}` since the last look, \
                     hint: the network plugin delivers with bpf_redirect_peer; switch that off"
                ),
            ),
        }
    }
    state.problems.retain(Kind::Detour, |subject| {
        wires.iter().any(|wire| wire.workload.to_string() == subject)
    });
    let present: BTreeMap<&WorkloadName, ()> = wires.iter().map(|w| (&w.workload, ())).collect();
    state.delivery.retain(|workload| present.contains_key(workload));
}

fn trouble(state: &mut State, what: Trouble, why: Option<String>) {
    let subject = match what {
        Trouble::Counters => "counters",
        Trouble::Expiry => "connections",
        Trouble::Adoption => "adoption",
        Trouble::Wires => "wires",
        Trouble::Uplinks => "uplinks",
    };
    match why {
        Some(why) => state.problems.raise(Kind::Chore, subject, why),
        None => state.problems.clear(Kind::Chore, subject),
    }
}

fn tick(state: &mut State, now: Moment) -> Vec<Action> {
    for flow in state.digest.ripe(now.uptime) {
        state.post.flow(flow);
    }
    state.ticks += 1;
    let idle = state.ending != Ending::No || state.adopted.left_alone.is_some();
    if idle || !state.ticks.is_multiple_of(TICKS_A_SECOND) {
        return vec![];
    }
    let seconds = state.ticks / TICKS_A_SECOND;
    state.recorder.expire(now.uptime);
    let mut actions = vec![Action::Count];
    if seconds.is_multiple_of(EXPIRE_EVERY) {
        actions.push(Action::Expire);
    }
    if seconds.is_multiple_of(PLACES_EVERY) || state.change.is_unsettled() {
        actions.extend(state.change.look_again());
    }
    if seconds.is_multiple_of(WIRES_EVERY) {
        actions.extend(state.compare_wires());
    }
    actions
}

#[cfg(test)]
mod tests;

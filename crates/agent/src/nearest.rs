//! The nearest rules of default denies: which came closest, and why each did not match.
//!
//! Asked of the policies in force, once for each class, direction, peer, lane and generation, and
//! remembered, so that a sweep over a thousand ports asks a thousand times and no more.

use std::collections::HashMap;

use podwall_datapath::Event as Seen;
use podwall_model::{Direction, Reason, RuleId, Verdict, WorkloadName};
use podwall_policy::end::End;
use podwall_policy::explain::nearest;
use podwall_policy::judge::Court;
use podwall_policy::matching::Packet;
use podwall_policy::mode::PolicySet;
use podwall_policy::table::{IdentityNumber, Lane};

use crate::change::InForce;
use crate::intent::Intent;

/// How many answers are remembered; when full, all are forgotten at once, since a sweep that fills
/// it will not ask the same again.
const REMEMBERED: usize = 8192;

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Question {
    class: u32,
    direction: Direction,
    peer: IdentityNumber,
    lane: Lane,
    generation: u32,
}

/// What was answered so far.
#[derive(Debug, Default)]
pub(crate) struct Nearest {
    answers: HashMap<Question, Vec<(RuleId, String)>>,
}

impl Nearest {
    /// The nearest rules of an event, if it is a default deny.
    pub(crate) fn of(&mut self, seen: &Seen, force: &InForce) -> Vec<(RuleId, String)> {
        if seen.reason != Reason::DefaultDeny || seen.rule.is_some() {
            return Vec::new();
        }
        let Some(workload) = &seen.workload else { return Vec::new() };
        let holds = |class: &podwall_policy::compile::CompiledClass| {
            class.workloads.binary_search(workload).is_ok()
        };
        let Some((class, _)) = force.compiled.classes.iter().find(|(_, class)| holds(class)) else {
            return Vec::new();
        };
        let question = Question {
            class: *class,
            direction: seen.direction,
            peer: seen.identity,
            lane: seen.lane,
            generation: seen.generation,
        };
        if let Some(answer) = self.answers.get(&question) {
            return answer.clone();
        }
        let answer = ask(seen, workload, force);
        if self.answers.len() == REMEMBERED {
            self.answers.clear();
        }
        self.answers.insert(question, answer.clone());
        answer
    }

    /// Other policies or another world are in force.
    pub(crate) fn forget(&mut self) {
        self.answers.clear();
    }
}

/// Asks the policies in force.
fn ask(seen: &Seen, workload: &WorkloadName, force: &InForce) -> Vec<(RuleId, String)> {
    let Intent { policies, world, options, .. } = &force.intent;
    let Some(subject) = world.workload(workload) else { return Vec::new() };
    let court = Court::new(policies, world, *options);
    let address = seen.far.map_or(seen.peer, |(address, _)| address);
    let peer = match seen.identity {
        IdentityNumber::HOST => End::reserved("host"),
        _ => End::at(address.ip(), world, options),
    };
    let port = u16::try_from(seen.lane.0 & 0xffff).expect("16 bits fit 16 bits");
    let packet = Packet { protocol: seen.protocol, port };
    let set = match seen.verdict {
        Verdict::Forwarded | Verdict::WouldDrop => PolicySet::Both,
        Verdict::Dropped | Verdict::WouldAllow => PolicySet::Enforced,
    };
    let question =
        podwall_policy::judge::Question { subject, direction: seen.direction, peer: &peer, packet };
    let found = nearest(&court, set, &question);
    found.into_iter().map(|near| (near.rule, near.why)).collect()
}

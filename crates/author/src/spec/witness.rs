//! Witnesses: whoever can say what becomes of a packet, put to the same cases and compared.

use podwall_model::{Direction, Node, Reason, RuleId, Verdict, WorkloadName, World};
use podwall_policy::end::End;
use podwall_policy::judge::{Judged, Question};
use podwall_policy::matching::Packet;
use podwall_policy::request::{Conversation, Refusal};

use super::State;

/// One packet at one workload.
#[derive(Clone, Debug)]
pub struct Crossing {
    /// The workload whose policies are asked; it is in the state's world. Without a namespace it is
    /// the local node.
    pub subject: WorkloadName,
    /// Itself, at the address that the packet has.
    pub own: End,
    /// Into it or out of it.
    pub direction: Direction,
    /// The other end, behind a service the real backend.
    pub peer: End,
    /// The packet, with the backend's port.
    pub packet: Packet,
}

impl Crossing {
    /// The local node, where it is the one that is asked.
    pub fn node<'a>(&self, world: &'a World) -> Option<&'a Node> {
        let is_it = |node: &&Node| node.local && node.name == self.subject.name;
        if self.subject.namespace.is_empty() { world.nodes.iter().find(is_it) } else { None }
    }
}

/// What a witness says of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why it is, or would be, stopped.
    pub reason: Reason,
    /// The rule that is told.
    pub rule: Option<RuleId>,
}

/// What a witness says of a packet and of what is asked in its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What it says of both together.
    pub told: Told,
    /// What the gate has to do with it.
    pub gate: Said,
}

/// What the gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing: the connection does not go through it.
    Unread,
    /// Nothing yet: nothing is asked.
    Unasked,
    /// The request passes.
    Passes,
    /// It is refused.
    Refuses(Refusal),
}

impl Said {
    /// What the gate says of a request, by what is refused of it.
    pub fn of(asked: Option<&Conversation>, refusal: Option<Refusal>) -> Said {
        match (asked, refusal) {
            (None, _) => Said::Unasked,
            (Some(_), None) => Said::Passes,
            (Some(_), Some(refusal)) => Said::Refuses(refusal),
        }
    }
}

/// Why a witness cannot judge something; it is counted, never passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit(pub String);

/// Whoever judges: rules read literally, tables, the kernel.
pub trait Witness {
    /// What it is called in reports.
    fn name(&self) -> &'static str;

    /// Whether it judges what a node itself sends and gets.
    fn knows_nodes(&self) -> bool {
        true
    }

    /// Takes note of a new state, before anything is judged in it.
    fn settle(&mut self, state: &State) -> Result<(), Unfit>;

    /// Judges one packet in the state that was settled last.
    fn judge(&mut self, state: &State, crossing: &Crossing) -> Result<Told, Unfit>;

    /// Whether it can say what becomes of requests.
    fn reads_requests(&self) -> bool {
        false
    }

    /// Judges one packet and what is asked in its connection. Who reads no requests judges the
    /// packet alone.
    fn ask(
        &mut self,
        state: &State,
        crossing: &Crossing,
        _: Option<&Conversation>,
    ) -> Result<Heard, Unfit> {
        Ok(Heard { told: self.judge(state, crossing)?, gate: Said::Unread })
    }
}

/// `policy::judge` as a witness.
#[derive(Clone, Copy, Debug, Default)]
pub struct Judge;

impl Witness for Judge {
    fn name(&self) -> &'static str {
        "judge"
    }

    fn settle(&mut self, _: &State) -> Result<(), Unfit> {
        Ok(())
    }

    fn judge(&mut self, state: &State, crossing: &Crossing) -> Result<Told, Unfit> {
        if let Some(node) = crossing.node(&state.world) {
            let Crossing { direction, ref peer, packet, .. } = *crossing;
            let judged = state.court().judge_node(node, direction, peer, packet);
            return Ok(told(&judged));
        }
        let subject = state
            .world
            .workload(&crossing.subject)
            .ok_or_else(|| Unfit(format!("no such workload: `{}`", crossing.subject)))?;
        let judged = state.court().judge(&Question {
            subject,
            direction: crossing.direction,
            peer: &crossing.peer,
            packet: crossing.packet,
        });
        Ok(told(&judged))
    }

    fn reads_requests(&self) -> bool {
        true
    }

    fn ask(
        &mut self,
        state: &State,
        crossing: &Crossing,
        conversation: Option<&Conversation>,
    ) -> Result<Heard, Unfit> {
        let plain = self.judge(state, crossing)?;
        let Some(subject) = state.world.workload(&crossing.subject) else {
            return Ok(Heard { told: plain, gate: Said::Unread });
        };
        let Crossing { direction, ref peer, packet, .. } = *crossing;
        let question = Question { subject, direction, peer, packet };
        let asked = conversation.cloned().unwrap_or_default();
        let judged = state.court().judge_request(&question, &asked);
        let ruling = match judged.enforced.action() == judged.both.action() {
            true => &judged.enforced,
            false => &judged.both,
        };
        let gate = match &ruling.gate {
            None => Said::Unread,
            Some(_) => Said::of(conversation, ruling.admission.refusal),
        };
        if conversation.is_none() {
            return Ok(Heard { told: plain, gate });
        }
        let (verdict, reason, rule) = (judged.verdict, judged.reason, judged.rule.cloned());
        Ok(Heard { told: Told { verdict, reason, rule }, gate })
    }
}

fn told(judged: &Judged<'_>) -> Told {
    Told { verdict: judged.verdict, reason: judged.reason, rule: judged.rule.cloned() }
}

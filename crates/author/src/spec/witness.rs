//! Witnesses: whoever can say what becomes of a packet, put to the same cases and compared.

use podwall_model::{Direction, Node, Reason, RuleId, Verdict, WorkloadName, World};
use podwall_policy::end::End;
use podwall_policy::judge::{Judged, Question};
use podwall_policy::matching::Packet;

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
}

fn told(judged: &Judged<'_>) -> Told {
    Told { verdict: judged.verdict, reason: judged.reason, rule: judged.rule.cloned() }
}

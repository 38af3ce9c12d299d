//! Witnesses: whoever can say what becomes of a packet, put to the same cases and compared.

use podwall_model::{Direction, Reason, RuleId, Verdict, WorkloadName};
use podwall_policy::end::End;
use podwall_policy::judge::Question;
use podwall_policy::matching::Packet;

use super::State;

/// One packet at one workload.
#[derive(Clone, Debug)]
pub struct Crossing {
    /// The workload whose policies are asked; it is in the state's world.
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
        Ok(Told { verdict: judged.verdict, reason: judged.reason, rule: judged.rule.cloned() })
    }
}

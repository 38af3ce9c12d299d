//! The compiled tables as a witness: walked as the kernel walks them.

use podwall_model::{Address, Reason, RuleId};
use podwall_policy::compile::{Compiled, resolve_all};
use podwall_policy::end::End;
use podwall_policy::identity::Identities;
use podwall_policy::judge::{told, verdict};
use podwall_policy::mode::PolicySet;
use podwall_policy::options::Options;
use podwall_policy::request::{Conversation, Refusal};
use podwall_policy::rule::Action;
use podwall_policy::table::{Decision, IdentityNumber, Lane};

use super::{Crossing, Heard, Said, State, Told, Unfit, Witness};
use crate::witness::classes;

/// What `policy::compile` makes of a state. Identities keep their numbers from state to state, as
/// they do on a node.
#[derive(Debug, Default)]
pub struct Tables {
    identities: Identities,
    compiled: Option<Compiled>,
}

impl Witness for Tables {
    fn name(&self) -> &'static str {
        "tables"
    }

    fn settle(&mut self, state: &State) -> Result<(), Unfit> {
        let State { policies, world, options, enforcement, .. } = state;
        let options = Options { enforcement: *enforcement, ..*options };
        self.compiled = Some(resolve_all(policies, world, &options, &mut self.identities));
        Ok(())
    }

    fn judge(&mut self, state: &State, crossing: &Crossing) -> Result<Told, Unfit> {
        let (enforced, both) = self.look_up(state, crossing)?;
        Ok(tell(&enforced, &both))
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
        let (enforced, both) = self.look_up(state, crossing)?;
        let Some(asked) = conversation else {
            let gate = match &enforced.sheet {
                Some(_) => Said::Unasked,
                None => Said::Unread,
            };
            return Ok(Heard { told: tell(&enforced, &both), gate });
        };
        let (by_enforced, by_both) = (Asked::of(&enforced, asked), Asked::of(&both, asked));
        let set = told(by_enforced.action, by_enforced.rule.as_ref(), by_both.action);
        let decided = match by_enforced.action == by_both.action {
            true => &by_enforced,
            false => &by_both,
        };
        let gate = match decided.gated {
            true => Said::of(conversation, decided.refusal),
            false => Said::Unread,
        };
        let verdict = verdict(by_enforced.action, by_both.action);
        let (reason, rule) = match set {
            PolicySet::Enforced => (by_enforced.reason, by_enforced.rule),
            PolicySet::Both => (by_both.reason, by_both.rule),
        };
        Ok(Heard { told: Told { verdict, reason, rule }, gate })
    }
}

/// What one table says of a request.
struct Asked {
    action: Action,
    reason: Reason,
    rule: Option<RuleId>,
    gated: bool,
    refusal: Option<Refusal>,
}

impl Asked {
    fn of(decision: &Decision, conversation: &Conversation) -> Asked {
        let plain = Asked {
            action: decision.action,
            reason: decision.reason(),
            rule: decision.rule.as_deref().cloned(),
            gated: false,
            refusal: None,
        };
        let Some(sheet) = &decision.sheet else { return plain };
        let admission = sheet.admit(conversation);
        let (action, reason) = match admission.refusal {
            None => (Action::Allow, Reason::None),
            Some(_) => (Action::Deny, Reason::DefaultDeny),
        };
        let rule = admission.rule.cloned();
        Asked { action, reason, rule, gated: true, refusal: admission.refusal }
    }
}

impl Tables {
    /// What the two tables say of a packet.
    fn look_up(&self, state: &State, crossing: &Crossing) -> Result<(Decision, Decision), Unfit> {
        let compiled = self.compiled.as_ref().expect("a state is settled before it is judged");
        // What a workload sends to itself meets no table.
        if crossing.peer.workload.as_ref() == Some(&crossing.subject) {
            return Ok((Decision::OPEN, Decision::OPEN));
        }
        let classes = classes(compiled);
        let class = match crossing.node(&state.world) {
            Some(_) => match &compiled.node {
                Some(node) if !crossing.peer.is_host() => node,
                Some(_) | None => return Ok((Decision::OPEN, Decision::OPEN)),
            },
            None => classes.get(&crossing.subject).ok_or_else(|| {
                Unfit(format!("a workload without a table: `{}`", crossing.subject))
            })?,
        };
        let peer = identity(compiled, &crossing.peer)?;
        let lane = Lane::new(crossing.packet.protocol, crossing.packet.port);
        let direction = crossing.direction;
        let enforced = class.enforce.half(direction).look_up(peer, lane).clone();
        let both = class.both.half(direction).look_up(peer, lane).clone();
        Ok((enforced, both))
    }
}

/// The number of an end: by its address, else by its reserved labels.
fn identity(compiled: &Compiled, end: &End) -> Result<IdentityNumber, Unfit> {
    if let Some(address) = end.address {
        return Ok(compiled.resolved.look_up(Address::from(address)));
    }
    let mut known = compiled.resolved.identities.iter();
    known
        .find(|(_, identity)| identity.labels == end.labels)
        .map(|(number, _)| *number)
        .ok_or_else(|| Unfit(format!("an end without an identity: `{end:?}`")))
}

fn tell(enforced: &Decision, both: &Decision) -> Told {
    let told = match told(enforced.action, enforced.rule.as_deref(), both.action) {
        PolicySet::Enforced => enforced,
        PolicySet::Both => both,
    };
    let reason: Reason = told.reason();
    Told {
        verdict: verdict(enforced.action, both.action),
        reason,
        rule: told.rule.as_deref().cloned(),
    }
}

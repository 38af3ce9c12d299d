//! The compiled tables as a witness: walked as the kernel walks them.

use podwall_model::{Address, Reason};
use podwall_policy::compile::{Compiled, resolve_all};
use podwall_policy::end::End;
use podwall_policy::identity::Identities;
use podwall_policy::judge::{told, verdict};
use podwall_policy::mode::PolicySet;
use podwall_policy::options::Options;
use podwall_policy::table::{Decision, IdentityNumber, Lane};

use super::{Crossing, State, Told, Unfit, Witness};
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
        let compiled = self.compiled.as_ref().expect("a state is settled before it is judged");
        // What a workload sends to itself meets no table.
        if crossing.peer.workload.as_ref() == Some(&crossing.subject) {
            return Ok(tell(&Decision::OPEN, &Decision::OPEN));
        }
        let classes = classes(compiled);
        let class = match crossing.node(&state.world) {
            Some(_) => match &compiled.node {
                Some(node) if !crossing.peer.is_host() => node,
                Some(_) | None => return Ok(tell(&Decision::OPEN, &Decision::OPEN)),
            },
            None => classes.get(&crossing.subject).ok_or_else(|| {
                Unfit(format!("a workload without a table: `{}`", crossing.subject))
            })?,
        };
        let peer = identity(compiled, &crossing.peer)?;
        let lane = Lane::new(crossing.packet.protocol, crossing.packet.port);
        let direction = crossing.direction;
        let enforced = class.enforce.half(direction).look_up(peer, lane);
        let both = class.both.half(direction).look_up(peer, lane);
        Ok(tell(enforced, both))
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

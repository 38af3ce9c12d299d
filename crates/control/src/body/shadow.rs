//! Rules and policies that add nothing as the set stands, in the meaning that `podwall lint` has:
//! `author::shadow`, with the modes that hold.

use std::collections::{BTreeMap, BTreeSet};

use podwall_author::shadow;
use podwall_model::Mode;
use podwall_policy::rule::{Policy, Rule};
use podwall_wire::rest::Shadow;

use crate::selection::shown_mode;
use crate::state::State;

/// The most rules that are named as standing in for one policy.
const NAMED: usize = 5;

/// What adds nothing, by id.
#[derive(Debug, Default)]
pub(crate) struct Shadows {
    rules: BTreeMap<String, Shadow>,
    policies: BTreeMap<String, Shadow>,
}

impl Shadows {
    /// As the policies stand.
    pub(crate) fn of(state: &State) -> Shadows {
        let shown = |policy| shown_mode(policy, state.world(), state.mode).0;
        let all = state.documents.policies().map(|policy| (policy, shown(policy)));
        let standing: Vec<(&Policy, Mode)> = all.filter(|(_, mode)| *mode != Mode::Off).collect();
        let set = shadow::Shadows::of(standing.iter().map(|(policy, mode)| (*policy, Some(*mode))));
        let mut shadows = Shadows::default();
        for (policy, mode) in standing {
            for rule in &policy.rules {
                let Some(found) = set.of_rule(rule, Some(mode)) else { continue };
                let shadow = Shadow { why: found.told(), by: vec![found.by.to_string()] };
                shadows.rules.insert(rule.id.to_string(), shadow);
            }
            let whole = shadows.whole(policy).filter(|_| set.isolate_as_well(policy, Some(mode)));
            shadows.policies.extend(whole.map(|shadow| (policy.id.to_string(), shadow)));
        }
        shadows
    }

    /// Of one rule.
    pub(crate) fn of_rule(&self, rule: &Rule) -> Option<Shadow> {
        self.rules.get(&rule.id.to_string()).cloned()
    }

    /// Of a policy without which nothing would be decided otherwise.
    pub(crate) fn of_policy(&self, policy: &Policy) -> Option<Shadow> {
        self.policies.get(&policy.id.to_string()).cloned()
    }

    /// A policy of which every rule adds nothing beside rules of others.
    fn whole(&self, policy: &Policy) -> Option<Shadow> {
        let rules = policy.rules.iter().filter(|rule| rule.id.index.is_some());
        let each: Option<Vec<Shadow>> = rules.map(|rule| self.of_rule(rule)).collect();
        let each = each.filter(|each| !each.is_empty())?;
        if let [only] = each.as_slice() {
            return Some(only.clone());
        }
        let by: BTreeSet<String> = each.into_iter().flat_map(|shadow| shadow.by).collect();
        let by: Vec<String> = by.into_iter().take(NAMED).collect();
        let names: Vec<String> = by.iter().map(|rule| format!("`{rule}`")).collect();
        let why = format!("none of its rules adds anything beside {}", names.join(", "));
        Some(Shadow { why, by })
    }
}

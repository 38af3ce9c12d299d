//! Rules that can never decide: another one is about the very same, does the same, and comes first
//! in the order of ids. Where one is only wider than another, `podwall lint` says so.

use std::collections::{BTreeMap, HashMap};

use podwall_model::{Direction, Mode};
use podwall_policy::rule::{Effect, Peers, Policy, Ports, Precedence, Rule, Subject};
use podwall_wire::rest::Shadow;

use crate::selection::shown_mode;
use crate::state::State;

/// What a rule is about and does there; rules of two namespaces are never about the same.
type About<'a> =
    (Option<&'a str>, &'a Subject, Direction, Effect, Precedence, &'a Peers, &'a Ports);

/// The rule that decides in the place of each that never does.
#[derive(Debug, Default)]
pub(crate) struct Shadows(BTreeMap<String, String>);

impl Shadows {
    /// As the policies stand. What enforces is asked where something in detection is, too; not the
    /// other way round.
    pub(crate) fn of(state: &State) -> Shadows {
        let mut about: HashMap<About<'_>, Vec<(&Rule, Mode)>> = HashMap::new();
        for policy in state.documents.policies() {
            let (mode, _) = shown_mode(policy, state.world(), state.mode);
            if mode == Mode::Off {
                continue;
            }
            for rule in policy.rules.iter().filter(|rule| says_something(rule)) {
                about.entry(key(policy, rule)).or_default().push((rule, mode));
            }
        }
        let mut shadows = BTreeMap::new();
        for rules in about.into_values().filter(|rules| rules.len() > 1) {
            for (rule, mode) in &rules {
                let before = rules.iter().filter(|(other, its)| other.id < rule.id && its >= mode);
                if let Some(first) = before.map(|(other, _)| &other.id).min() {
                    shadows.insert(rule.id.to_string(), first.to_string());
                }
            }
        }
        Shadows(shadows)
    }

    /// Of one rule.
    pub(crate) fn of_rule(&self, rule: &Rule) -> Option<Shadow> {
        let by = self.0.get(&rule.id.to_string())?;
        Some(Shadow { why: format!("`{by}` says the same and comes first"), by: vec![by.clone()] })
    }

    /// Of a policy of which no rule ever decides.
    pub(crate) fn of_policy(&self, policy: &Policy) -> Option<Shadow> {
        let rules = policy.rules.iter().filter(|rule| rule.id.index.is_some());
        let by: Option<Vec<String>> =
            rules.map(|rule| self.0.get(&rule.id.to_string()).cloned()).collect();
        let by = by.filter(|by| !by.is_empty())?;
        let names: Vec<String> = by.iter().map(|rule| format!("`{rule}`")).collect();
        Some(Shadow { why: format!("{} decides first, always", names.join(", ")), by })
    }
}

/// A list item without demands on requests.
fn says_something(rule: &Rule) -> bool {
    rule.id.index.is_some() && !rule.demands_any()
}

fn key<'a>(policy: &'a Policy, rule: &'a Rule) -> About<'a> {
    let namespace = policy.id.namespace.as_deref();
    let Rule { subject, direction, effect, precedence, peers, ports, .. } = rule;
    (namespace, subject, *direction, *effect, *precedence, peers, ports)
}

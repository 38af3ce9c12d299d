//! Rules that add nothing beside the others of their set: what all of them would decide without it
//! stays the same. One meaning for the findings of `lint` and for the marks on the page.
//!
//! Rules are compared by what they say, for every possible world; a doubtful case is a no.

use std::cmp::Ordering;
use std::collections::HashMap;

use podwall_model::{Direction, Mode, POD_NAMESPACE, RuleId};
use podwall_policy::rule::{Effect, Peers, Policy, Ports, Rule, Selector, Subject, Test};

use crate::lint::cover;

/// Why a rule adds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A deny that is asked before it stops all that it allows.
    Denied,
    /// What it asks of requests is not asked, since another one allows the same without.
    Unread,
    /// Another one does the same with all that it is about, or is asked before it for all of that.
    Repeated,
}

/// That a rule adds nothing, and beside which other one.
#[derive(Clone, Copy, Debug)]
pub struct Shadow<'a> {
    /// In which way.
    pub why: Why,
    /// The rule that stands in for it.
    pub by: &'a RuleId,
}

impl Shadow<'_> {
    /// One sentence without a full stop.
    pub fn told(&self) -> String {
        let by = self.by;
        match self.why {
            Why::Denied => format!(
                "the rule allows nothing: `{by}` denies all of it, and a deny beats every allow"
            ),
            Why::Unread => format!(
                "what the rule asks of requests is not asked: `{by}` allows the same without"
            ),
            Why::Repeated => format!("the rule adds nothing: `{by}` is about all of it already"),
        }
    }
}

/// The rules of a set, to be asked which of them add nothing.
#[derive(Debug, Default)]
pub struct Shadows<'a> {
    rules: HashMap<Place<'a>, Vec<Standing<'a>>>,
}

/// Where rules are looked for that may be about the same: a direction, and the namespace that their
/// subject is held to, if to one.
type Place<'a> = (Direction, Option<&'a str>);

#[derive(Clone, Copy, Debug)]
struct Standing<'a> {
    rule: &'a Rule,
    mode: Option<Mode>,
}

impl<'a> Shadows<'a> {
    /// Of policies, each in the mode in which it stands: `None` where that is not known.
    pub fn of(policies: impl IntoIterator<Item = (&'a Policy, Option<Mode>)>) -> Shadows<'a> {
        let mut rules: HashMap<Place<'a>, Vec<Standing<'a>>> = HashMap::new();
        for (policy, mode) in policies {
            for rule in &policy.rules {
                rules.entry(place(rule)).or_default().push(Standing { rule, mode });
            }
        }
        Shadows { rules }
    }

    /// Whether this rule, of a policy that stands in this mode, adds nothing.
    pub fn of_rule(&self, rule: &Rule, mode: Option<Mode>) -> Option<Shadow<'a>> {
        if !says_something(rule) {
            return None;
        }
        let mut first: Option<Shadow<'a>> = None;
        for other in self.beside(rule, mode) {
            let Some(why) = why(other, rule) else { continue };
            let better = first.is_none_or(|best| {
                (rank(why), other.id.policy != rule.id.policy, &other.id)
                    < (rank(best.why), best.by.policy != rule.id.policy, best.by)
            });
            if better {
                first = Some(Shadow { why, by: &other.id });
            }
        }
        first
    }

    /// With how many rules this one is compared.
    pub fn compared(&self, rule: &Rule) -> usize {
        let (direction, namespace) = place(rule);
        let count = |namespace| self.rules.get(&(direction, namespace)).map_or(0, Vec::len);
        count(namespace) + if namespace.is_some() { count(None) } else { 0 }
    }

    /// Whether what this policy isolates is isolated by others as well.
    pub fn isolate_as_well(&self, policy: &Policy, mode: Option<Mode>) -> bool {
        policy.rules.iter().filter(|rule| rule.isolates).all(|rule| {
            self.beside(rule, mode).any(|other| {
                other.isolates
                    && other.id.policy != policy.id
                    && cover::subject(&other.subject, &rule.subject)
            })
        })
    }

    /// The other rules that hold wherever this one does. What enforces is asked where something in
    /// detection is, too; not the other way round.
    fn beside<'s>(
        &'s self,
        rule: &'s Rule,
        mode: Option<Mode>,
    ) -> impl Iterator<Item = &'a Rule> + 's {
        let (direction, namespace) = place(rule);
        let wide = namespace.and(self.rules.get(&(direction, None)));
        let own = self.rules.get(&(direction, namespace));
        let alike = move |other: Option<Mode>| {
            other == mode || (mode == Some(Mode::Detect) && other == Some(Mode::Enforce))
        };
        let all = own.into_iter().chain(wide).flatten();
        all.filter(move |other| alike(other.mode) && other.rule.id != rule.id)
            .map(|other| other.rule)
    }
}

/// The more telling reason is the lower.
fn rank(why: Why) -> u8 {
    match why {
        Why::Denied => 0,
        Why::Unread => 1,
        Why::Repeated => 2,
    }
}

fn why(other: &Rule, rule: &Rule) -> Option<Why> {
    if !says_something(other) || !takes(other, rule) {
        return None;
    }
    let order = other.precedence.cmp(&rule.precedence);
    if rule.effect == Effect::Allow && other.effect == Effect::Deny && order.is_le() {
        return Some(Why::Denied);
    }
    let same_effect = other.effect == rule.effect && order == Ordering::Equal;
    if same_effect && rule.effect == Effect::Allow && rule.demands_any() && !other.demands_any() {
        return Some(Why::Unread);
    }
    repeats(other, rule, order).then_some(Why::Repeated)
}

/// Whether the other one stands in for this one: of two that are equal, the one of the lower id.
fn repeats(other: &Rule, rule: &Rule, order: Ordering) -> bool {
    let decides = match order {
        // A pass leaves it to the next tier, where this one may be.
        Ordering::Less => {
            other.effect != Effect::Pass || other.precedence.tier == rule.precedence.tier
        }
        Ordering::Equal => other.effect == rule.effect,
        Ordering::Greater => false,
    };
    let equal = order == Ordering::Equal && takes(rule, other);
    decides && (other.id < rule.id || !equal)
}

fn says_something(rule: &Rule) -> bool {
    rule.id.index.is_some()
        && rule.peers != Peers::AnyOf(Vec::new())
        && rule.ports != Ports::AnyOf(Vec::new())
}

/// Whether the first is about all that the second is about, requests included.
fn takes(wide: &Rule, narrow: &Rule) -> bool {
    wide.direction == narrow.direction
        && (!wide.demands_any() || wide.demands == narrow.demands)
        && cover::subject(&wide.subject, &narrow.subject)
        && cover::peers(&wide.peers, &narrow.peers)
        && cover::ports(&wide.ports, &narrow.ports)
}

fn place(rule: &Rule) -> Place<'_> {
    (rule.direction, namespace(&rule.subject))
}

/// The one namespace that a subject is held to.
fn namespace(subject: &Subject) -> Option<&str> {
    let Subject::Endpoints(Selector(asked)) = subject else { return None };
    asked.iter().find_map(|asked| match &asked.test {
        Test::In(values) if asked.key == POD_NAMESPACE => match values.as_slice() {
            [only] => Some(only.as_str()),
            _ => None,
        },
        Test::In(_) | Test::NotIn(_) | Test::Exists | Test::Absent => None,
    })
}

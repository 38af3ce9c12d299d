//! The judge: what a set of policies means for one packet, read off the rules one by one.
//!
//! It looks at every rule, keeps no index, and shares no code with the compiler, so that each can
//! witness against the other. Tiers are asked in order, and in a tier the priorities; of one
//! precedence a deny beats every allow, however specific, and among the rules of the winning effect
//! the first in the order of ids is the one that is said to decide.

mod request;

use podwall_model::{Direction, Mode, Node, Reason, RuleId, Verdict, Workload, World};

pub use self::request::{JudgedRequest, Ruling};
use crate::end::End;
use crate::matching::{self, Packet};
use crate::mode::{self, PolicySet};
pub use crate::options::Enforcement;
use crate::options::Options;
use crate::rule::{Action, Policy, Rule, Tier};

/// A world and the policies in it.
#[derive(Clone, Copy, Debug)]
pub struct Court<'a> {
    /// The policies, those in detection and those that are off too.
    pub policies: &'a [Policy],
    /// The world.
    pub world: &'a World,
    /// The cluster-wide choices.
    pub options: Options,
    /// When a direction is default-deny.
    pub enforcement: Enforcement,
}

/// One packet at one workload.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Whose policies are asked.
    pub subject: &'a Workload,
    /// Into it or out of it.
    pub direction: Direction,
    /// The other end.
    pub peer: &'a End,
    /// The packet.
    pub packet: Packet,
}

/// What one set of policies says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement<'a> {
    /// Whether it may pass.
    pub action: Action,
    /// The rule that decided. `None` with allow: no rule is about it, and nothing isolates the
    /// direction. `None` with deny: something does (default deny).
    pub rule: Option<&'a Rule>,
    /// Whether some policy isolates the direction.
    pub isolated: bool,
}

/// What both sets together say: E decides, E+D is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged<'a> {
    /// What becomes of the packet.
    pub verdict: Verdict,
    /// Why it is, or would be, stopped.
    pub reason: Reason,
    /// The rule that is told: see [`told`].
    pub rule: Option<&'a RuleId>,
    /// What E says.
    pub enforced: Judgement<'a>,
    /// What E+D says.
    pub both: Judgement<'a>,
}

/// Which of two decisions is told of a packet that both sets judged.
///
/// What E drops, E explains. What E lets pass is told as E+D has it if that would drop it, or if no
/// rule of E is about it; else as E has it.
pub fn told(enforced: Action, rule_of_enforced: Option<&RuleId>, both: Action) -> PolicySet {
    match (enforced, both, rule_of_enforced) {
        (Action::Deny, _, _) | (Action::Allow, Action::Allow, Some(_)) => PolicySet::Enforced,
        (Action::Allow, Action::Deny, _) | (Action::Allow, Action::Allow, None) => PolicySet::Both,
    }
}

/// What becomes of a packet on which the two sets say this.
pub fn verdict(enforced: Action, both: Action) -> Verdict {
    match (enforced, both) {
        (Action::Allow, Action::Allow) => Verdict::Forwarded,
        (Action::Allow, Action::Deny) => Verdict::WouldDrop,
        (Action::Deny, Action::Deny) => Verdict::Dropped,
        (Action::Deny, Action::Allow) => Verdict::WouldAllow,
    }
}

impl<'a> Judged<'a> {
    /// What is told where the two sets say this.
    fn of(enforced: Judgement<'a>, both: Judgement<'a>) -> Judged<'a> {
        let told = match told(enforced.action, enforced.rule_id(), both.action) {
            PolicySet::Enforced => enforced,
            PolicySet::Both => both,
        };
        Judged {
            verdict: verdict(enforced.action, both.action),
            reason: told.reason(),
            rule: told.rule_id(),
            enforced,
            both,
        }
    }
}

impl<'a> Judgement<'a> {
    const OPEN: Judgement<'static> =
        Judgement { action: Action::Allow, rule: None, isolated: false };

    /// Why it stops a packet, or that it does not.
    pub fn reason(&self) -> Reason {
        match (self.action, self.rule) {
            (Action::Allow, _) => Reason::None,
            (Action::Deny, None) => Reason::DefaultDeny,
            (Action::Deny, Some(_)) => Reason::DenyRule,
        }
    }

    /// The name of the rule that decided.
    pub fn rule_id(&self) -> Option<&'a RuleId> {
        self.rule.map(|rule| &rule.id)
    }
}

impl<'a> Court<'a> {
    /// A court with nothing out of the ordinary.
    pub fn new(policies: &'a [Policy], world: &'a World, options: Options) -> Court<'a> {
        Court { policies, world, options, enforcement: options.enforcement }
    }

    /// Judges by both sets.
    pub fn judge(&self, question: &Question<'_>) -> Judged<'a> {
        let enforced = self.judge_by(PolicySet::Enforced, question);
        let both = self.judge_by(PolicySet::Both, question);
        Judged::of(enforced, both)
    }

    /// Judges by one set.
    pub fn judge_by(&self, set: PolicySet, question: &Question<'_>) -> Judgement<'a> {
        let Question { subject, direction, peer, packet } = *question;
        // A pod on its node's network has no policies of its own, and nobody is kept from himself.
        let itself = peer.workload.as_ref() == Some(&subject.name);
        if subject.host_network || itself || self.enforcement == Enforcement::Never {
            return Judgement::OPEN;
        }
        let end = End::of(subject, None, self.world, &self.options);
        let rules = self.rules(set, subject, &end, direction);
        let judgement = self.weigh(&rules, &end, peer, packet);
        // What is stopped because its rules are in conflict stays so for the node too.
        let exempt = self.exempts(question)
            && !rules.is_empty()
            && !self.hear(&rules, &end, peer, packet).is_in_conflict();
        match (judgement.action, judgement.rule, exempt) {
            (Action::Deny, None, true) => Judgement { action: Action::Allow, ..judgement },
            (Action::Allow | Action::Deny, _, _) => judgement,
        }
    }

    /// Judges what the local node itself sends or gets, by both sets. Where policies about nodes
    /// do not hold, everything passes.
    pub fn judge_node(
        &self,
        node: &Node,
        direction: Direction,
        peer: &End,
        packet: Packet,
    ) -> Judged<'a> {
        let by = |set: PolicySet| {
            let itself = peer.is_host();
            if !self.options.host_policies || itself || self.enforcement == Enforcement::Never {
                return Judgement::OPEN;
            }
            let end = End::node(node, &self.options);
            let about = |rule: &&Rule| matching::selects_node(rule, node, direction);
            let rules: Vec<&Rule> = self.of_set(set, None).filter(about).collect();
            self.weigh(&rules, &end, peer, packet)
        };
        Judged::of(by(PolicySet::Enforced), by(PolicySet::Both))
    }

    /// What rules that are all about one subject and direction say of a packet, tier by tier. What
    /// isolates is final: the tier behind the normal one is asked only where nothing does.
    fn weigh(&self, rules: &[&'a Rule], end: &End, peer: &End, packet: Packet) -> Judgement<'a> {
        let isolated = self.isolates(rules);
        let settled = rules.iter().any(|rule| rule.isolates);
        for tier in Tier::ALL {
            if tier == Tier::Baseline && settled {
                break;
            }
            let fits = |rule: &&&Rule| {
                rule.precedence.tier == tier && matching::fit(rule, end, peer, packet, self).whole()
            };
            let first = rules
                .iter()
                .filter(fits)
                .min_by_key(|rule| (rule.precedence, rule.effect, &rule.id))
                .copied();
            if let Some(rule) = first
                && let Some(action) = rule.effect.action()
            {
                // Rules that want different things read of one connection let none pass.
                if action == Action::Allow
                    && tier == Tier::Normal
                    && self.hear(rules, end, peer, packet).is_in_conflict()
                {
                    return Judgement { action: Action::Deny, rule: None, isolated };
                }
                return Judgement { action, rule: Some(rule), isolated };
            }
        }
        let action = if isolated { Action::Deny } else { Action::Allow };
        Judgement { action, rule: None, isolated }
    }

    /// The rules of one set that are about a workload in one direction.
    pub fn rules(
        &self,
        set: PolicySet,
        subject: &Workload,
        end: &End,
        direction: Direction,
    ) -> Vec<&'a Rule> {
        let namespace = self.world.namespace(&subject.name.namespace).and_then(|n| n.mode);
        self.of_set(set, namespace).filter(|rule| matching::selects(rule, end, direction)).collect()
    }

    /// The rules of the policies of a set, where the subject's namespace has this mode.
    fn of_set(&self, set: PolicySet, namespace: Option<Mode>) -> impl Iterator<Item = &'a Rule> {
        let cluster = self.options.mode;
        let belongs =
            move |policy: &&Policy| set.holds(mode::effective(policy.mode, namespace, cluster).0);
        self.policies.iter().filter(belongs).flat_map(|policy| &policy.rules)
    }

    /// Whether the packet is one of the node's to its own workload, which it may always reach.
    fn exempts(&self, question: &Question<'_>) -> bool {
        question.direction == Direction::Ingress
            && question.peer.is_host()
            && self.options.host_access
    }

    fn isolates(&self, rules: &[&Rule]) -> bool {
        match self.enforcement {
            Enforcement::Always => true,
            Enforcement::Default => rules.iter().any(|rule| rule.isolates),
            Enforcement::Never => false,
        }
    }
}

//! The ranking: all rules in the order in which they decide. The lowest rank that matches wins.
//!
//! Tiers and priorities come first; of one precedence every deny stands before every allow, and
//! among equals the first id decides (docs/adr/0001).

use std::ops::Index;
use std::sync::Arc;

use podwall_model::RuleId;

use super::fault::{Fault, seeded};
use crate::rule::{Effect, Policy, Rule, Tier};
use crate::table::Decision;

/// A rule's place in the ranking, or one of the two outcomes that no rule stands behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Rank(pub(super) u32);

impl Rank {
    /// Passes without a rule: not isolated, or the node on its way to its own workload.
    pub(super) const OPEN: Rank = Rank(u32::MAX - 1);
    /// Isolated, and no rule allows it.
    pub(super) const DEFAULT_DENY: Rank = Rank(u32::MAX);

    /// Whether no rule stands behind it.
    pub(super) fn is_outcome(self) -> bool {
        self >= Rank::OPEN
    }
}

/// One rule in the ranking.
pub(super) struct Ranked<'a> {
    pub(super) rule: &'a Rule,
    /// The position of its policy among those given.
    pub(super) policy: usize,
    id: Arc<RuleId>,
}

/// All rules, ranked.
pub(super) struct Ranking<'a>(Vec<Ranked<'a>>);

impl<'a> Ranking<'a> {
    /// Ranks the rules of these policies, in whatever order those come.
    pub(super) fn of(policies: &'a [Policy]) -> Ranking<'a> {
        let mut by_name: Vec<(usize, &Policy)> = policies.iter().enumerate().collect();
        by_name.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        let mut rules: Vec<(usize, &Rule)> = Vec::new();
        for (position, policy) in by_name {
            let start = rules.len();
            rules.extend(policy.rules.iter().map(|rule| (position, rule)));
            rules[start..].sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        }
        if seeded(Fault::LastRuleDecides) {
            rules.reverse();
        }
        rules.sort_by_key(|(_, rule)| {
            let weight = match rule.effect {
                Effect::Deny => if_seeded(Fault::AllowWins, 1, 0),
                Effect::Allow => if_seeded(Fault::AllowWins, 0, 1),
                Effect::Pass => 2,
            };
            (rule.precedence, weight)
        });
        Ranking(
            rules
                .into_iter()
                .map(|(policy, rule)| Ranked { rule, policy, id: Arc::new(rule.id.clone()) })
                .collect(),
        )
    }

    /// Every rank, the strongest first.
    pub(super) fn ranks(&self) -> impl Iterator<Item = Rank> {
        (0..u32::try_from(self.0.len()).expect("fewer than 2^32 rules")).map(Rank)
    }

    /// The id of the rule of a rank.
    pub(super) fn id(&self, rank: Rank) -> Arc<RuleId> {
        Arc::clone(&self[rank].id)
    }

    /// What a rank says of a packet.
    pub(super) fn decision(&self, rank: Rank) -> Decision {
        match rank {
            Rank::OPEN => Decision::OPEN,
            Rank::DEFAULT_DENY => Decision::DEFAULT_DENY,
            Rank(_) => {
                let ranked = &self[rank];
                let action = ranked.rule.effect.action().expect("no pass is left in a row");
                Decision { action, rule: Some(Arc::clone(&ranked.id)), sheet: None }
            }
        }
    }

    /// Whether a rule of this tier stands behind a rank.
    pub(super) fn is_in(&self, rank: Rank, tier: Tier) -> bool {
        rank < Rank::OPEN && self[rank].rule.precedence.tier == tier
    }

    /// Whether a pass stands behind a rank.
    pub(super) fn passes(&self, rank: Rank) -> bool {
        rank < Rank::OPEN && self[rank].rule.effect == Effect::Pass
    }
}

fn if_seeded(fault: Fault, then: u8, otherwise: u8) -> u8 {
    if seeded(fault) { then } else { otherwise }
}

impl<'a> Index<Rank> for Ranking<'a> {
    type Output = Ranked<'a>;

    fn index(&self, rank: Rank) -> &Ranked<'a> {
        &self.0[rank.0 as usize]
    }
}

//! Rows that lead to the gate: where some rule asks something of requests, every rule that lets a
//! packet pass has a say, not the strongest alone.

use std::sync::Arc;

use super::members::Peerage;
use super::rulebook::{Rank, Ranking};
use super::sweep::Cover;
use crate::gate::{Conflict, Default, Member, Reach, Sheet};
use crate::rule::{Action, Effect, Tier};
use crate::table::{Decision, Lane, Row, Step};

/// Whether some cover is one that asks something.
pub(super) fn is_gated(ranking: Ranking<'_>, covers: &[Cover]) -> bool {
    covers.iter().any(|cover| !cover.rank.is_outcome() && ranking[cover.rank].demands_any())
}

/// The row of these covers, with a sheet on each step that leads to the gate. `swept` is what
/// decides from which lane on.
pub(super) fn row(
    ranking: Ranking<'_>,
    peerage: &Peerage,
    covers: &[Cover],
    swept: &[(u32, Rank)],
    default: Default,
) -> Row {
    let mut edges: Vec<u32> = swept.iter().map(|(lane, _)| *lane).collect();
    edges.extend(covers.iter().flat_map(|cover| [cover.span.first, cover.span.last + 1]));
    edges.retain(|edge| *edge < Lane::END);
    edges.sort_unstable();
    edges.dedup();
    let mut waiting: Vec<Cover> = covers.to_vec();
    waiting.sort_unstable_by_key(|cover| cover.span.first);
    let mut waiting = waiting.into_iter().peekable();
    let mut open: Vec<Cover> = Vec::new();
    let mut steps: Vec<Step> = Vec::new();
    for edge in edges {
        open.retain(|cover| cover.span.last >= edge);
        while let Some(cover) = waiting.next_if(|cover| cover.span.first <= edge) {
            open.push(cover);
        }
        let after = swept.partition_point(|(lane, _)| *lane <= edge);
        let decision = decision(ranking, peerage, swept[after - 1].1, &open, default);
        if steps.last().is_none_or(|step| step.decision != decision) {
            steps.push(Step { first: Lane(edge), decision });
        }
    }
    Row::new(steps)
}

fn decision(
    ranking: Ranking<'_>,
    peerage: &Peerage,
    strongest: Rank,
    open: &[Cover],
    default: Default,
) -> Decision {
    let decision = ranking.decision(strongest);
    if decision.action == Action::Deny || !ranking.is_in(strongest, Tier::Normal) {
        return decision;
    }
    let mut said: Vec<Cover> = open.to_vec();
    said.sort_unstable();
    said.dedup();
    let members = said.iter().filter_map(|cover| member(ranking, peerage, cover, &said)).collect();
    match Sheet::of(members, default) {
        Ok(None) => decision,
        Ok(Some(sheet)) => Decision { sheet: Some(Arc::new(sheet)), ..decision },
        Err(Conflict) => Decision::DEFAULT_DENY,
    }
}

fn member(
    ranking: Ranking<'_>,
    peerage: &Peerage,
    cover: &Cover,
    said: &[Cover],
) -> Option<Member> {
    if cover.rank.is_outcome() {
        // The node's own way; nothing else that no rule stands behind is ever covered.
        return Some(Member { rule: None, item: 0, demand: None, reach: Reach::Range });
    }
    let entry = &ranking[cover.rank];
    if entry.effect != Effect::Allow || !ranking.is_in(cover.rank, Tier::Normal) {
        return None;
    }
    let item = entry.demands.get(cover.item as usize);
    let demand = item.map(|item| &item.demand).filter(|demand| demand.protocol().is_some());
    let asks_names = |other: &Cover| {
        !other.rank.is_outcome() && {
            let item = ranking[other.rank].demands.get(other.item as usize);
            item.is_some_and(|item| !item.demand.server_names.is_empty())
        }
    };
    let is_swallowed = demand.is_none_or(|demand| demand.server_names.is_empty())
        && said.iter().any(|other| {
            other.span == cover.span
                && asks_names(other)
                && peerage.have_one_peer(entry.peers, ranking[other.rank].peers)
        });
    let reach = if is_swallowed {
        Reach::Swallowed
    } else if cover.span.first == cover.span.last {
        Reach::Port
    } else {
        Reach::Range
    };
    let rule = Some(Arc::clone(&entry.id));
    Some(Member { rule, item: cover.item, demand: demand.cloned(), reach })
}

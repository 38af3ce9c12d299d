//! Rows: what a half says of the members of some of its bands. Equal rows are one.

use std::sync::Arc;

use super::band::Bands;
use super::fault::{Fault, seeded};
use super::gated;
use super::members::Peerage;
use super::rulebook::{Rank, Ranking};
use super::sweep::{Cover, overlaid, sweep};
use crate::gate::Default;
use crate::hash::HashMap;
use crate::rule::Tier;
use crate::table::{Lane, Row, Step};

/// Rows by their steps: from which lane on which rule decides, or which outcome.
pub(super) type KnownRows = HashMap<Vec<(u32, u32)>, Arc<Row>>;

/// Makes the rows of one half.
pub(super) struct Rows<'a> {
    ranking: Ranking<'a>,
    peerage: &'a Peerage,
    /// What holds where nothing covers.
    otherwise: Rank,
    known: &'a mut KnownRows,
    covers: Vec<Cover>,
}

impl<'a> Rows<'a> {
    /// Of a half of these rules.
    pub(super) fn new(
        ranking: Ranking<'a>,
        peerage: &'a Peerage,
        otherwise: Rank,
        known: &'a mut KnownRows,
    ) -> Rows<'a> {
        Rows { ranking, peerage, otherwise, known, covers: Vec::new() }
    }

    /// The row of who is in these bands, by their places.
    pub(super) fn row(&mut self, bands: &Bands, signature: &[u32]) -> Arc<Row> {
        let mut covers = std::mem::take(&mut self.covers);
        covers.clear();
        covers.extend(&bands.base);
        for at in signature {
            covers.extend(&bands.bands[*at as usize].covers);
        }
        let row = self.made(&mut covers);
        self.covers = covers;
        row
    }

    fn made(&mut self, covers: &mut Vec<Cover>) -> Arc<Row> {
        let is_gated = gated::is_gated(self.ranking, covers);
        let swept = self.passed_on(covers);
        if is_gated && gated::is_gated(self.ranking, covers) {
            let default = match self.otherwise {
                Rank::DEFAULT_DENY => Default::Refuse,
                _ => Default::Pass,
            };
            return Arc::new(gated::row(self.ranking, self.peerage, covers, &swept, default));
        }
        let key: Vec<(u32, u32)> =
            swept.iter().map(|(lane, rank)| (*lane, self.ranking.number(*rank))).collect();
        if let Some(row) = self.known.get(&key) {
            return Arc::clone(row);
        }
        let mut steps: Vec<Step> = Vec::with_capacity(swept.len());
        let mut before = None;
        for (lane, rank) in &swept {
            // Ids are unique as policies' names are; should two rules share one, they are one step.
            if before.is_none_or(|before| !self.ranking.say_the_same(before, *rank)) {
                steps.push(Step { first: Lane(*lane), decision: self.ranking.decision(*rank) });
            }
            before = Some(*rank);
        }
        let row = Arc::new(Row::merged(steps));
        self.known.insert(key, Arc::clone(&row));
        row
    }

    /// Steps in which no pass is left: where one is the strongest, its tier is asked no further.
    fn passed_on(&self, covers: &mut Vec<Cover>) -> Vec<(u32, Rank)> {
        let ranking = self.ranking;
        let mut steps = sweep(covers, self.otherwise);
        for tier in Tier::ALL {
            let passes = |rank: Rank| ranking.passes(rank) && ranking.is_in(rank, tier);
            if !steps.iter().any(|(_, rank)| passes(*rank)) {
                continue;
            }
            covers.retain(|cover| {
                let goes = match seeded(Fault::PassStaysInTier) {
                    true => ranking.passes(cover.rank),
                    false => true,
                };
                !(goes && ranking.is_in(cover.rank, tier))
            });
            steps = overlaid(&steps, &sweep(covers, self.otherwise), passes);
        }
        steps
    }
}

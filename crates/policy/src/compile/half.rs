//! Halves: the rules that select a class in one direction, made into rows for each identity.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use podwall_model::{Direction, NamedPort};

use super::class::Class;
use super::fault::{Fault, seeded};
use super::gated;
use super::members::{Members, Peerage};
use super::ranking::{Rank, Ranking};
use super::span::{self, Server, Span};
use super::sweep::{Cover, overlaid, sweep};
use crate::demand::PortDemand;
use crate::gate::Default;
use crate::identity::Identity;
use crate::options::{Enforcement, Options};
use crate::rule::{Rule, Tier};
use crate::table::{Half, IdentityNumber, Lane, Row, Step};

/// What a half depends on: equal keys are equal halves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct HalfKey {
    direction: Direction,
    isolated: bool,
    ranks: Arc<[Rank]>,
    /// The subject's ports, where some rule speaks of one by name.
    ports: BTreeSet<NamedPort>,
}

/// Makes halves, and remembers rows.
pub(super) struct Halves<'a> {
    peerage: Peerage<'a>,
    options: Options,
    rows: HashMap<Vec<(u32, Rank)>, Arc<Row>>,
}

/// What holds for every peer of a half, and what more for some.
struct Covers {
    base: Vec<Cover>,
    /// By the position of the identity.
    more: Vec<(u32, Cover)>,
}

impl<'a> Halves<'a> {
    pub(super) fn new(
        identities: &'a BTreeMap<IdentityNumber, Identity>,
        options: Options,
    ) -> Halves<'a> {
        Halves { peerage: Peerage::new(identities, options), options, rows: HashMap::new() }
    }

    /// What a half of these rules would depend on.
    pub(super) fn key(
        &self,
        ranking: &Ranking<'_>,
        direction: Direction,
        ranks: Vec<Rank>,
        class: &Class,
    ) -> HalfKey {
        let isolates = |rank: &Rank| ranking[*rank].rule.isolates || seeded(Fault::AnyRuleIsolates);
        let isolated = match self.options.enforcement {
            Enforcement::Default => ranks.iter().any(isolates) && !seeded(Fault::NothingIsolates),
            Enforcement::Always => true,
            Enforcement::Never => false,
        };
        let mut ranks = ranks;
        // What a rule isolates is settled by the normal tier: the baseline is not asked.
        if ranks.iter().any(isolates) && !seeded(Fault::BaselineOpens) {
            ranks.retain(|rank| !ranking.is_in(*rank, Tier::Baseline));
        }
        let by_name = direction == Direction::Ingress || seeded(Fault::PeersNameIsSubjects);
        let names = |rank: &Rank| span::has_names(&ranking[*rank].rule.ports);
        let ports =
            if by_name && ranks.iter().any(names) { class.ports.clone() } else { BTreeSet::new() };
        HalfKey { direction, isolated, ranks: ranks.into(), ports }
    }

    /// The half of these rules.
    pub(super) fn half(&mut self, ranking: &Ranking<'a>, key: &HalfKey) -> Half {
        let otherwise = if key.isolated { Rank::DEFAULT_DENY } else { Rank::OPEN };
        if key.ranks.is_empty() {
            // Without any rule the node has no exemption either (Cilium's `always`).
            let fallback = Arc::new(Row::uniform(ranking.decision(otherwise)));
            return Half { isolated: key.isolated, fallback, rows: BTreeMap::new() };
        }
        let Covers { base, mut more } = self.covers(ranking, key);
        let fallback = self.row(ranking, &mut base.clone(), otherwise);
        more.sort_by_key(|(position, _)| *position);
        let mut rows = BTreeMap::new();
        let mut known: HashMap<Vec<Cover>, Arc<Row>> = HashMap::new();
        for group in more.chunk_by(|(a, _), (b, _)| a == b) {
            let own: Vec<Cover> = group.iter().map(|(_, cover)| *cover).collect();
            let row = match known.get(&own) {
                Some(row) => Arc::clone(row),
                None => {
                    let mut covers = base.clone();
                    covers.extend(&own);
                    let row = self.row(ranking, &mut covers, otherwise);
                    known.insert(own, Arc::clone(&row));
                    row
                }
            };
            if !Arc::ptr_eq(&row, &fallback) {
                rows.insert(self.peerage.number(group[0].0), row);
            }
        }
        Half { isolated: key.isolated, fallback, rows }
    }

    fn covers(&mut self, ranking: &Ranking<'a>, key: &HalfKey) -> Covers {
        let mut covers = Covers { base: Vec::new(), more: Vec::new() };
        for &rank in key.ranks.iter() {
            let rule = ranking[rank].rule;
            let members = self.peerage.members(&rule.peers);
            if rule.demands_any() {
                self.cover_items(&mut covers, (rank, rule), &members, key);
                continue;
            }
            let mut spans = span::fixed(&rule.ports);
            let names_of_peers =
                key.direction == Direction::Egress && !seeded(Fault::PeersNameIsSubjects);
            if names_of_peers {
                if span::has_names(&rule.ports) {
                    for position in self.peerage.each(&members) {
                        let declared = &self.peerage.identity(position).ports;
                        let spans = span::named(&rule.ports, declared, Server::Peer);
                        covers.add_for(position, rank, &spans);
                    }
                }
            } else {
                spans.extend(span::named(&rule.ports, &key.ports, Server::Subject));
            }
            match &members {
                Members::Everyone => covers.add(rank, &spans),
                Members::Listed(positions) => {
                    positions.iter().for_each(|position| covers.add_for(*position, rank, &spans));
                }
            }
        }
        if key.direction == Direction::Ingress && key.isolated && self.options.host_access {
            self.exempt_host(&mut covers);
        }
        covers
    }

    /// The covers of each item of a rule that asks something of requests, told apart.
    fn cover_items(
        &self,
        covers: &mut Covers,
        (rank, rule): (Rank, &Rule),
        members: &Members,
        key: &HalfKey,
    ) {
        for (item, PortDemand { ports, .. }) in (0u32..).zip(&rule.demands) {
            let at = |span: &Span| Cover { rank, item, span: *span };
            let mut spans = span::fixed(ports);
            match key.direction {
                Direction::Ingress => spans.extend(span::named(ports, &key.ports, Server::Subject)),
                Direction::Egress if span::has_names(ports) => {
                    for position in self.peerage.each(members) {
                        let declared = &self.peerage.identity(position).ports;
                        let named = span::named(ports, declared, Server::Peer);
                        covers.more.extend(named.iter().map(|span| (position, at(span))));
                    }
                }
                Direction::Egress => {}
            }
            match members {
                Members::Everyone => covers.base.extend(spans.iter().map(at)),
                Members::Listed(positions) => {
                    for position in positions.iter() {
                        covers.more.extend(spans.iter().map(|span| (*position, at(span))));
                    }
                }
            }
        }
    }

    /// The node always reaches its own workloads, where no rule says otherwise.
    fn exempt_host(&self, covers: &mut Covers) {
        if seeded(Fault::HostNeedsRule) {
            return;
        }
        let rank = if seeded(Fault::HostBeatsDeny) { Rank(0) } else { Rank::OPEN };
        for position in self.peerage.hosts() {
            covers.add_for(*position, rank, &[Span::EVERYTHING]);
        }
    }

    fn row(&mut self, ranking: &Ranking<'a>, covers: &mut Vec<Cover>, otherwise: Rank) -> Arc<Row> {
        let swept = passed_on(ranking, covers, otherwise);
        if gated::is_gated(ranking, covers) {
            let default = match otherwise {
                Rank::DEFAULT_DENY => Default::Refuse,
                _ => Default::Pass,
            };
            return Arc::new(gated::row(ranking, covers, &swept, default));
        }
        if let Some(row) = self.rows.get(&swept) {
            return Arc::clone(row);
        }
        let mut steps: Vec<Step> = Vec::with_capacity(swept.len());
        for (lane, rank) in &swept {
            let decision = ranking.decision(*rank);
            // Ids are unique as policies' names are; should two rules share one, they are one step.
            if steps.last().is_none_or(|step| step.decision != decision) {
                steps.push(Step { first: Lane(*lane), decision });
            }
        }
        let row = Arc::new(Row::new(steps));
        self.rows.insert(swept, Arc::clone(&row));
        row
    }
}

/// Steps in which no pass is left: where one is the strongest, its tier is asked no further.
fn passed_on(ranking: &Ranking<'_>, covers: &mut Vec<Cover>, otherwise: Rank) -> Vec<(u32, Rank)> {
    let mut steps = sweep(covers, otherwise);
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
        steps = overlaid(&steps, &sweep(covers, otherwise), passes);
    }
    steps
}

impl Covers {
    fn add(&mut self, rank: Rank, spans: &[Span]) {
        self.base.extend(spans.iter().map(|span| Cover { rank, item: 0, span: *span }));
    }

    fn add_for(&mut self, position: u32, rank: Rank, spans: &[Span]) {
        self.more.extend(spans.iter().map(|span| (position, Cover { rank, item: 0, span: *span })));
    }
}

//! Bands: what a half's rules cover for everyone, and what more for the members of some peers.

use std::sync::Arc;

use podwall_model::Direction;

use super::fault::{Fault, seeded};
use super::half::HalfKey;
use super::members::{Members, Peerage, PeersNumber};
use super::rulebook::{Entry, Rank, Ranking};
use super::span::{self, Server, Span};
use super::sweep::Cover;
use super::words::Words;
use crate::demand::PortDemand;
use crate::hash::HashMap;
use crate::options::Options;
use crate::rule::Effect;

/// Identities for which the same rules cover the same.
#[derive(Debug)]
pub(super) struct Band {
    /// Their positions, in order.
    pub(super) members: Arc<[u32]>,
    pub(super) covers: Vec<Cover>,
}

/// What the rules of a half cover.
#[derive(Debug, Default)]
pub(super) struct Bands {
    /// For every peer.
    pub(super) base: Vec<Cover>,
    pub(super) bands: Vec<Band>,
    by_peers: HashMap<PeersNumber, u32>,
    /// Whether what some rule covers depends on what a peer calls its ports.
    by_name: bool,
}

impl Bands {
    /// Of the rules of a half.
    pub(super) fn of(
        key: &HalfKey,
        ranking: Ranking<'_>,
        peerage: &mut Peerage,
        words: &Words,
        options: &Options,
    ) -> Bands {
        let mut bands = Bands::default();
        let mut is_plain = true;
        for (rank, rule) in ranking.ranks() {
            is_plain &= !rule.demands_any() && rule.effect != Effect::Pass;
            let members = peerage.members(rule.peers, words);
            if rule.demands_any() {
                bands.add_items((rank, rule), &members, key, peerage);
                continue;
            }
            let at = |span: &Span| Cover { rank, item: 0, span: *span };
            bands.add(rule.peers, &members, rule.spans.iter().map(at));
            let Some(ports) = &rule.named else { continue };
            if key.direction == Direction::Egress && !seeded(Fault::PeersNameIsSubjects) {
                let spans =
                    |position| span::named(ports, &peerage.identity(position).ports, Server::Peer);
                bands.add_named(&peerage.each(&members), spans, at);
            } else {
                let spans = span::named(ports, &key.ports, Server::Subject);
                bands.add(rule.peers, &members, spans.iter().map(at));
            }
        }
        if key.direction == Direction::Ingress && key.isolated && options.host_access {
            bands.exempt_host(peerage);
        }
        if is_plain {
            bands.reduce();
        }
        bands
    }

    fn add(&mut self, peers: PeersNumber, members: &Members, covers: impl Iterator<Item = Cover>) {
        match members {
            Members::Everyone => self.base.extend(covers),
            Members::Listed(positions) => {
                let at = *self.by_peers.entry(peers).or_insert_with(|| {
                    let members = Arc::clone(positions);
                    self.bands.push(Band { members, covers: Vec::new() });
                    u32::try_from(self.bands.len() - 1).expect("fewer than 2^32 bands")
                });
                self.bands[at as usize].covers.extend(covers);
            }
        }
    }

    /// What a port by name covers depends on what each peer calls so.
    fn add_named(
        &mut self,
        positions: &[u32],
        spans: impl Fn(u32) -> Vec<Span>,
        at: impl Fn(&Span) -> Cover,
    ) {
        self.by_name = true;
        let mut alike: HashMap<Vec<Span>, Vec<u32>> = HashMap::default();
        for position in positions {
            let spans = spans(*position);
            if !spans.is_empty() {
                alike.entry(spans).or_default().push(*position);
            }
        }
        let mut alike: Vec<(Vec<Span>, Vec<u32>)> = alike.into_iter().collect();
        alike.sort_unstable();
        for (spans, members) in alike {
            let covers = spans.iter().map(&at).collect();
            self.bands.push(Band { members: members.into(), covers });
        }
    }

    /// The covers of each item of a rule that asks something of requests, told apart.
    fn add_items(
        &mut self,
        (rank, rule): (Rank, &Entry),
        members: &Members,
        key: &HalfKey,
        peerage: &Peerage,
    ) {
        for (item, PortDemand { ports, .. }) in (0u32..).zip(&rule.demands) {
            let at = |span: &Span| Cover { rank, item, span: *span };
            let mut spans = span::fixed(ports);
            match key.direction {
                Direction::Ingress => spans.extend(span::named(ports, &key.ports, Server::Subject)),
                Direction::Egress if span::has_names(ports) => {
                    let declared = |position| &peerage.identity(position).ports;
                    let spans = |position| span::named(ports, declared(position), Server::Peer);
                    self.add_named(&peerage.each(members), spans, at);
                }
                Direction::Egress => {}
            }
            self.add(rule.peers, members, spans.iter().map(at));
        }
    }

    /// The node always reaches its own workloads, where no rule says otherwise.
    fn exempt_host(&mut self, peerage: &Peerage) {
        if seeded(Fault::HostNeedsRule) {
            return;
        }
        let rank = if seeded(Fault::HostBeatsDeny) { Rank(0) } else { Rank::OPEN };
        let covers = vec![Cover { rank, item: 0, span: Span::EVERYTHING }];
        self.bands.push(Band { members: peerage.hosts().into(), covers });
    }

    /// The peers that its rules speak of.
    pub(super) fn peers(&self) -> impl Iterator<Item = PeersNumber> {
        self.by_peers.keys().copied()
    }

    /// Whether what some rule covers depends on what a peer calls its ports.
    pub(super) fn are_by_name(&self) -> bool {
        self.by_name
    }

    /// The bands of who is meant by these peers, and whose ports have no names.
    pub(super) fn signature(&self, peers: &[PeersNumber]) -> Vec<u32> {
        let found = peers.iter().filter_map(|peers| self.by_peers.get(peers).copied());
        let mut signature: Vec<u32> = found.collect();
        signature.sort_unstable();
        signature
    }

    /// Of what covers the same span, only the strongest is ever seen, where none leads to the gate
    /// and none passes on.
    fn reduce(&mut self) {
        for covers in self.bands.iter_mut().map(|band| &mut band.covers).chain([&mut self.base]) {
            covers.sort_unstable_by_key(|cover| (cover.span, cover.rank));
            covers.dedup_by_key(|cover| cover.span);
        }
    }
}

//! Members: which identities the peers of a rule are. Equal peers are asked for once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use podwall_model::Cidr;

use super::fault::{Fault, seeded};
use super::posting::{Bearer, Postings};
use crate::identity::{Identity, Place};
use crate::options::Options;
use crate::rule::{Peer, Peers, Reach};
use crate::table::IdentityNumber;

/// The identities that some peers are, by position.
#[derive(Clone, Debug)]
pub(super) enum Members {
    /// All there are, and all that will be.
    Everyone,
    /// These, in order.
    Listed(Arc<[u32]>),
}

/// All identities, ready to be asked who of them is meant.
pub(super) struct Peerage<'a> {
    numbers: Vec<IdentityNumber>,
    identities: Vec<&'a Identity>,
    places: Vec<Place>,
    hosts: Vec<u32>,
    postings: Postings<'a>,
    ranges: HashMap<Cidr, Vec<u32>>,
    known: HashMap<&'a Peers, Members>,
    options: Options,
}

impl<'a> Peerage<'a> {
    pub(super) fn new(
        identities: &'a BTreeMap<IdentityNumber, Identity>,
        options: Options,
    ) -> Peerage<'a> {
        let mut ranges: HashMap<Cidr, Vec<u32>> = HashMap::new();
        for (position, identity) in (0u32..).zip(identities.values()) {
            for cidr in &identity.ranges {
                ranges.entry(*cidr).or_default().push(position);
            }
        }
        let places: Vec<Place> = identities.values().map(Identity::place).collect();
        let is_host = |at: &u32, identity: &Identity| {
            let remote = seeded(Fault::RemoteNodeIsHost) && places[*at as usize] == Place::Node;
            identity.is_host() || remote
        };
        let hosts = (0u32..).zip(identities.values()).filter(|(at, peer)| is_host(at, peer));
        Peerage {
            numbers: identities.keys().copied().collect(),
            identities: identities.values().collect(),
            hosts: hosts.map(|(at, _)| at).collect(),
            places,
            postings: Postings::of(identities.values().map(Bearer::Peer), options),
            ranges,
            known: HashMap::new(),
            options,
        }
    }

    pub(super) fn number(&self, position: u32) -> IdentityNumber {
        self.numbers[position as usize]
    }

    pub(super) fn identity(&self, position: u32) -> &'a Identity {
        self.identities[position as usize]
    }

    fn everyone(&self) -> impl Iterator<Item = u32> + use<> {
        (0..).take(self.identities.len())
    }

    /// The positions of members.
    pub(super) fn each(&self, members: &Members) -> Vec<u32> {
        match members {
            Members::Everyone => self.everyone().collect(),
            Members::Listed(positions) => positions.to_vec(),
        }
    }

    /// The identities of the local node.
    pub(super) fn hosts(&self) -> &[u32] {
        &self.hosts
    }

    /// Whom these peers mean.
    pub(super) fn members(&mut self, peers: &'a Peers) -> Members {
        if let Some(members) = self.known.get(peers) {
            return members.clone();
        }
        let members = match peers {
            Peers::Anyone if seeded(Fault::AnyoneIsInside) => {
                let inside = |at: &u32| self.places[*at as usize] != Place::World;
                Members::Listed(self.everyone().filter(inside).collect())
            }
            Peers::Anyone => Members::Everyone,
            Peers::AnyOf(items) if items.is_empty() && seeded(Fault::NobodyIsAnyone) => {
                Members::Everyone
            }
            Peers::AnyOf(items) => Members::Listed(self.any_of(items)),
        };
        self.known.insert(peers, members.clone());
        members
    }

    fn any_of(&self, items: &[Peer]) -> Arc<[u32]> {
        let mut positions: Vec<u32> = items.iter().flat_map(|peer| self.mean(peer)).collect();
        positions.sort_unstable();
        positions.dedup();
        if seeded(Fault::ExceptCutsTheRule) {
            positions.retain(|position| !items.iter().any(|peer| self.excepts(peer, *position)));
        }
        positions.into()
    }

    fn mean(&self, peer: &Peer) -> Vec<u32> {
        match peer {
            Peer::Labels(selector) => self.postings.select(selector),
            Peer::Cidr { cidr, reach, .. } => {
                let reach = match reach {
                    Reach::World if seeded(Fault::WorldRangeMeansPods) => Reach::Everything,
                    Reach::Everything if seeded(Fault::EverythingRangeMeansWorld) => Reach::World,
                    Reach::World | Reach::Everything | Reach::Outside => *reach,
                };
                let inside = self.ranges.get(cidr).into_iter().flatten().copied();
                inside
                    .filter(|at| self.places[*at as usize].is_meant_by(reach, &self.options))
                    .filter(|at| !self.excepts(peer, *at) || seeded(Fault::ExceptIsIgnored))
                    .collect()
            }
            // What these refer to has been put in their place before.
            Peer::Group { .. } | Peer::Service { .. } | Peer::Name(_) => Vec::new(),
        }
    }

    /// Whether a peer is taken out of this item.
    fn excepts(&self, peer: &Peer, position: u32) -> bool {
        match peer {
            Peer::Labels(_) | Peer::Group { .. } | Peer::Service { .. } | Peer::Name(_) => false,
            Peer::Cidr { except, .. } => {
                let ranges = &self.identity(position).ranges;
                except.iter().any(|cidr| ranges.contains(cidr))
            }
        }
    }
}

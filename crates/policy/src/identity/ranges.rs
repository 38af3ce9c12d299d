//! The address ranges that policies name: what they can tell addresses apart by.

use std::collections::BTreeSet;
use std::net::IpAddr;

use podwall_model::{Cidr, Source};

use super::Place;
use crate::hash::HashSet;
use crate::options::Options;
use crate::rule::{Peer, Peers, Policy, Reach, Requirement};

/// Every range that some policy names, excepted ones too, by what it can mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    world: RangeSet,
    everything: RangeSet,
}

/// Ranges, and which lengths of prefix occur among them: few, so that few are looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct RangeSet {
    ranges: HashSet<Cidr>,
    lengths_v4: BTreeSet<u8>,
    lengths_v6: BTreeSet<u8>,
}

impl Ranges {
    /// The ranges that these policies name.
    pub fn of<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Ranges {
        let mut ranges = Ranges::default();
        for rule in policies.into_iter().flat_map(|policy| &policy.rules) {
            let Peers::AnyOf(peers) = &rule.peers else { continue };
            for peer in peers {
                match peer {
                    Peer::Labels(selector) => {
                        let named = selector.0.iter().filter_map(Requirement::range);
                        named.for_each(|cidr| ranges.world.insert(cidr));
                    }
                    Peer::Cidr { cidr, except, reach } => {
                        let set = match reach {
                            Reach::World | Reach::Outside => &mut ranges.world,
                            Reach::Everything => &mut ranges.everything,
                        };
                        except.iter().chain([cidr]).for_each(|cidr| set.insert(*cidr));
                    }
                    // What these refer to has been put in their place before.
                    Peer::Group { .. } | Peer::Service { .. } | Peer::Name(_) => {}
                }
            }
        }
        ranges
    }

    /// Every range, in order.
    pub(super) fn all(&self) -> BTreeSet<Cidr> {
        self.world.ranges.union(&self.everything.ranges).copied().collect()
    }

    /// The ranges that cover an address and can mean a peer of this kind.
    pub fn around(&self, ip: IpAddr, place: Place, options: &Options) -> BTreeSet<Cidr> {
        let mut covering: BTreeSet<Cidr> = self.everything.covering(Cidr::host(ip)).collect();
        if place.is_meant_by(Reach::World, options) {
            covering.extend(self.world.covering(Cidr::host(ip)));
        }
        covering
    }

    /// The ranges that cover all of a range, itself included, seen from the world.
    pub(super) fn covering(&self, cidr: Cidr) -> BTreeSet<Cidr> {
        self.everything.covering(cidr).chain(self.world.covering(cidr)).collect()
    }
}

impl Requirement {
    /// The range that it asks for, where it speaks of a `cidr:` label.
    pub(crate) fn range(&self) -> Option<Cidr> {
        if self.source == Some(Source::Cidr) { self.key.parse().ok() } else { None }
    }
}

impl RangeSet {
    fn insert(&mut self, cidr: Cidr) {
        if is_mapped(cidr) {
            return;
        }
        let lengths =
            if cidr.network().is_ipv4() { &mut self.lengths_v4 } else { &mut self.lengths_v6 };
        lengths.insert(cidr.length());
        self.ranges.insert(cidr);
    }

    fn covering(&self, cidr: Cidr) -> impl Iterator<Item = Cidr> {
        let lengths = if cidr.network().is_ipv4() { &self.lengths_v4 } else { &self.lengths_v6 };
        lengths
            .range(..=cidr.length())
            .filter_map(move |length| Cidr::around(cidr.network(), *length))
            .filter(|wider| self.ranges.contains(wider))
    }
}

/// Whether an IPv6 range lies in the mapped form of IPv4. No packet has such an address: as a
/// prefix it would be taken for the IPv4 range.
fn is_mapped(cidr: Cidr) -> bool {
    match cidr.network() {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => cidr.length() >= 96 && v6.to_ipv4_mapped().is_some(),
    }
}

//! The address ranges that policies name: what they can tell addresses apart by.

use std::collections::BTreeSet;
use std::net::IpAddr;

use podwall_model::{Cidr, Source};

use super::Place;
use crate::hash::HashMap;
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
    /// How often each is named.
    ranges: HashMap<Cidr, u32>,
    lengths_v4: BTreeSet<u8>,
    lengths_v6: BTreeSet<u8>,
}

impl Ranges {
    /// The ranges that these policies name.
    pub fn of<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Ranges {
        let mut ranges = Ranges::default();
        for policy in policies {
            ranges.add(policy);
        }
        ranges
    }

    /// Adds those that a policy names: whether nobody named some of them before.
    pub(crate) fn add(&mut self, policy: &Policy) -> bool {
        let mut are_new = false;
        each_named(policy, |reach, cidr| are_new |= self.set(reach).insert(cidr));
        are_new
    }

    /// Takes those away that a policy named: whether nobody names some of them any more.
    pub(crate) fn remove(&mut self, policy: &Policy) -> bool {
        let mut are_gone = false;
        each_named(policy, |reach, cidr| are_gone |= self.set(reach).remove(cidr));
        are_gone
    }

    fn set(&mut self, reach: Reach) -> &mut RangeSet {
        match reach {
            Reach::World | Reach::Outside => &mut self.world,
            Reach::Everything => &mut self.everything,
        }
    }

    /// Whether some policy names this one address.
    pub(crate) fn has_single(&self, ip: IpAddr) -> bool {
        let cidr = Cidr::host(ip);
        [&self.world, &self.everything].into_iter().any(|set| set.ranges.contains_key(&cidr))
    }

    /// Every range, in order.
    pub(super) fn all(&self) -> BTreeSet<Cidr> {
        self.world.ranges.keys().chain(self.everything.ranges.keys()).copied().collect()
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

/// Tells of each range that a policy names, and what it can mean there.
fn each_named(policy: &Policy, mut tell: impl FnMut(Reach, Cidr)) {
    for rule in &policy.rules {
        let Peers::AnyOf(peers) = &rule.peers else { continue };
        for peer in peers {
            match peer {
                Peer::Labels(selector) => {
                    let named = selector.0.iter().filter_map(Requirement::range);
                    named.for_each(|cidr| tell(Reach::World, cidr));
                }
                Peer::Cidr { cidr, except, reach } => {
                    except.iter().chain([cidr]).for_each(|cidr| tell(*reach, *cidr));
                }
                // What these refer to has been put in their place before.
                Peer::Group { .. } | Peer::Service { .. } | Peer::Name(_) => {}
            }
        }
    }
}

impl Requirement {
    /// The range that it asks for, where it speaks of a `cidr:` label.
    pub(crate) fn range(&self) -> Option<Cidr> {
        if self.source == Some(Source::Cidr) { self.key.parse().ok() } else { None }
    }
}

impl RangeSet {
    /// True if it was not there.
    fn insert(&mut self, cidr: Cidr) -> bool {
        if is_mapped(cidr) {
            return false;
        }
        let lengths =
            if cidr.network().is_ipv4() { &mut self.lengths_v4 } else { &mut self.lengths_v6 };
        lengths.insert(cidr.length());
        let count = self.ranges.entry(cidr).or_default();
        *count += 1;
        *count == 1
    }

    /// True if it is there no more.
    fn remove(&mut self, cidr: Cidr) -> bool {
        let Some(count) = self.ranges.get_mut(&cidr) else { return false };
        *count -= 1;
        let is_gone = *count == 0;
        if is_gone {
            self.ranges.remove(&cidr);
        }
        is_gone
    }

    fn covering(&self, cidr: Cidr) -> impl Iterator<Item = Cidr> {
        let lengths = if cidr.network().is_ipv4() { &self.lengths_v4 } else { &self.lengths_v6 };
        lengths
            .range(..=cidr.length())
            .filter_map(move |length| Cidr::around(cidr.network(), *length))
            .filter(|wider| self.ranges.contains_key(wider))
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

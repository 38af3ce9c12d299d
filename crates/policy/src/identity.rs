//! Identities: what the policies in force can tell apart of a peer, and the numbers they go by.
//!
//! A peer is its labels, its named ports, and which of the ranges that policies name cover its
//! address (docs/adr/0001). The kernel knows it by a number, given once: the allocator only
//! counts up, and an agent that starts goes on behind the numbers it finds pinned.

mod census;
mod ranges;
mod roster;
mod text;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use podwall_model::{Address, Cidr, Label, Labels, NamedPort, Source, Workload, World};

use self::census::Claim;
pub(crate) use self::census::claims_are_plain;
pub use self::ranges::Ranges;
pub(crate) use self::roster::{Look, Roster};
pub use self::text::UnreadableIdentity;
use crate::hash::HashMap;
use crate::options::Options;
use crate::rule::Reach;
use crate::table::IdentityNumber;

/// What policies can tell of one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The labels that selectors see.
    pub labels: Labels,
    /// Its named ports, for egress rules that speak of a port by name.
    pub ports: BTreeSet<NamedPort>,
    /// The ranges named by policies that cover its address and can mean such a peer.
    pub ranges: BTreeSet<Cidr>,
}

/// What kind of peer an identity is; it decides which ranges can mean it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A pod, known or not yet.
    Pod,
    /// A node of the cluster, the local one included.
    Node,
    /// An address outside the cluster.
    World,
}

impl Place {
    /// Whether an address range of this reach can mean such a peer.
    pub fn is_meant_by(self, reach: Reach, options: &Options) -> bool {
        match (reach, self) {
            (Reach::Everything, _) | (Reach::World | Reach::Outside, Place::World) => true,
            (Reach::World, Place::Node) => options.cidr_means_nodes,
            (Reach::World, Place::Pod) => options.cidr_means_pods,
            (Reach::Outside, Place::Node | Place::Pod) => false,
        }
    }
}

impl Identity {
    /// An identity of reserved labels alone.
    pub fn reserved(names: &[&str]) -> Identity {
        let labels = names.iter().map(|name| Label::reserved(name)).collect();
        Identity { labels, ..Identity::default() }
    }

    /// That of a workload with these labels, in these ranges.
    pub(crate) fn of_workload(
        workload: &Workload,
        labels: Labels,
        ranges: BTreeSet<Cidr>,
    ) -> Identity {
        let ports = workload.ports.iter().filter(|port| !port.name.is_empty()).cloned().collect();
        Identity { labels, ports, ranges }
    }

    /// The kind of peer, read from its labels.
    pub fn place(&self) -> Place {
        let mut place = Place::Pod;
        for label in self.labels.iter().filter(|label| label.source == Source::Reserved) {
            match label.key.as_str() {
                "host" | "remote-node" => return Place::Node,
                "world" | "world-ipv4" | "world-ipv6" => place = Place::World,
                _ => {}
            }
        }
        place
    }

    /// Whether it is the local node.
    pub fn is_host(&self) -> bool {
        let is_host = |label: &Label| label.source == Source::Reserved && label.key == "host";
        self.labels.iter().any(is_host)
    }

    /// Whether a range of this reach, named by some policy, means this peer.
    pub fn is_in(&self, cidr: Cidr, reach: Reach, options: &Options) -> bool {
        self.place().is_meant_by(reach, options) && self.ranges.contains(&cidr)
    }

    /// The number that Cilium reserves for it, if it is one of the plain well-known peers.
    fn well_known(&self) -> Option<IdentityNumber> {
        if !self.ports.is_empty() || !self.ranges.is_empty() {
            return None;
        }
        if self.is_host() {
            return Some(IdentityNumber::HOST);
        }
        if self.labels.iter().any(|label| label.source != Source::Reserved) {
            return None;
        }
        WELL_KNOWN.iter().find(|(_, names)| *self == Identity::reserved(names)).map(|(n, _)| *n)
    }
}

/// The reserved identities beside the host (whose labels may say more than its name).
const WELL_KNOWN: [(IdentityNumber, &[&str]); 9] = [
    (IdentityNumber(2), &["world"]),
    (IdentityNumber(3), &["unmanaged"]),
    (IdentityNumber(4), &["health"]),
    (IdentityNumber(5), &["init"]),
    (IdentityNumber(6), &["remote-node"]),
    (IdentityNumber(7), &["kube-apiserver", "remote-node"]),
    (IdentityNumber(8), &["ingress"]),
    (IdentityNumber::WORLD_V4, &["world-ipv4"]),
    (IdentityNumber::WORLD_V6, &["world-ipv6"]),
];

/// Who is who on this node, under one set of policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Every identity that an address can have now, and the well-known ones.
    pub identities: BTreeMap<IdentityNumber, Identity>,
    /// Addresses that are known exactly.
    pub addresses: BTreeMap<Address, IdentityNumber>,
    /// True ranges, asked when no exact address is known; the longest that fits holds.
    pub networks: BTreeMap<Cidr, IdentityNumber>,
}

impl Resolved {
    /// The identity of an address, found as the kernel finds it: exactly, then by the longest
    /// prefix, then as the world of its family.
    pub fn look_up(&self, address: Address) -> IdentityNumber {
        if let Some(number) = self.addresses.get(&address) {
            return *number;
        }
        let ip = address.ip();
        let covering = (0..=128u8).rev().find_map(|length| {
            let cidr = Cidr::around(ip, length)?;
            self.networks.get(&cidr).copied()
        });
        covering.unwrap_or(if ip.is_ipv4() {
            IdentityNumber::WORLD_V4
        } else {
            IdentityNumber::WORLD_V6
        })
    }

    /// The canonical text of every identity, as the kernel's names hold it.
    pub fn texts(&self) -> BTreeMap<IdentityNumber, String> {
        self.identities.iter().map(|(number, identity)| (*number, identity.to_string())).collect()
    }
}

/// The numbers that identities go by on one node. Equal identities have equal numbers, and no
/// number is ever given twice.
#[derive(Clone, Debug)]
pub struct Identities {
    next: u32,
    next_host: u32,
    numbers: HashMap<Identity, IdentityNumber>,
}

impl Default for Identities {
    fn default() -> Identities {
        Identities {
            next: IdentityNumber::FIRST_LOCAL.0,
            next_host: IdentityNumber::FIRST_HOST.0,
            numbers: HashMap::default(),
        }
    }
}

impl Identities {
    /// The numbers that an earlier agent gave, read from the texts it left behind. A text that
    /// this version cannot read keeps its number from being given again, and names nobody.
    pub fn adopt(texts: &BTreeMap<IdentityNumber, String>) -> Identities {
        let mut adopted = Identities::default();
        for (&number, text) in texts {
            if number < IdentityNumber::FIRST_LOCAL {
                continue;
            }
            let next = adopted.next_beside(number);
            *next = (*next).max(number.0.saturating_add(1));
            if let Ok(identity) = text.parse::<Identity>()
                && identity.is_host() == number.is_host()
            {
                adopted.numbers.insert(identity, number);
            }
        }
        adopted
    }

    /// The number of an identity, given now if it has none.
    ///
    /// # Panics
    /// When every number has been given.
    pub fn number(&mut self, identity: &Identity) -> IdentityNumber {
        if let Some(number) = identity.well_known() {
            return number;
        }
        let Identities { next, next_host, numbers } = self;
        let given = match numbers.entry(identity.clone()) {
            Entry::Occupied(known) => return *known.get(),
            Entry::Vacant(given) => given,
        };
        let (next, end) = match identity.is_host() {
            true => (next_host, u32::MAX),
            false => (next, IdentityNumber::FIRST_HOST.0),
        };
        assert!(*next < end, "a node meets fewer than 50,000,000 identities");
        let number = IdentityNumber(*next);
        *next += 1;
        *given.insert(number)
    }

    /// The counter that a number came from: the local node has its own.
    fn next_beside(&mut self, number: IdentityNumber) -> &mut u32 {
        if number.is_host() { &mut self.next_host } else { &mut self.next }
    }

    /// Forgets the identities whose numbers nothing refers to any more. Should one come back, it
    /// gets a new number.
    pub fn retain(&mut self, in_use: impl Fn(IdentityNumber) -> bool) {
        self.numbers.retain(|_, number| in_use(*number));
    }

    /// How many identities have a number beyond the well-known ones.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether no number was given yet.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Who is who in this world, as far as policies that name these ranges can tell.
    pub fn resolve(&mut self, world: &World, ranges: &Ranges, options: &Options) -> Resolved {
        self.resolve_with(world, ranges, options, &mut Roster::of(world))
    }

    /// The same, with the labels of workloads from a roster.
    pub(crate) fn resolve_with<'a>(
        &mut self,
        world: &'a World,
        ranges: &Ranges,
        options: &Options,
        roster: &mut Roster<'a>,
    ) -> Resolved {
        let mut resolved = Resolved::default();
        let well_known = WELL_KNOWN.map(|(number, names)| (number, Identity::reserved(names)));
        let mut numbered: Vec<(IdentityNumber, Identity)> = Vec::from(well_known);
        numbered.push((IdentityNumber::HOST, census::host(world, options)));
        let mut known: HashMap<Look, IdentityNumber> = HashMap::default();
        let claims = census::addresses(world, ranges, options, roster);
        let mut addresses = Vec::with_capacity(claims.len());
        numbered.reserve(claims.len());
        if self.numbers.is_empty() {
            // Growing hashes all identities again.
            self.numbers.reserve(claims.len());
        }
        for Claim { address, identity, look, .. } in claims {
            let number = match look.and_then(|look| known.get(&look)) {
                Some(number) => *number,
                None => {
                    let number = self.number(&identity);
                    known.extend(look.map(|look| (look, number)));
                    numbered.push((number, identity));
                    number
                }
            };
            addresses.push((address, number));
        }
        resolved.addresses = addresses.into_iter().collect();
        for (cidr, identity) in census::networks(ranges) {
            let number = self.number(&identity);
            numbered.push((number, identity));
            resolved.networks.insert(cidr, number);
        }
        // Made of a list, a map is dense. Of one number the first holds.
        resolved.identities = numbered.into_iter().rev().collect();
        resolved
    }
}

#[cfg(test)]
mod tests;

//! Which addresses change their identity between the kernel's state and the wanted one.
//!
//! An address leads to its exact identity, else to that of the longest range that holds it, else to
//! the world of its family. Written in the order given here, each address changes its identity at
//! most once.

use std::collections::{BTreeMap, BTreeSet};

use podwall_model::{Address, Cidr};
use podwall_policy::table::IdentityNumber;

use crate::mirror::Mirror;
use crate::wanted::Wanted;
use crate::write::Write;

/// One entry that changes, and what its addresses were and will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// What they lead to in the kernel now.
    pub(crate) from: IdentityNumber,
    /// What they will lead to.
    pub(crate) to: IdentityNumber,
    /// The write that does it.
    pub(crate) write: Write,
}

/// Identities below this one have a fixed meaning, and any address may lead to them.
pub(crate) fn is_reserved(identity: IdentityNumber) -> bool {
    identity < IdentityNumber::FIRST_LOCAL
}

/// The identities that some entry leads to.
pub(crate) fn reached(
    addresses: &BTreeMap<Address, IdentityNumber>,
    networks: &BTreeMap<Cidr, IdentityNumber>,
) -> BTreeSet<IdentityNumber> {
    addresses.values().chain(networks.values()).copied().collect()
}

/// Every entry that changes, in the order to be written: what appears or changes first, long
/// prefixes before short ones; then what goes, short prefixes first, exact addresses last.
pub(crate) fn moves(kernel: &Mirror, wanted: &Wanted) -> Vec<Move> {
    let mut moves = Vec::new();
    for (address, to) in &wanted.addresses {
        if kernel.addresses.get(address) != Some(to) {
            let from = identity_at(&kernel.addresses, &kernel.networks, *address);
            let write = Write::Address { address: *address, identity: *to };
            moves.push(Move { from, to: *to, write });
        }
    }
    let mut appearing: Vec<(&Cidr, &IdentityNumber)> =
        wanted.networks.iter().filter(|(cidr, to)| kernel.networks.get(cidr) != Some(to)).collect();
    appearing.sort_by_key(|(cidr, _)| std::cmp::Reverse(cidr.length()));
    for (cidr, to) in appearing {
        let from = identity_within(&kernel.networks, *cidr);
        let write = Write::Network { cidr: *cidr, identity: *to };
        moves.push(Move { from, to: *to, write });
    }
    let mut going: Vec<(&Cidr, &IdentityNumber)> =
        kernel.networks.iter().filter(|(cidr, _)| !wanted.networks.contains_key(cidr)).collect();
    going.sort_by_key(|(cidr, _)| cidr.length());
    for (cidr, from) in going {
        let to = identity_within(&wanted.networks, *cidr);
        moves.push(Move { from: *from, to, write: Write::DropNetwork { cidr: *cidr } });
    }
    for (address, from) in kernel.addresses.iter() {
        if !wanted.addresses.contains_key(address) {
            let to = identity_at(&wanted.addresses, &wanted.networks, *address);
            moves.push(Move { from: *from, to, write: Write::DropAddress { address: *address } });
        }
    }
    moves
}

/// The identity of an address, found as the kernel finds it.
pub(crate) fn identity_at(
    addresses: &BTreeMap<Address, IdentityNumber>,
    networks: &BTreeMap<Cidr, IdentityNumber>,
    address: Address,
) -> IdentityNumber {
    let exact = addresses.get(&address).copied();
    exact.unwrap_or_else(|| identity_within(networks, Cidr::host(address.ip())))
}

/// The identity of those addresses of a range that nothing longer takes out.
fn identity_within(networks: &BTreeMap<Cidr, IdentityNumber>, cidr: Cidr) -> IdentityNumber {
    let network = cidr.network();
    let world = if network.is_ipv4() { IdentityNumber::WORLD_V4 } else { IdentityNumber::WORLD_V6 };
    let covering = |length: u8| networks.get(&Cidr::around(network, length)?).copied();
    (0..=cidr.length()).rev().find_map(covering).unwrap_or(world)
}

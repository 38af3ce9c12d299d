//! Names of the outside that policies speak of and a world does not know: each with an address of
//! its own, as if somebody had asked for it. Without one nothing could be said of them.

use std::net::{IpAddr, Ipv4Addr};

use podwall_model::{ExternalName, World};
use podwall_policy::names::{Front, Name, NamePattern, Reading};
use podwall_policy::rule::{Peer, Peers, Policy};

/// The first of the addresses that are kept for measurements (RFC 2544): nobody's.
const FIRST: u32 = u32::from_be_bytes([198, 18, 0, 1]);
/// How many of them there are.
const ADDRESSES: usize = 1 << 17;

/// A world that knows a name for each pattern that these policies name as a peer.
pub fn with_names<'p>(world: &World, policies: impl IntoIterator<Item = &'p Policy>) -> World {
    let mut world = world.clone();
    let rules = policies.into_iter().flat_map(|policy| &policy.rules);
    let mut next = (0..ADDRESSES).filter_map(|at| u32::try_from(at).ok()).map(|at| FIRST + at);
    for rule in rules {
        let Peers::AnyOf(peers) = &rule.peers else { continue };
        for peer in peers {
            let Peer::Name(pattern) = peer else { continue };
            let meant =
                |known: &ExternalName| pattern.matches(&Name::new(&known.name), Reading::Peer);
            if world.names.iter().any(meant) {
                continue;
            }
            let (Some(name), Some(address)) = (example(pattern), next.next()) else { continue };
            let addresses = vec![IpAddr::V4(Ipv4Addr::from(address))];
            world.names.push(ExternalName { name, addresses, queried_by: Vec::new() });
        }
    }
    world
}

/// A name that the pattern means; `None` for the root, which nobody connects to.
fn example(pattern: &NamePattern) -> Option<String> {
    let name = match pattern {
        NamePattern::Exactly(name) => name.to_string(),
        NamePattern::Every => "any.name".to_owned(),
        NamePattern::Labels { front, globs } => {
            let labels: Vec<String> = globs.iter().map(|glob| glob.replace('*', "any")).collect();
            match front {
                Front::Labels => format!("any.{}", labels.join(".")),
                Front::Nothing => labels.join("."),
            }
        }
    };
    let name = name.trim_end_matches('.').to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use podwall_policy::check;

    use super::*;

    #[test]
    fn what_is_named_and_not_known_gets_an_address_of_its_own() {
        let text = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p}\n\
                    spec:\n  endpointSelector: {}\n  egress:\n  - toFQDNs: [{matchName: a.io}, \
                    {matchPattern: \"*.b.io\"}, {matchPattern: \"**.c.io\"}, {matchName: known.io}, {matchName: a.io}]\n";
        let policies = check(text, "p").policies;
        let known = ExternalName {
            name: "known.io".to_owned(),
            addresses: Vec::new(),
            queried_by: Vec::new(),
        };
        let world = World { names: vec![known], ..World::default() };
        let names = with_names(&world, &policies).names;
        let said: Vec<String> =
            names.iter().map(|name| format!("{} {:?}", name.name, name.addresses)).collect();
        assert_eq!(
            said,
            ["known.io []", "a.io [198.18.0.1]", "any.b.io [198.18.0.2]", "any.c.io [198.18.0.3]"]
        );
    }
}

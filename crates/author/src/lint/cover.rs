//! Whether what one rule is about is all that another one is about. Says yes only where that holds
//! for every world; a doubtful case is a no.

use podwall_model::{IcmpFamily, Protocol, Source};
use podwall_policy::rule::{Peer, Peers, Port, Ports, Requirement, Selector, Subject, Test};

/// Whether every workload that `narrow` selects is selected by `wide`.
pub(crate) fn subject(wide: &Subject, narrow: &Subject) -> bool {
    match (wide, narrow) {
        (Subject::Endpoints(wide), Subject::Endpoints(narrow))
        | (Subject::Nodes(wide), Subject::Nodes(narrow)) => selector(wide, narrow),
        (Subject::Endpoints(_), Subject::Nodes(_)) | (Subject::Nodes(_), Subject::Endpoints(_)) => {
            false
        }
    }
}

/// Whether every set of labels that fits `narrow` fits `wide`.
pub(crate) fn selector(Selector(wide): &Selector, Selector(narrow): &Selector) -> bool {
    wide.iter().all(|wanted| narrow.iter().any(|said| follows(wanted, said)))
}

/// Whether `wanted` is true wherever `said` is.
fn follows(wanted: &Requirement, said: &Requirement) -> bool {
    if wanted == said {
        return true;
    }
    // A workload's own labels are all Kubernetes': to ask for any source is to ask for that one.
    let ours = |source: Option<Source>| source.is_none_or(|source| source == Source::K8s);
    let same_source = wanted.source == said.source || (ours(wanted.source) && ours(said.source));
    let same_key = wanted.key == said.key && same_source;
    if !same_key {
        return false;
    }
    match (&wanted.test, &said.test) {
        (Test::In(wide), Test::In(narrow)) => narrow.iter().all(|value| wide.contains(value)),
        (Test::Exists, Test::In(_) | Test::Exists) => true,
        (Test::Absent, Test::Absent) | (Test::NotIn(_), Test::Absent) => true,
        (Test::NotIn(unwanted), Test::NotIn(more)) => {
            unwanted.iter().all(|value| more.contains(value))
        }
        // Under one source a key has one value.
        (Test::NotIn(unwanted), Test::In(values)) => {
            values.iter().all(|value| !unwanted.contains(value))
        }
        (_, _) => false,
    }
}

/// Whether every peer of `narrow` is one of `wide`.
pub(crate) fn peers(wide: &Peers, narrow: &Peers) -> bool {
    match (wide, narrow) {
        (Peers::Anyone, _) => true,
        (Peers::AnyOf(_), Peers::Anyone) => false,
        (Peers::AnyOf(wide), Peers::AnyOf(narrow)) => {
            narrow.iter().all(|one| wide.iter().any(|other| peer(other, one)))
        }
    }
}

fn peer(wide: &Peer, narrow: &Peer) -> bool {
    if wide == narrow {
        return true;
    }
    match (wide, narrow) {
        (Peer::Labels(wide), Peer::Labels(narrow)) => selector(wide, narrow),
        (
            Peer::Cidr { cidr, except, reach },
            Peer::Cidr { cidr: inner, except: holes, reach: inner_reach },
        ) => {
            let spared = |hole: &podwall_model::Cidr| {
                !(hole.covers(*inner) || inner.covers(*hole))
                    || holes.iter().any(|own| own.covers(*hole))
            };
            reach == inner_reach && cidr.covers(*inner) && except.iter().all(spared)
        }
        (_, _) => false,
    }
}

/// Whether every packet of `narrow` is one of `wide`.
pub(crate) fn ports(wide: &Ports, narrow: &Ports) -> bool {
    match (wide, narrow) {
        (Ports::Any, _) => true,
        (Ports::AnyOf(_), Ports::Any) => false,
        (Ports::AnyOf(wide), Ports::AnyOf(narrow)) => {
            narrow.iter().all(|one| wide.iter().any(|other| port(other, one)))
        }
    }
}

fn port(wide: &Port, narrow: &Port) -> bool {
    if wide == narrow {
        return true;
    }
    match (wide, narrow) {
        (Port::All(protocol), narrow) => of(narrow) == Some(*protocol),
        (
            Port::Range { protocol, first, last },
            Port::Range { protocol: inner, first: from, last: to },
        ) => protocol == inner && first <= from && to <= last,
        (_, _) => false,
    }
}

fn of(port: &Port) -> Option<Protocol> {
    match port {
        Port::All(protocol) | Port::Range { protocol, .. } => Some(*protocol),
        Port::Named { protocol, .. } => *protocol,
        Port::Icmp { family: IcmpFamily::V4, .. } => Some(Protocol::ICMP),
        Port::Icmp { family: IcmpFamily::V6, .. } => Some(Protocol::ICMP6),
    }
}

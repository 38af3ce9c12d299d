//! What the shipped policies mean in the demo's world, by the judge: everything that the
//! application does passes, and no move of the intruder does.

use std::net::IpAddr;

use podwall_model::{Direction, Mode, Protocol, Workload, World};
use podwall_policy::end::End;
use podwall_policy::judge::{Court, Question};
use podwall_policy::matching::Packet;
use podwall_policy::mode::PolicySet;
use podwall_policy::options::Options;
use podwall_policy::rule::{Action, Policy};

use super::SHIPPED;
use crate::plan::{self, Addresses, BridgeFilter, Place};
use crate::world::world_of;

fn shipped() -> Vec<Policy> {
    SHIPPED
        .iter()
        .flat_map(|(file, text)| {
            let checked = podwall_policy::check(text, file);
            assert!(checked.diagnostics.is_empty(), "{}", checked.diagnostics[0]);
            assert!(checked.documents.iter().all(|document| document.accepted));
            checked.policies
        })
        .collect()
}

fn addresses_of(name: &str, places: &[Place]) -> Addresses {
    match name {
        "outside" => plan::OUTSIDE,
        "metadata" => plan::METADATA,
        _ => places.iter().find(|place| place.name == name).unwrap().addresses,
    }
}

/// Egress of the client and ingress of the server, where each is a workload.
fn passes(court: &Court<'_>, from: IpAddr, to: IpAddr, packet: Packet) -> bool {
    let (world, options) = (court.world, &court.options);
    let side = |subject: Option<&Workload>, direction, peer: IpAddr| {
        let peer = End::at(peer, world, options);
        subject.is_none_or(|subject| {
            let question = Question { subject, direction, peer: &peer, packet };
            court.judge_by(PolicySet::Enforced, &question).action == Action::Allow
        })
    };
    side(world.workload_at(from), Direction::Egress, to)
        && side(world.workload_at(to), Direction::Ingress, from)
}

fn judged(mode: Mode, pairs: &[(&str, &str, u16, Protocol)]) -> Vec<bool> {
    let (policies, places) = (shipped(), plan::places(BridgeFilter::On));
    let world: World = world_of(&places);
    let court = Court::new(&policies, &world, Options { mode, ..Options::default() });
    let both = |&(from, to, port, protocol): &(&str, &str, u16, Protocol)| {
        let from = addresses_of(from, &places).both();
        let to = addresses_of(to, &places).both();
        let packet = Packet { protocol, port };
        [passes(&court, from[0], to[0], packet), passes(&court, from[1], to[1], packet)]
    };
    pairs.iter().flat_map(both).collect()
}

const TCP: Protocol = Protocol::TCP;
const UDP: Protocol = Protocol::UDP;

/// What the programs do, backends in place of services.
const TRAFFIC: [(&str, &str, u16, Protocol); 19] = [
    ("outside", "web", plan::HTTP_PORT, TCP),
    ("web", "cart-1", plan::HTTP_PORT, TCP),
    ("web", "cart-2", plan::HTTP_PORT, TCP),
    ("web", "orders", plan::PROBE_PORT, UDP),
    ("cart-1", "orders", plan::HTTP_PORT, TCP),
    ("cart-2", "orders", plan::HTTP_PORT, TCP),
    ("orders", "db", plan::STORE_PORT, TCP),
    ("orders", "outside", plan::PAYMENT_PORT, TCP),
    ("report", "db", plan::STORE_PORT, TCP),
    ("web", "dns", plan::DNS_PORT, UDP),
    ("web", "dns", plan::DNS_PORT, TCP),
    ("cart-1", "dns", plan::DNS_PORT, UDP),
    ("cart-1", "dns", plan::DNS_PORT, TCP),
    ("cart-2", "dns", plan::DNS_PORT, UDP),
    ("cart-2", "dns", plan::DNS_PORT, TCP),
    ("orders", "dns", plan::DNS_PORT, UDP),
    ("orders", "dns", plan::DNS_PORT, TCP),
    ("report", "dns", plan::DNS_PORT, UDP),
    ("report", "dns", plan::DNS_PORT, TCP),
];

#[test]
fn all_that_the_application_does_passes_when_everything_is_enforced() {
    let verdicts = judged(Mode::Enforce, &TRAFFIC);
    let stopped: Vec<_> = TRAFFIC
        .iter()
        .flat_map(|pair| [(pair, "v4"), (pair, "v6")])
        .zip(verdicts)
        .filter(|(_, passes)| !passes)
        .collect();
    assert!(stopped.is_empty(), "{stopped:?}");
}

#[test]
fn no_move_of_the_intruder_passes_when_everything_is_enforced_and_all_do_before() {
    let swept = ["db", "orders", "cart-1", "cart-2", "web"];
    let mut moves = vec![("intruder", "metadata", 80, TCP)];
    for to in swept {
        moves.extend(
            [22, 80, 443, 5432, plan::STORE_PORT, plan::HTTP_PORT]
                .map(|port| ("intruder", to, port, TCP)),
        );
    }
    assert!(judged(Mode::Detect, &moves).into_iter().all(|passes| passes));
    let verdicts = judged(Mode::Enforce, &moves);
    assert!(!verdicts.iter().any(|passes| *passes), "{moves:?} {verdicts:?}");
}

#[test]
fn no_policy_says_a_mode_of_its_own() {
    assert!(shipped().iter().all(|policy| policy.mode.is_none()));
    assert_eq!(shipped().len(), 10);
}

#[test]
fn nobody_but_the_web_front_is_reached_from_outside() {
    let places = plan::places(BridgeFilter::On);
    for place in places.iter().filter(|place| !["web", "intruder"].contains(&place.name)) {
        let pair = [("outside", place.name, plan::HTTP_PORT, TCP)];
        assert_eq!(judged(Mode::Enforce, &pair), [false, false], "{}", place.name);
    }
}

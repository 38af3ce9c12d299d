//! Many identities: a change of policy still takes a moment, and an identity that appears costs no
//! more than among few.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use podwall_datapath::{Datapath, Wanted};
use podwall_model::{Address, Direction};
use podwall_policy::table::IdentityNumber;

use crate::lab::{Lab, rules};

const IDENTITIES: u32 = 60_000;

/// The second workload lets in every identity up to `count`, by a rule of this name.
fn wanted(lab: &Lab, name: &str, count: u32) -> Wanted {
    let peers: Vec<IdentityNumber> =
        (0..count).map(|number| IdentityNumber(1000 + number)).collect();
    let shut = rules::ingress(rules::only(&peers, &rules::rule(name, Direction::Ingress), None));
    let open = rules::open_table();
    let mut wanted = lab.wanted(&[(open.clone(), open), (shut.clone(), shut)]);
    for (number, peer) in (0..).zip(&peers) {
        let address: IpAddr = Ipv4Addr::from(0x0b00_0000 + number).into();
        wanted.addresses.insert(Address::from(address), *peer);
        wanted.identities.insert(*peer, format!("k8s:app=peer-{number}"));
    }
    wanted
}

fn apply(lab: &Lab, datapath: &mut Datapath, wanted: &Wanted) -> (u64, Duration) {
    let start = Instant::now();
    let applied = lab.in_node(|| datapath.apply(wanted)).expect("it fits");
    (applied.writes, start.elapsed())
}

#[test]
fn sixty_thousand_identities_are_written_once_and_adopted() {
    let lab = Lab::new(2);
    let mut datapath = lab.open();
    let (writes, took) = apply(&lab, &mut datapath, &wanted(&lab, "one", IDENTITIES));
    println!("first: {writes} writes in {took:?}");
    assert!(writes > u64::from(3 * IDENTITIES), "names, rows and addresses");
    let (writes, took) = apply(&lab, &mut datapath, &wanted(&lab, "two", IDENTITIES));
    println!("another rule: {writes} writes in {took:?}");
    assert!(writes < u64::from(2 * IDENTITIES) + 100, "rows alone, and the old ones away");
    let (writes, took) = apply(&lab, &mut datapath, &wanted(&lab, "two", IDENTITIES + 1));
    println!("one more identity: {writes} writes in {took:?}");
    assert!(writes < 10);
    drop(datapath);
    let start = Instant::now();
    let mut datapath = lab.open();
    println!("adopted in {:?}", start.elapsed());
    let (writes, took) = apply(&lab, &mut datapath, &wanted(&lab, "two", IDENTITIES + 1));
    println!("nothing to do: {took:?}");
    assert_eq!(writes, 0);
}

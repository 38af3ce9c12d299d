//! Every seeded fault is caught: under it, judge and tables disagree on some random packet.

use super::{Fault, seed};
use crate::testkit::random::Case;
use crate::testkit::witness::examine;

/// A fault that is not seen in so many cases is one that the random worlds cannot show.
const CASES: u64 = 2_000;
const PACKETS_OF_A_CASE: usize = 50;

/// The first case whose witnesses disagree.
fn caught_in(fault: Option<Fault>) -> Option<u64> {
    seed(fault);
    let caught = (1..=CASES).find(|seed| examine(&Case::new(*seed), PACKETS_OF_A_CASE).is_err());
    seed(None);
    caught
}

#[test]
fn every_seeded_fault_is_caught() {
    let mut missed = Vec::new();
    for (fault, words) in Fault::ALL {
        match caught_in(Some(*fault)) {
            Some(case) => println!("{fault:?}: {words}: caught in case {case}"),
            None => missed.push(fault),
        }
    }
    assert!(missed.is_empty(), "not caught in {CASES} cases: {missed:?}");
}

#[test]
fn without_a_fault_nobody_disagrees() {
    assert_eq!(caught_in(None), None);
}

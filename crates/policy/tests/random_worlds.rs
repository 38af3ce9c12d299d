//! Random worlds: judge and tables agree on every packet, whatever the order of policies.
//!
//! `PODWALL_WORLDS` sets how many packets are judged (the slow run takes 1000000), and
//! `PODWALL_SEED` the first case, so that a failure can be repeated alone.

use std::env;

use podwall_policy::compile::resolve_all;
use podwall_policy::identity::Identities;
use podwall_testkit::random::Case;
use podwall_testkit::witness::{Tally, examine, shrunk};

/// How many packets are judged where nothing else is asked for.
const PACKETS: u64 = 100_000;
const PACKETS_OF_A_CASE: usize = 50;

fn number(name: &str, otherwise: u64) -> u64 {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("not a number: `{name}={text}`")),
        Err(_) => otherwise,
    }
}

fn fail(case: &Case) -> ! {
    let disagreement = examine(case, PACKETS_OF_A_CASE).expect_err("a case that was shrunk");
    for rule in case.policies.iter().flat_map(|policy| &policy.rules) {
        println!("{rule:?}");
    }
    panic!("{disagreement:?}")
}

#[test]
fn judge_and_tables_agree_on_every_packet() {
    let wanted = number("PODWALL_WORLDS", PACKETS);
    let mut tally = Tally::default();
    for seed in number("PODWALL_SEED", 1).. {
        let case = Case::new(seed);
        match examine(&case, PACKETS_OF_A_CASE) {
            Ok(more) => tally += more,
            Err(_) => fail(&shrunk(&case, PACKETS_OF_A_CASE)),
        }
        if tally.packets() >= wanted {
            break;
        }
    }
    println!("{tally}");
    for (name, count) in [
        ("allowed", tally.allowed),
        ("open", tally.open),
        ("denied", tally.denied),
        ("default-denied", tally.default_denied),
        ("detected", tally.detected),
    ] {
        assert!(count * 20 >= tally.packets(), "too few are {name} to prove anything: {tally}");
    }
}

#[test]
fn the_order_of_policies_changes_nothing() {
    for seed in 1..=1_000 {
        let mut case = Case::new(seed);
        let compile = |case: &Case| {
            let mut identities = Identities::default();
            resolve_all(&case.policies, &case.world, &case.options, &mut identities)
        };
        let there = compile(&case);
        case.policies.reverse();
        let back = compile(&case);
        assert_eq!(there.resolved, back.resolved, "seed {seed}");
        assert_eq!(there.classes, back.classes, "seed {seed}");
    }
}

//! Random worlds: judge and tables agree on every packet, whatever the order of policies.
//!
//! `PODWALL_WORLDS` says how much is asked of slow witnesses (the slow run says 1000000); these two
//! are quick, and judge ten packets for each. `PODWALL_SEED` is the first case, so that a failure
//! can be repeated alone.

use std::env;

use podwall_policy::compile::resolve_all;
use podwall_policy::identity::Identities;
use podwall_testkit::random::Case;
use podwall_testkit::witness::{Tally, examine, shrunk};

/// What is asked of slow witnesses where nothing is said.
const ASKED: u64 = 100_000;
/// How many packets are judged here for each of those.
const TIMES: u64 = 10;
const PACKETS_OF_A_CASE: usize = 500;

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
    let wanted = number("PODWALL_WORLDS", ASKED) * TIMES;
    let (start, mut worlds) = (std::time::Instant::now(), 0);
    let mut tally = Tally::default();
    for seed in number("PODWALL_SEED", 1).. {
        let case = Case::new(seed);
        match examine(&case, PACKETS_OF_A_CASE) {
            Ok(more) => tally += more,
            Err(_) => fail(&shrunk(&case, PACKETS_OF_A_CASE)),
        }
        worlds += 1;
        if tally.packets() >= wanted {
            break;
        }
    }
    println!("{worlds} worlds, {:.0} s: {tally}", start.elapsed().as_secs_f64());
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

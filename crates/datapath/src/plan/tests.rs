//! Every prefix of a plan is a state that a kill may leave: packets judged in it, connections that
//! live through it, and a successor that goes on from it.

mod little;

use std::collections::BTreeMap;

use podwall_model::{Address, Direction};

use super::*;
use crate::moves::identity_at;
use crate::write::Word;
use little::{Chance, LANES, Little};

/// What both tables of a slot say of one packet: raw decisions with the rule's name.
type Verdict = [Option<String>; 2];

/// Who is judged, about whom, in which direction, on which lane.
type Question = (usize, Address, Direction, u32);

/// Asks the mirror as a hook asks the kernel; `None` where the workload is not served.
fn judge(mirror: &Mirror, wanted: &Wanted, question: &Question) -> Option<(u32, Verdict)> {
    let (endpoint, address, direction, lane) = question;
    let endpoint = &wanted.endpoints[*endpoint];
    let slot = mirror.slots.values().find(|slot| slot.interface == endpoint.interface)?;
    let peer = identity_at(&mirror.addresses, &mirror.networks, *address);
    let Word { enforce, both, generation } = slot.word;
    let decide = |table: u32| {
        let table = mirror.tables.get(&table)?;
        let steps = mirror.steps.content(table.row(*direction, peer)).expect("rows lead to steps");
        let found = steps.iter().rev().find(|step| step.first <= *lane);
        let decision = found.map_or(0, |step| step.decision);
        let rule = mirror.rules.get(&(decision & crate::abi::RULE_MASK));
        Some(format!("{} {rule:?}", decision >> crate::abi::ACTION_SHIFT))
    };
    Some((generation, [decide(enforce), decide(both)]))
}

fn questions(wanted: &Wanted, addresses: &[Address]) -> Vec<Question> {
    let mut questions = Vec::new();
    for endpoint in 0..wanted.endpoints.len() {
        for address in addresses {
            for direction in Direction::BOTH {
                questions.extend(LANES.map(|lane| (endpoint, *address, direction, lane)));
            }
        }
    }
    questions
}

fn apply(mirror: &mut Mirror, wanted: &Wanted) -> Vec<Write> {
    mirror.steps.forget_unnamed();
    mirror.backends.forget_unnamed();
    let writes = plan(mirror, wanted, &Capacity::default()).expect("it fits");
    for write in &writes {
        mirror.note(write);
    }
    writes
}

/// What a successor reads after a kill: steps that nothing names are free, and packets have left
/// what no slot names.
fn adopted(mirror: &Mirror) -> Mirror {
    let mut adopted = mirror.clone();
    adopted.steps.forget_unnamed();
    adopted.backends.forget_unnamed();
    adopted.note(&Write::Grace);
    adopted
}

/// Whether the state is exactly this and nothing is left over from anything else.
fn assert_clean(mirror: &Mirror, wanted: &Wanted, addresses: &[Address]) {
    let mut fresh = Mirror::empty();
    apply(&mut fresh, wanted);
    for question in questions(wanted, addresses) {
        let (found, expected) =
            (judge(mirror, wanted, &question), judge(&fresh, wanted, &question));
        assert_eq!(found.map(|(_, v)| v), expected.map(|(_, v)| v), "{question:?}");
    }
    assert_eq!(mirror.tables.len(), fresh.tables.len(), "no table is left over");
    assert_eq!(mirror.sizes.rows, fresh.sizes.rows, "no row is left over");
    assert_eq!(mirror.addresses, fresh.addresses);
    assert_eq!(mirror.networks, fresh.networks);
    assert_eq!(mirror.services.len(), fresh.services.len());
    let mut again = mirror.clone();
    assert_eq!(apply(&mut again, wanted), [], "applying again writes nothing");
}

/// Lives through a change write by write: each packet and each connection meets old or new.
fn live_through(old: &Little, new: &Little) {
    let addresses = Little::addresses();
    let (before, after) = (old.wanted(), new.wanted());
    let mut mirror = Mirror::empty();
    apply(&mut mirror, &before);
    let questions = questions(&before, &addresses);
    let ask = |mirror: &Mirror, question| judge(mirror, &before, question).expect("it is served");
    let first: Vec<_> = questions.iter().map(|question| ask(&mirror, question)).collect();
    let mut goal = mirror.clone();
    let writes = apply(&mut goal, &after);
    let last: Vec<_> = questions.iter().map(|question| ask(&goal, question).1).collect();
    let mut connections = first.clone();
    for (number, write) in writes.iter().enumerate() {
        mirror.note(write);
        for (index, question) in questions.iter().enumerate() {
            let now = ask(&mirror, question);
            let fits = now.1 == first[index].1 || now.1 == last[index];
            assert!(
                fits,
                "after write {number}\n{question:?}: {now:?}\nold {:?}\nnew {:?}\n{}",
                first[index],
                last[index],
                in_lines(&writes[..=number])
            );
            if connections[index].0 != now.0 {
                connections[index] = now;
            }
        }
        let mut successor = adopted(&mirror);
        apply(&mut successor, &after);
        assert_clean(&successor, &after, &addresses);
    }
    for (index, (_, kept)) in connections.iter().enumerate() {
        assert_eq!(*kept, last[index], "a live connection keeps no old verdict: {writes:#?}");
    }
    assert_clean(&mirror, &after, &addresses);
}

#[test]
fn a_policy_change_is_old_or_new_after_every_write() {
    let mut chance = Chance::new(1);
    for _ in 0..300 {
        let old = Little::random(&mut chance);
        let mut new = old.clone();
        new.change_policies(&mut chance);
        live_through(&old, &new);
    }
}

#[test]
fn a_change_of_labels_and_addresses_is_old_or_new_after_every_write() {
    let mut chance = Chance::new(2);
    for _ in 0..300 {
        let old = Little::random(&mut chance);
        let mut new = old.clone();
        new.change_labels(&mut chance);
        live_through(&old, &new);
    }
}

#[test]
fn any_sequence_of_changes_ends_clean() {
    let mut chance = Chance::new(3);
    let mut mirror = Mirror::empty();
    let mut little = Little::random(&mut chance);
    for _ in 0..200 {
        little.change_policies(&mut chance);
        little.change_labels(&mut chance);
        little.change_endpoints(&mut chance);
        apply(&mut mirror, &little.wanted());
        // As if all connections of those who left were over.
        mirror.slots.retain(|_, slot| !slot.has_left());
        assert_clean(&mirror, &little.wanted(), &Little::addresses());
    }
}

#[test]
fn what_does_not_fit_is_refused_with_what_it_would_take() {
    let mut chance = Chance::new(4);
    let mut little = Little::random(&mut chance);
    while rows_of(&little) < 2 {
        little.change_policies(&mut chance);
    }
    let capacity = Capacity { rows: 1, ..Capacity::default() };
    let refused = plan(&Mirror::empty(), &little.wanted(), &capacity);
    let Err(PlanError::TooLarge(TooLarge { what, needed, capacity })) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((what, capacity), ("rows", 1));
    assert!(needed > 1);
}

#[test]
fn an_identity_that_appears_rewrites_no_table_and_bumps_nobody_who_cannot_tell() {
    let mut little = Little::random(&mut Chance::new(5));
    little.open_endpoint(0);
    let mut mirror = Mirror::empty();
    apply(&mut mirror, &little.wanted());
    let tables: Vec<u32> = mirror.tables.keys().copied().collect();
    let generations: BTreeMap<u32, u32> =
        mirror.slots.values().map(|slot| (slot.interface, slot.word.generation)).collect();
    little.recolour(Little::addresses()[0], 77);
    let writes = apply(&mut mirror, &little.wanted());
    assert!(!writes.iter().any(|write| matches!(write, Write::Head { .. })), "{writes:#?}");
    assert_eq!(mirror.tables.keys().copied().collect::<Vec<_>>(), tables);
    let open = mirror.slots.values().find(|slot| slot.interface == Little::interface(0));
    let open = open.expect("it is served");
    assert_eq!(open.word.generation, generations[&open.interface]);
}

fn rows_of(little: &Little) -> u64 {
    let mut mirror = Mirror::empty();
    apply(&mut mirror, &little.wanted());
    mirror.sizes.rows
}

fn in_lines(writes: &[Write]) -> String {
    let lines: Vec<String> = writes.iter().map(|write| format!("{write:?}")).collect();
    lines.join("\n")
}

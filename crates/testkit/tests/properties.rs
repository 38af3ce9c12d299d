//! What holds of every set of policies, on random worlds: the order they come in means nothing, the
//! two directions leave each other alone, an added allow closes nothing, and an added deny opens
//! nothing.

use podwall_model::{Direction, PolicyId, PolicyKind, RuleId, Section};
use podwall_policy::end::End;
use podwall_policy::judge::{Court, Question};
use podwall_policy::matching;
use podwall_policy::mode::PolicySet;
use podwall_policy::options::Enforcement;
use podwall_policy::rule::{
    Action, Effect, Peers, Policy, Ports, Precedence, Rule, Selector, Subject,
};
use podwall_testkit::chance::Chance;
use podwall_testkit::random::{Case, Packet};
use podwall_testkit::witness::examine;

const CASES: u64 = 400;
const PACKETS: usize = 40;

/// What a case says of a packet, by both sets.
fn actions(case: &Case, packet: &Packet) -> [Action; 2] {
    let court = Court::new(&case.policies, &case.world, case.options);
    let peer = End::at(packet.peer, &case.world, &case.options);
    let question = Question {
        subject: case.world.workload(&packet.subject).expect("a workload of this world"),
        direction: packet.direction,
        peer: &peer,
        packet: matching::Packet { protocol: packet.protocol, port: packet.port },
    };
    [PolicySet::Enforced, PolicySet::Both].map(|set| court.judge_by(set, &question).action)
}

/// Compares each case with what becomes of it: `holds` is asked of both verdicts on each packet.
fn check(change: impl Fn(&mut Case, &mut Chance), holds: impl Fn(&Packet, Action, Action) -> bool) {
    for seed in 1..=CASES {
        let before = Case::new(seed);
        // There the node has access of its own only where some rule is about the workload (Cilium's
        // `always`), so that any rule opens something.
        if before.options.enforcement == Enforcement::Always {
            continue;
        }
        let mut after = before.clone();
        change(&mut after, &mut Chance::new(seed ^ 0x0070_726f_7065_7274));
        examine(&after, PACKETS).unwrap_or_else(|problem| panic!("{problem:?}"));
        for packet in before.packets(PACKETS) {
            let pairs = actions(&before, &packet).into_iter().zip(actions(&after, &packet));
            for (was, is) in pairs {
                assert!(holds(&packet, was, is), "case {seed}: {packet:?}: {was:?}, then {is:?}");
            }
        }
    }
}

/// A policy of one rule about everybody that does not isolate, in both directions.
fn added(effect: Effect, case: &mut Case, chance: &mut Chance) {
    let id = PolicyId {
        kind: PolicyKind::CiliumClusterwideNetworkPolicy,
        namespace: None,
        name: "added".to_owned(),
    };
    // Its peers and ports are those of some other rule, so that it means something here.
    let known: Vec<&Rule> = case.policies.iter().flat_map(|policy| &policy.rules).collect();
    let (peers, ports) = match known.is_empty() {
        true => (Peers::Anyone, Ports::Any),
        false => (chance.pick(&known).peers.clone(), chance.pick(&known).ports.clone()),
    };
    let rule = |direction| Rule {
        id: RuleId {
            policy: id.clone(),
            section: Section { spec: None, direction, deny: effect == Effect::Deny },
            index: Some(0),
            content: 0,
        },
        subject: Subject::Endpoints(Selector::default()),
        direction,
        effect,
        precedence: Precedence::NORMAL,
        peers: peers.clone(),
        ports: ports.clone(),
        demands: Vec::new(),
        isolates: false,
        log: None,
    };
    let rules = Direction::BOTH.map(rule).to_vec();
    case.policies.push(Policy { id, mode: None, rules, group: None });
}

#[test]
fn the_order_of_policies_and_rules_means_nothing() {
    let shuffle = |case: &mut Case, chance: &mut Chance| {
        chance.shuffle(&mut case.policies);
        case.policies.iter_mut().for_each(|policy| chance.shuffle(&mut policy.rules));
    };
    check(shuffle, |_, was, is| was == is);
}

#[test]
fn the_rules_of_one_direction_leave_the_other_alone() {
    for kept in Direction::BOTH {
        let drop = |case: &mut Case, _: &mut Chance| {
            for policy in &mut case.policies {
                policy.rules.retain(|rule| rule.direction == kept);
            }
        };
        check(drop, |packet, was, is| packet.direction != kept || was == is);
    }
}

#[test]
fn an_added_allow_closes_nothing() {
    let add = |case: &mut Case, chance: &mut Chance| added(Effect::Allow, case, chance);
    check(add, |_, was, is| was == Action::Deny || is == Action::Allow);
}

#[test]
fn an_added_deny_opens_nothing() {
    let add = |case: &mut Case, chance: &mut Chance| added(Effect::Deny, case, chance);
    check(add, |_, was, is| was == Action::Allow || is == Action::Deny);
}

//! An agent's life in events and actions, without a kernel and without control.

mod life;

use podwall_datapath::{Adopted, AdoptedEndpoint};
use podwall_model::{Protocol, Reason};
use podwall_policy::table::Lane;

use super::*;
use crate::event::{NotApplied, Places};
use crate::fixture::name;
use life::{Agent, Came, address, answers, denied, flows, nothing, problems, wanted, world};

const POLICY: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop, annotations: {podwall.io/mode: enforce}}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 5432, protocol: TCP}]
";

#[test]
fn a_revision_is_put_in_force_and_answered() {
    let mut agent = Agent::new(&Adopted { fresh: true, ..nothing() });
    let came = agent.wants(wanted(1, &world("web"), POLICY));
    assert_eq!(answers(&came), ["applied 1"]);
    let [wanted] = came.applied.as_slice() else { panic!("one change") };
    assert_eq!(wanted.endpoints.len(), 2);
    let db = wanted.endpoints.iter().find(|e| e.workload == name("db")).unwrap();
    assert_eq!((db.interface, db.addresses.as_slice()), (12, &[address("10.0.0.9")][..]));
    let table = &wanted.classes[&db.class].enforce;
    let peer = wanted.addresses[&address("10.0.0.5")];
    let decision = table.ingress.look_up(peer, Lane::new(Protocol::TCP, 5432));
    assert_eq!(decision.reason(), Reason::None);
    let decision = table.ingress.look_up(peer, Lane::new(Protocol::TCP, 5433));
    assert_eq!(decision.reason(), Reason::DefaultDeny);
}

#[test]
fn a_refused_revision_leaves_the_one_before_in_force() {
    let mut agent = Agent::new(&nothing());
    agent.wants(wanted(1, &world("web"), POLICY));
    let broken = POLICY.replace("podSelector: {matchLabels: {app: db}}", "podSelektor: {}");
    let came = agent.wants(wanted(2, &world("other"), &broken));
    assert_eq!(answers(&came), ["refused 2"]);
    assert!(came.applied.is_empty());
    let force = agent.state.change.in_force().unwrap();
    assert_eq!(force.intent.revision, 1);
    assert_eq!(*force.intent.world, world("web"));
    let [ToControl::Refused(refused)] = came.said.as_slice() else { panic!("one answer") };
    assert!(refused.why[0].contains("podSelektor"), "{:?}", refused.why);
}

#[test]
fn a_revision_that_the_kernel_does_not_take_leaves_the_one_before_in_force() {
    let mut agent = Agent::new(&nothing());
    agent.wants(wanted(1, &world("web"), POLICY));
    let second = Event::Said(ToAgent::Wanted(Box::new(wanted(2, &world("web"), POLICY))));
    let actions = decide(&mut agent.state, second, agent.now);
    assert!(matches!(actions.as_slice(), [Action::Apply(_)]));
    let came = agent.happens(Event::Applied(Err(NotApplied::Unfit("too large".into()))));
    assert_eq!(answers(&came), ["refused 2"]);
    assert_eq!(agent.state.change.in_force().unwrap().intent.revision, 1);
}

#[test]
fn workloads_that_have_not_moved_are_not_looked_for() {
    let mut agent = Agent::new(&nothing());
    agent.wants(wanted(1, &world("web"), POLICY));
    let second = Box::new(wanted(2, &world("web"), POLICY));
    let came = agent.happens(Event::Said(ToAgent::Wanted(second)));
    assert_eq!(answers(&came), ["applied 2"]);
    assert!(came.others.is_empty());
    let moved = Box::new(wanted(3, &world("other"), POLICY));
    let came = agent.happens(Event::Said(ToAgent::Wanted(moved)));
    assert!(answers(&came).is_empty());
    agent.question(&came);
}

#[test]
fn a_change_that_was_torn_is_tried_again_until_it_is_in_force() {
    let mut agent = Agent::new(&nothing());
    agent.wants(wanted(1, &world("web"), POLICY));
    let second = Event::Said(ToAgent::Wanted(Box::new(wanted(2, &world("web"), POLICY))));
    let actions = decide(&mut agent.state, second, agent.now);
    assert!(matches!(actions.as_slice(), [Action::Apply(_)]));
    let places: Places = [(name("web"), Ok(11)), (name("db"), Ok(12))].into();
    let came = agent.happens(Event::Applied(Err(NotApplied::Torn("no such device".into()))));
    assert!(answers(&came).is_empty());
    assert_eq!(problems(&came).unwrap()[0].code, "not_applied");
    let mut came = Came::default();
    while came.others.iter().all(|action| !matches!(action, Action::Locate { .. })) {
        came = agent.happens(Event::Tick);
    }
    let locate = came.others.into_iter().find(|action| matches!(action, Action::Locate { .. }));
    let Some(Action::Locate { question, .. }) = locate else { panic!("a question") };
    let came = agent.happens(Event::Located { question, places });
    assert_eq!(answers(&came), ["applied 2"]);
    assert_eq!(problems(&came), Some(vec![]));
}

#[test]
fn a_revision_overtaken_by_another_is_never_applied() {
    let mut agent = Agent::new(&nothing());
    let first = Box::new(wanted(1, &world("web"), POLICY));
    let came = agent.happens(Event::Said(ToAgent::Wanted(first)));
    let stale = agent.question(&came);
    let second = Box::new(wanted(2, &world("web"), POLICY));
    let came = agent.happens(Event::Said(ToAgent::Wanted(second)));
    let question = agent.question(&came);
    let came = agent.happens(Event::Located { question: stale, places: Places::new() });
    assert!(came.applied.is_empty());
    let came = agent.happens(Event::Located { question, places: Places::new() });
    assert_eq!(answers(&came), ["applied 2"]);
}

#[test]
fn a_restarted_agent_wants_what_the_one_before_had() {
    let mut first = Agent::new(&Adopted { fresh: true, ..nothing() });
    let mut came = first.wants(wanted(1, &world("web"), POLICY));
    assert_eq!(came.newcomers.len(), 2);
    let before = came.applied.remove(0);
    let endpoints = before.endpoints.iter().zip(1..).map(|(endpoint, slot)| AdoptedEndpoint {
        workload: endpoint.workload.clone(),
        interface: endpoint.interface,
        slot,
        generation: 1,
    });
    let found = Adopted {
        generation: 1,
        identities: before.identities.clone(),
        endpoints: endpoints.collect(),
        ..nothing()
    };
    let mut second = Agent::new(&found);
    let mut came = second.wants(wanted(1, &world("web"), POLICY));
    assert_eq!(came.applied.remove(0), before);
    assert!(came.newcomers.is_empty(), "their hooks are in place");
}

#[test]
fn a_relabelled_peer_gets_another_identity_and_the_old_one_stays_named() {
    let mut agent = Agent::new(&nothing());
    let before = agent.wants(wanted(1, &world("web"), POLICY)).applied.remove(0);
    let mut relabelled = world("web");
    relabelled.workloads[0].labels.insert("app".into(), "intruder".into());
    let after = agent.wants(wanted(2, &relabelled, POLICY)).applied.remove(0);
    let (old, new) =
        (before.addresses[&address("10.0.0.5")], after.addresses[&address("10.0.0.5")]);
    assert_ne!(old, new);
    assert!(new > old, "numbers only grow: {old:?} {new:?}");
    let db = after.endpoints.iter().find(|e| e.workload == name("db")).unwrap();
    let lane = Lane::new(Protocol::TCP, 5432);
    let reason = after.classes[&db.class].enforce.ingress.look_up(new, lane).reason();
    assert_eq!(reason, Reason::DefaultDeny);
    let mut seen = denied(&agent, "10.0.0.5");
    seen.identity = old;
    let came = agent.happens(Event::Seen(vec![seen]));
    assert_eq!(flows(&came)[0].source.identity, old.0);
}

#[test]
fn a_device_that_vanishes_is_a_problem_and_the_others_stay() {
    let mut agent = Agent::new(&nothing());
    agent.wants(wanted(1, &world("web"), POLICY));
    let came = agent.happens(Event::LinksChanged);
    let question = agent.question(&came);
    let gone = Err("namespace is gone".to_owned());
    let places: Places = [(name("web"), gone), (name("db"), Ok(12))].into();
    let came = agent.happens(Event::Located { question, places });
    let [wanted] = came.applied.as_slice() else { panic!("one change") };
    assert_eq!(wanted.endpoints.iter().map(|e| e.interface).collect::<Vec<_>>(), [12]);
    assert!(answers(&came).is_empty(), "control has had its answer");
    let problem = &problems(&came).unwrap()[0];
    assert_eq!(
        (problem.code.as_str(), problem.subject.as_deref()),
        ("not_enforced", Some("shop/web"))
    );
}

#[test]
fn a_device_made_again_is_found_at_its_new_number() {
    let mut agent = Agent::new(&nothing());
    agent.wants(wanted(1, &world("web"), POLICY));
    let came = agent.happens(Event::LinksChanged);
    let question = agent.question(&came);
    let same: Places = [(name("web"), Ok(11)), (name("db"), Ok(12))].into();
    assert!(agent.happens(Event::Located { question, places: same }).applied.is_empty());
    let came = agent.happens(Event::LinksChanged);
    let question = agent.question(&came);
    let places: Places = [(name("web"), Ok(31)), (name("db"), Ok(12))].into();
    let came = agent.happens(Event::Located { question, places });
    assert_eq!(came.newcomers, [name("web")]);
    let wanted = &came.applied[0];
    let web = wanted.endpoints.iter().find(|e| e.workload == name("web")).unwrap();
    assert_eq!(web.interface, 31);
}

#[test]
fn news_of_links_while_a_question_is_open_asks_once_more() {
    let mut agent = Agent::new(&nothing());
    agent.wants(wanted(1, &world("web"), POLICY));
    let came = agent.happens(Event::LinksChanged);
    let question = agent.question(&came);
    assert_eq!(agent.happens(Event::LinksChanged).others, [Action::HoldUplinks]);
    let places: Places = [(name("web"), Ok(11)), (name("db"), Ok(12))].into();
    let came = agent.happens(Event::Located { question, places });
    assert!(agent.question(&came) > question);
}

#[test]
fn a_flow_names_both_ends_also_just_after_one_has_gone() {
    let mut agent = Agent::new(&nothing());
    agent.wants(wanted(1, &world("web"), POLICY));
    let mut left = world("web");
    left.workloads.remove(0);
    agent.wants(wanted(2, &left, POLICY));
    let seen = denied(&agent, "10.0.0.5");
    let came = agent.happens(Event::Seen(vec![seen]));
    let flow = flows(&came).remove(0);
    assert_eq!(flow.source.workload, Some((&name("web")).into()));
    assert_eq!(flow.destination.workload, Some((&name("db")).into()));
    assert!(flow.source.labels.iter().any(|(_, key, value)| key == "app" && value == "web"));
}

#[test]
fn an_unknown_layout_is_said_and_nothing_is_changed() {
    let mut state = State::left_alone("n1".into(), 7, "layout unknown: `9`".into());
    let now = Moment::default();
    let actions = decide(&mut state, Event::Connected { connection: 1 }, now);
    let [Action::Send { message: ToControl::Hello(hello), .. }] = actions.as_slice() else {
        panic!("a hello")
    };
    assert_eq!(hello.adopted.left_alone.as_deref(), Some("layout unknown: `9`"));
    decide(&mut state, Event::Sent, now);
    let said = Event::Said(ToAgent::Wanted(Box::new(wanted(1, &world("web"), POLICY))));
    let actions = decide(&mut state, said, now);
    assert!(actions.iter().all(|action| matches!(action, Action::Send { .. })));
    for _ in 0..8 {
        let actions = decide(&mut state, Event::Tick, now);
        assert!(actions.iter().all(|action| matches!(action, Action::Send { .. })));
    }
}

#[test]
fn it_ends_when_everything_is_removed_and_said() {
    let mut agent = Agent::new(&nothing());
    let came = agent.happens(Event::Said(ToAgent::Remove));
    assert_eq!(came.others, [Action::Remove]);
    let actions = decide(&mut agent.state, Event::Removed(Ok(())), agent.now);
    let removed = ToControl::Removed;
    assert!(actions.contains(&Action::Send { connection: 1, message: removed }));
    assert!(!actions.contains(&Action::Exit));
    assert_eq!(decide(&mut agent.state, Event::Sent, agent.now), [Action::Exit]);
}

//! Random requests: judge and sheets agree on each, the deciding rule and the headers included.
//!
//! Worlds and policies are those of the random cases; what their rules ask is added here.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

use std::collections::BTreeMap;
use std::sync::Arc;

use podwall_model::{Address, Direction, Protocol};
use podwall_policy::compile::resolve_all;
use podwall_policy::demand::{
    Demand, HeaderMatch, HeaderTest, HttpRule, KafkaRule, Mismatch, PortDemand, Requests,
    SecretName, ServerName, TlsContext,
};
use podwall_policy::end::End;
use podwall_policy::identity::Identities;
use podwall_policy::judge::{Court, Question};
use podwall_policy::matching;
use podwall_policy::mode::PolicySet;
use podwall_policy::names::{Name, NamePattern};
use podwall_policy::re2::Pattern;
use podwall_policy::request::{Conversation, Headers, Hello, HttpRequest, KafkaRequest, Request};
use podwall_policy::rule::{Effect, Ports, Tier};
use podwall_policy::table::{Decision, Lane};
use podwall_testkit::chance::Chance;
use podwall_testkit::random::Case;
use podwall_testkit::witness::classes;

const CASES: u64 = 1_500;
const PACKETS_OF_A_CASE: usize = 30;

const PATHS: [&str; 10] = [
    "/a",
    "/a/.*",
    "/a/b",
    ".*/b",
    "/[ab]/.*",
    ".*",
    "/(a|b)",
    "(?i)/A/[^/]+",
    "/a/b/c",
    "/b/[0-9]+",
];
const TEXTS: [&str; 8] = ["/a", "/a/b", "/b", "/b/7", "/A/x", "/a/b/c", "/", "/a/c/b"];
const HOSTS: [&str; 4] = ["a.io", "a\\.io", ".*\\.io", "b.io(:80)?"];
const NAMES: [&str; 6] = ["a.io", "b.a.io", "aXio", "b.io", "b.io:80", "c"];
const PATTERNS: [&str; 7] = ["a.io", "*.io", "**.io", "*.a.io", "*", "b*.io", "c"];

/// What most rules of one case ask, so that few of them are in conflict.
#[derive(Clone, Copy)]
enum Theme {
    Http,
    Dns,
    Kafka,
    Custom,
    Tls,
}

fn some<T: Clone>(list: &[T], percent: usize, chance: &mut Chance) -> Option<T> {
    chance.percent(percent).then(|| chance.pick(list).clone())
}

fn pattern(list: &[&str], percent: usize, chance: &mut Chance) -> Option<Pattern> {
    some(list, percent, chance).map(|text| Pattern::new(text).unwrap())
}

fn http_rule(chance: &mut Chance) -> HttpRule {
    let header = |chance: &mut Chance| HeaderTest {
        name: chance.one_of(&["x", "y"]).into(),
        value: some(&["1", "2"], 50, chance).map(str::to_owned),
    };
    let header_match = |chance: &mut Chance| HeaderMatch {
        name: chance.one_of(&["x", "y"]).into(),
        value: chance.one_of(&["", "1", "2"]).into(),
        secret: None,
        mismatch: chance.one_of(&[
            Mismatch::Fail,
            Mismatch::Log,
            Mismatch::Add,
            Mismatch::Delete,
            Mismatch::Replace,
        ]),
    };
    HttpRule {
        method: pattern(&["GET", "POST", "GET|PUT"], 40, chance),
        path: pattern(&PATHS, 70, chance),
        host: pattern(&HOSTS, 25, chance),
        headers: (0..chance.one_of(&[0, 0, 0, 1])).map(|_| header(chance)).collect(),
        header_matches: (0..chance.one_of(&[0, 0, 0, 0, 1, 2]))
            .map(|_| header_match(chance))
            .collect(),
    }
}

fn kafka_rule(chance: &mut Chance) -> KafkaRule {
    KafkaRule {
        api_keys: some(&[vec![0], vec![1, 3], vec![12]], 50, chance),
        api_version: some(&[1], 20, chance),
        client: some(&["me".to_owned()], 20, chance),
        topic: some(&["t".to_owned(), "u".to_owned()], 60, chance),
    }
}

fn fields(chance: &mut Chance) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for key in ["a", "b"] {
        if let Some(value) = some(&["1", "2"], 60, chance) {
            fields.insert(key.to_owned(), value.to_owned());
        }
    }
    fields
}

fn demand(theme: Theme, chance: &mut Chance) -> Demand {
    if chance.percent(20) {
        return Demand::default();
    }
    let count = chance.between(1, 4);
    let requests = match theme {
        Theme::Http => Requests::Http((0..count).map(|_| http_rule(chance)).collect()),
        Theme::Dns => {
            let patterns = (0..count).map(|_| chance.one_of(&PATTERNS));
            Requests::Dns(patterns.map(|text| NamePattern::of_pattern(text).unwrap()).collect())
        }
        Theme::Kafka => Requests::Kafka((0..count).map(|_| kafka_rule(chance)).collect()),
        Theme::Custom => Requests::Custom {
            protocol: chance.one_of(&["r2d2", "r2d2", "r2d2", "r2d2", "c3po"]).into(),
            rules: (0..chance.below(3)).map(|_| fields(chance)).collect(),
        },
        Theme::Tls => Requests::Any,
    };
    let context = |name: &str| TlsContext {
        secret: SecretName { namespace: "d".into(), name: name.into() },
        trusted_ca: "ca.crt".into(),
        certificate: "tls.crt".into(),
        private_key: "tls.key".into(),
    };
    let is_tls = matches!(theme, Theme::Tls);
    let names = if chance.percent(if is_tls { 80 } else { 5 }) { chance.between(1, 2) } else { 0 };
    let patterns = ["a.io", "*.a.io", "**.io", "b.io"];
    Demand {
        server_names: (0..names)
            .map(|_| ServerName::new(chance.one_of(&patterns)).unwrap())
            .collect(),
        terminating: some(&[context("s"), context("s"), context("other")], 5, chance),
        originating: some(&[context("s")], 5, chance),
        requests,
    }
}

/// Has rules of a case ask for something; so many items of their ports as there are.
fn decorate(case: &mut Case, theme: Theme, chance: &mut Chance) {
    for rule in case.policies.iter_mut().flat_map(|policy| &mut policy.rules) {
        let can_ask = rule.effect == Effect::Allow && rule.precedence.tier == Tier::Normal;
        let Ports::AnyOf(ports) = &rule.ports else { continue };
        if !can_ask || ports.is_empty() || chance.percent(25) {
            continue;
        }
        let split = chance.between(0, ports.len());
        let (first, second) = ports.split_at(split);
        rule.demands = [first, second]
            .into_iter()
            .map(|ports| PortDemand {
                ports: Ports::AnyOf(ports.to_vec()),
                demand: Arc::new(demand(theme, chance)),
            })
            .collect();
        if rule.demands.iter().all(|item| item.demand.protocol().is_none()) {
            rule.demands.clear();
        }
    }
}

fn conversation(theme: Theme, chance: &mut Chance) -> Conversation {
    let headers = [("x", "1"), ("x", "2"), ("y", "1"), ("z", "")];
    let request = match theme {
        Theme::Http => Request::Http(HttpRequest {
            method: chance.one_of(&["GET", "POST", "PUT"]).into(),
            path: chance.one_of(&TEXTS).into(),
            host: chance.one_of(&NAMES).into(),
            headers: Headers::new(
                headers.into_iter().filter(|_| chance.percent(40)).collect::<Vec<_>>(),
            ),
        }),
        Theme::Dns => Request::Dns(Name::new(chance.one_of(&NAMES))),
        Theme::Kafka => Request::Kafka(KafkaRequest {
            api_key: chance.one_of(&[0, 1, 3, 12]),
            api_version: chance.one_of(&[1, 2]),
            client: chance.one_of(&["me", "you"]).into(),
            topics: ["t", "u", "v"]
                .iter()
                .filter(|_| chance.percent(40))
                .map(|t| (*t).to_owned())
                .collect(),
        }),
        Theme::Custom => Request::Custom(fields(chance)),
        Theme::Tls => return Conversation { hello: hello(90, chance), request: None },
    };
    Conversation { hello: hello(6, chance), request: chance.percent(98).then_some(request) }
}

fn hello(percent: usize, chance: &mut Chance) -> Option<Hello> {
    some(&NAMES, percent, chance).map(|name| Hello { server_name: name.to_owned() })
}

#[derive(Default, Debug)]
struct Tally {
    unread: u64,
    passed: u64,
    refused: u64,
    changed: u64,
}

fn examine(case: &Case, theme: Theme, chance: &mut Chance, tally: &mut Tally) {
    let mut identities = Identities::default();
    let compiled = resolve_all(&case.policies, &case.world, &case.options, &mut identities);
    let court = Court::new(&case.policies, &case.world, case.options);
    let classes = classes(&compiled);
    for packet in case.packets(PACKETS_OF_A_CASE) {
        let subject = case.world.workload(&packet.subject).expect("a workload of this world");
        let peer = End::at(packet.peer, &case.world, &case.options);
        let asked = matching::Packet { protocol: packet.protocol, port: packet.port };
        let question =
            Question { subject, direction: packet.direction, peer: &peer, packet: asked };
        let conversation = conversation(theme, chance);
        let class = classes[&packet.subject];
        let number = compiled.resolved.look_up(Address::from(packet.peer));
        let lane = Lane::new(packet.protocol, packet.port);
        for (set, table) in [(PolicySet::Enforced, &class.enforce), (PolicySet::Both, &class.both)]
        {
            let decision: &Decision = table.half(packet.direction).look_up(number, lane);
            let ruling = court.judge_request_by(set, &question, &conversation);
            let place = || format!("seed {} {packet:?} {set:?} {conversation:?}", case.seed);
            assert_eq!(ruling.packet.action, decision.action, "{}", place());
            assert_eq!(ruling.packet.rule_id(), decision.rule.as_deref(), "{}", place());
            let protocol = decision.sheet.as_ref().map(|sheet| sheet.protocol());
            assert_eq!(ruling.gate.as_ref(), protocol, "{}", place());
            let Some(sheet) = &decision.sheet else {
                tally.unread += 1;
                continue;
            };
            let admission = sheet.admit(&conversation);
            assert_eq!(ruling.admission, admission, "{}", place());
            match admission.refusal {
                None => tally.passed += 1,
                Some(_) => tally.refused += 1,
            }
            tally.changed += u64::from(admission.headers.is_some());
        }
    }
}

#[test]
fn judge_and_sheets_agree_on_every_request() {
    let themes = [
        Theme::Http,
        Theme::Http,
        Theme::Http,
        Theme::Dns,
        Theme::Kafka,
        Theme::Custom,
        Theme::Tls,
    ];
    let mut tally = Tally::default();
    for seed in 1..=CASES {
        let mut chance = Chance::new(seed ^ 0x7265_7175);
        let theme = chance.one_of(&themes);
        let mut case = Case::new(seed);
        decorate(&mut case, theme, &mut chance);
        examine(&case, theme, &mut chance, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.passed > 1_000 && tally.refused > 400 && tally.changed > 30, "{tally:?}");
    assert!(tally.unread > 1_000, "{tally:?}");
}

/// Many rules, found by an index: the same as one by one.
#[test]
fn a_large_sheet_says_what_its_rules_say() {
    let mut chance = Chance::new(7);
    let mut rules = Vec::new();
    for at in 0..600 {
        let shape = match chance.below(6) {
            0 => format!("/api/v{}/users/[0-9]+", at % 40),
            1 => format!("/api/v{}/.*", at % 40),
            2 => format!(".*/tail{}", at % 30),
            3 => format!("/exact/{at}"),
            4 => format!("/[a-z]+/{}", at % 50),
            _ => format!("/(one|two)/{}(/x)?", at % 20),
        };
        let method = pattern(&["GET", "POST"], 30, &mut chance);
        rules.push(HttpRule {
            path: Some(Pattern::new(&shape).unwrap()),
            method,
            ..HttpRule::default()
        });
    }
    let case = one_rule_case(Requests::Http(rules.clone()));
    let mut identities = Identities::default();
    let compiled = resolve_all(&case.policies, &case.world, &case.options, &mut identities);
    let class = compiled.classes.values().next().expect("one class");
    let lane = Lane::new(Protocol::TCP, 80);
    let sheet =
        class.enforce.half(Direction::Ingress).fallback.at(lane).sheet.as_ref().expect("a sheet");
    let mut passed = 0;
    for _ in 0..3_000 {
        let number = chance.below(60);
        let path = match chance.below(7) {
            0 => format!("/api/v{number}/users/{number}"),
            1 => format!("/api/v{number}/x/tail{number}"),
            2 => format!("/exact/{}", chance.below(700)),
            3 => format!("/abc/{number}"),
            4 => format!("/one/{number}/x"),
            5 => format!("/x/tail{number}"),
            _ => "/none/of/these/".to_owned(),
        };
        let method = chance.one_of(&["GET", "POST", "PUT"]).to_owned();
        let request = HttpRequest { method, path, ..HttpRequest::default() };
        let meant = rules.iter().any(|rule| rule.fits(&request, &Headers::default()));
        let asked = Conversation { hello: None, request: Some(Request::Http(request.clone())) };
        assert_eq!(sheet.admit(&asked).refusal.is_none(), meant, "{request:?}");
        passed += u64::from(meant);
    }
    assert!((500..2_500).contains(&passed), "{passed}");
}

/// A workload whose one rule asks this on port 80.
fn one_rule_case(requests: Requests) -> Case {
    let text = "
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: p, namespace: d}
spec:
  endpointSelector: {}
  ingress: [{toPorts: [{ports: [{port: \"80\", protocol: TCP}], rules: {http: [{}]}}]}]
";
    let dialect = podwall_policy::Dialect::offline();
    let mut policies = podwall_policy::check_as(text, "p.yaml", &dialect).policies;
    let items = &mut policies[0].rules[0].demands;
    items[0].demand = Arc::new(Demand { requests, ..Demand::default() });
    let mut case = Case::new(1);
    case.options = podwall_policy::options::Options {
        mode: podwall_model::Mode::Enforce,
        ..podwall_policy::options::Options::default()
    };
    let mut workload = case.world.workloads[0].clone();
    workload.name.namespace = "d".into();
    case.world.workloads = vec![workload];
    case.world.services.clear();
    Case { policies, ..case }
}

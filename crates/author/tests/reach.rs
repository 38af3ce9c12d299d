//! Map and plan against the judge, who shares no code with the tables that both are made of.

use std::collections::BTreeSet;

use podwall_author::map::{Map, dot, mermaid, svg};
use podwall_author::plan::{Effect, Plan, markdown};
use podwall_author::reach::{Ground, Kind, Place, imagined};
use podwall_files::{parse_world, read_source};
use podwall_model::{Direction, Mode, Protocol, Verdict, World};
use podwall_policy::end::End;
use podwall_policy::judge::{Court, Question, verdict};
use podwall_policy::matching::Packet;
use podwall_policy::options::Options;
use podwall_policy::rule::{Action, Policy};
use podwall_policy::table::Lane;
use podwall_policy::{check, check_as};
use podwall_testkit::chance::Chance;
use podwall_testkit::random::Case;

/// What the judge says of a packet between two places, both ends together.
fn judged(court: &Court<'_>, from: &Place, to: &Place, packet: Packet) -> Verdict {
    let end = |place: &Place| match (place.workloads.first(), place.address) {
        (Some(name), _) => {
            let workload = court.world.workload(name).expect("a place of this world");
            End::of(workload, place.address, court.world, &court.options)
        }
        (None, Some(ip)) => End::at(ip, court.world, &court.options),
        (None, None) => End::reserved("host"),
    };
    let (client, server) = (end(from), end(to));
    let (mut enforced, mut both) = (Action::Allow, Action::Allow);
    for (direction, own, peer) in
        [(Direction::Egress, &client, &server), (Direction::Ingress, &server, &client)]
    {
        let Some(name) = &own.workload else { continue };
        let subject = court.world.workload(name).expect("a place of this world");
        let judged = court.judge(&Question { subject, direction, peer, packet });
        enforced = enforced.max(judged.enforced.action);
        both = both.max(judged.both.action);
    }
    verdict(enforced, both)
}

fn random_lane(chance: &mut Chance) -> Packet {
    let protocol = chance.one_of(&[
        Protocol::TCP,
        Protocol::TCP,
        Protocol::UDP,
        Protocol::SCTP,
        Protocol::ICMP,
    ]);
    let port = chance.one_of(&[80u16, 81, 443, 53, 8080, 8, 0, 1000, 5432, 65535]);
    // A type of ICMP is one byte.
    let port = if protocol == Protocol::ICMP { port % 16 } else { port };
    Packet { protocol, port }
}

#[test]
fn spans_of_random_worlds_are_what_the_judge_says() {
    let mut compared = 0;
    for seed in 0..60 {
        let case = Case::new(seed);
        let ground = Ground::new(&case.world, case.options);
        let view = ground.view(&case.policies);
        let classes = view.classes();
        let places = ground.places(&[&view]);
        let court = Court::new(&case.policies, ground.world(), case.options);
        let mut chance = Chance::new(seed ^ 0x6d61_7073);
        for _ in 0..60 {
            let (from, to) = (chance.below(places.len()), chance.below(places.len()));
            if from == to
                || places[from].address.map(|ip| ip.is_ipv4())
                    != places[to].address.map(|ip| ip.is_ipv4())
            {
                continue;
            }
            let (from, to) = (&places[from], &places[to]);
            let packet = random_lane(&mut chance);
            let lane = Lane::new(packet.protocol, packet.port).0;
            let spans = view.spans(&classes, from, to);
            let span = spans
                .iter()
                .find(|span| (span.first..=span.last).contains(&lane))
                .expect("as the test wrote it");
            let said = judged(&court, from, to, packet);
            assert_eq!(span.verdict, said, "seed {seed}: {} to {} {packet:?}", from.name, to.name);
            compared += 1;
        }
    }
    assert!(compared > 1000, "only {compared} were compared");
}

#[test]
fn every_difference_that_the_judge_sees_is_in_the_plan_and_no_other() {
    let mut changed = 0;
    for seed in 0..40 {
        let case = Case::new(seed);
        let other = Case::new(seed + 1000);
        let new: Vec<Policy> =
            case.policies.iter().skip(1).chain(other.policies.iter().take(1)).cloned().collect();
        let plan = Plan::of(&case.policies, &new, &case.world, case.options);
        let ground = Ground::new(&case.world, case.options);
        let (before, after) = (ground.view(&case.policies), ground.view(&new));
        let places = ground.places(&[&before, &after]);
        let courts = [&case.policies, &new]
            .map(|policies| Court::new(policies, ground.world(), case.options));
        let mut chance = Chance::new(seed ^ 0x706c_616e);
        for _ in 0..60 {
            let (from, to) = (chance.below(places.len()), chance.below(places.len()));
            let ours = |at: usize| places[at].kind == Kind::Workloads;
            if from == to || !(ours(from) || ours(to)) {
                continue;
            }
            let (from, to) = (&places[from], &places[to]);
            let packet = random_lane(&mut chance);
            let [old, new] =
                [&courts[0], &courts[1]].map(|court| judged(court, from, to, packet).passed());
            let told = |effect: Effect| {
                plan.changes.iter().any(|change| {
                    change.effect == effect
                        && change.from.contains(&from.name)
                        && change.to.contains(&to.name)
                        && change.lanes.iter().any(|lanes| holds(lanes, packet))
                })
            };
            let where_ = format!("seed {seed}: {} to {} {packet:?}", from.name, to.name);
            assert_eq!(told(Effect::Gained), !old && new, "{where_}");
            assert_eq!(told(Effect::Lost), old && !new, "{where_}");
            changed += usize::from(old != new);
        }
    }
    assert!(changed > 30, "only {changed} changes were met");
}

/// Whether lanes in words hold a packet.
fn holds(lanes: &str, Packet { protocol, port }: Packet) -> bool {
    let name = protocol.to_string();
    if lanes == "everything" || lanes == name {
        return true;
    }
    if let Some(range) = lanes.strip_prefix("protocols ") {
        let (low, high) = range.split_once('-').expect("as the test wrote it");
        return (low.parse().expect("as the test wrote it")
            ..=high.parse().expect("as the test wrote it"))
            .contains(&protocol.0);
    }
    if protocol == Protocol::ICMP {
        let Some(kinds) = lanes.strip_prefix("ICMPv4 ") else { return false };
        let number = |word: &str| {
            word.parse::<u16>().ok().or_else(|| {
                podwall_policy::icmp_kind(podwall_model::IcmpFamily::V4, word).map(u16::from)
            })
        };
        return match number(kinds) {
            Some(kind) => kind == port,
            None => {
                let (low, high) = kinds.split_once('-').expect("as the test wrote it");
                (number(low).expect("as the test wrote it")
                    ..=number(high).expect("as the test wrote it"))
                    .contains(&port)
            }
        };
    }
    let Some((ports, other)) = lanes.split_once('/') else { return false };
    let (low, high) = ports.split_once('-').unwrap_or((ports, ports));
    other == name
        && (low.parse().expect("as the test wrote it")
            ..=high.parse().expect("as the test wrote it"))
            .contains(&port)
}

const WORLD: &str = "
namespaces: [{name: shop}, {name: data}]
nodes: [{name: n1, ips: [192.0.2.1], local: true}]
pods:
- {name: web-1, namespace: shop, labels: {app: web}, ips: [10.0.0.1]}
- {name: web-2, namespace: shop, labels: {app: web}, ips: [10.0.0.2]}
- {name: db, namespace: data, labels: {app: db}, ips: [10.0.0.3]}
";

const POLICY: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: data}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}, podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 5432}]
  - from: [{ipBlock: {cidr: 198.51.100.0/24}}]
    ports: [{port: 5432}]
";

fn world() -> World {
    let text =
        WORLD.replace("{name: shop}", "{name: shop, labels: {kubernetes.io/metadata.name: shop}}");
    parse_world(&text).expect("as the test wrote it").world
}

fn enforcing() -> Options {
    Options { mode: Mode::Enforce, ..Options::default() }
}

#[test]
fn the_map_says_who_reaches_whom() {
    let map = Map::of(&check(POLICY, "p").policies, &world(), enforcing());
    assert_eq!(
        map.text(),
        "shop/web                 -> data/db  5432/TCP\n\
         node n1                  -> data/db  everything\n\
         outside in 198.51.100.0/24 -> data/db  5432/TCP\n\n\
         not isolated, anyone may reach: shop/web\n\n\
         not isolated, may reach anyone: data/db, shop/web\n"
            .replace("shop/web                 ->", "shop/web                   ->")
            .replace("node n1                  ->", "node n1                    ->")
    );
    for drawn in [dot(&map), mermaid(&map), svg(&map)] {
        assert!(drawn.contains("web (2)") && drawn.contains("5432/TCP"), "{drawn}");
    }
    assert_eq!(map.around("198.51").links.len(), 1);
}

#[test]
fn the_plan_says_what_is_gained_and_lost() {
    let old = check(POLICY, "p").policies;
    let new = check(&POLICY.replace("5432}]\n  - from", "5433}]\n  - from"), "p").policies;
    let plan = Plan::of(&old, &new, &world(), enforcing());
    let told: Vec<String> = plan
        .changes
        .iter()
        .map(|c| {
            format!("{} {} -> {} {}", c.effect, c.from.join("+"), c.to.join("+"), c.lanes.join("+"))
        })
        .collect();
    assert_eq!(told, ["gained shop/web -> data/db 5433/TCP", "lost shop/web -> data/db 5432/TCP"]);
    assert!(plan.text().contains("~ NetworkPolicy/data/db: changed"), "{}", plan.text());
    assert!(markdown(&plan).contains("| shop/web | data/db | 5433/TCP |"), "{}", markdown(&plan));
    assert!(Plan::of(&old, &old, &world(), enforcing()).is_empty());
    let detected = Plan::of(&[], &old, &world(), Options::default());
    let effects: BTreeSet<Effect> = detected.changes.iter().map(|change| change.effect).collect();
    assert_eq!(effects, BTreeSet::from([Effect::WouldLose]));
}

#[test]
fn other_requests_on_the_same_port_are_a_change() {
    let policy = |path: &str| {
        let text = format!(
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: db, namespace: data}}\nspec: {{endpointSelector: {{}}, ingress: [{{fromEndpoints: [{{matchLabels: {{'k8s:io.kubernetes.pod.namespace': shop}}}}], toPorts: [{{ports: [{{port: '80', protocol: TCP}}], rules: {{http: [{{path: {path}}}]}}}}]}}]}}\n"
        );
        check_as(&text, "p", &podwall_author::dialect()).policies
    };
    let map = Map::of(&policy("/old"), &world(), enforcing());
    assert!(map.text().contains("80/TCP  [http /old]"), "{}", map.text());
    let plan = Plan::of(&policy("/old"), &policy("/new"), &world(), enforcing());
    let effects: Vec<Effect> = plan.changes.iter().map(|change| change.effect).collect();
    assert_eq!(effects, [Effect::Requests], "{}", plan.text());
}

#[test]
fn without_a_world_one_is_made_up_from_what_policies_name() {
    let policies = check(POLICY, "p").policies;
    let world = imagined(&policies);
    let names: Vec<String> = world.workloads.iter().map(|w| w.name.to_string()).collect();
    assert_eq!(names, ["data/any-other", "data/db", "shop/any-other", "shop/web"]);
    let map = Map::of(&policies, &world, enforcing());
    assert!(map.text().contains("shop/web"), "{}", map.text());
}

/// The drawing of the demo's policies is well-formed, and every label lies within it.
#[test]
fn the_demo_is_drawn() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../demo/policies");
    let policies: Vec<Policy> = read_source(folder)
        .expect("as the test wrote it")
        .iter()
        .flat_map(|file| check(&file.text, &file.name).policies)
        .collect();
    let drawn = svg(&Map::of(&policies, &imagined(&policies), enforcing()));
    assert_eq!(drawn.matches("<g>").count(), drawn.matches("</g>").count());
    assert!(drawn.contains(">web<") && drawn.ends_with("</svg>\n"));
}

/// Too many places for lines: a row for each client, a column for each server.
#[test]
fn many_places_are_drawn_as_a_table() {
    let pods: String = (0..30)
        .map(|n| {
            format!("- {{name: p{n}, namespace: shop, labels: {{app: p{n}}}, ips: [10.0.0.{n}]}}\n")
        })
        .collect();
    let world = parse_world(&format!("namespaces: [{{name: shop}}]\npods:\n{pods}"))
        .expect("as the test wrote it")
        .world;
    let policy = |n: usize| {
        format!(
            "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: p{n}, namespace: shop}}\n\
             spec:\n  endpointSelector: {{matchLabels: {{app: p{n}}}}}\n  ingress:\n  - fromEndpoints: \
             [{{matchLabels: {{app: p{}}}}}]\n    toPorts: [{{ports: [{{port: \"{}\", protocol: TCP}}], \
             rules: {{http: [{{method: GET, path: /a<b}}]}}}}]\n",
            (n * 7 + 3) % 30,
            8000 + n
        )
    };
    let text: String = (0..30).map(policy).collect();
    let checked = check_as(&text, "p", &podwall_author::dialect());
    let options = Options { host_access: false, ..enforcing() };
    let drawn = svg(&Map::of(&checked.policies, &world, options));
    assert!(!drawn.contains("class=\"link\"") && drawn.ends_with("</svg>\n"), "{drawn}");
    assert_eq!(drawn.matches("class=\"cell\"").count(), 30, "{drawn}");
    assert!(
        drawn.contains(">8004*</text>")
            && drawn.contains("shop/p1 -&gt; shop/p4: 8004/TCP [http GET")
    );
    assert!(!drawn.contains("a<b"), "what users write is text in the drawing");
}

//! What control wants is in force, stays in force, and is told with both names.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use podwall_host::Network;
use podwall_wire::node::{Counter, Flow, ToAgent, ToControl};
use podwall_wire::rest::{Direction, Verdict};

use crate::place::Place;
use crate::runner::Case;
use crate::talk::{Agent, BOUND, Control, FoundBy};

pub(crate) const CASES: [Case; 12] = [
    ("a_deny_stops_packets_and_is_told_with_both_names", a_deny_is_told),
    ("a_killed_agent_changes_nothing_and_counters_go_on", a_killed_agent_changes_nothing),
    ("a_connection_that_was_open_before_is_kept_with_its_direction", open_connections),
    ("open_connections_behind_an_interface_are_kept_too", open_connections_by_interface),
    ("a_refused_document_leaves_the_one_before_in_force", a_refused_document),
    ("a_device_made_again_is_held_again", a_device_made_again),
    ("a_namespace_that_vanishes_is_a_problem", a_namespace_vanishes),
    ("packets_that_go_round_the_hooks_are_reported", packets_go_round),
    ("packets_that_go_round_an_interface_are_reported_too", packets_go_round_an_interface),
    ("an_unknown_layout_is_left_in_force_and_reported", an_unknown_layout),
    ("control_that_comes_back_is_found", control_comes_back),
    ("removing_leaves_nothing", removing_leaves_nothing),
];

/// `web` may reach `db` at 5432 and no other port.
pub(crate) const POLICY: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 5432, protocol: UDP}]
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: no-admin, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingressDeny:
  - fromEndpoints: [{matchLabels: {app: web}}]
    toPorts: [{ports: [{port: '5434', protocol: UDP}]}]
";

/// A client in `web` and a server in `db`.
struct Pair {
    client: UdpSocket,
    server: UdpSocket,
    to: String,
}

impl Pair {
    fn v4(place: &Place, port: u16) -> Pair {
        Pair::new(place, "0.0.0.0:0", &format!("10.77.2.2:{port}"))
    }

    fn v6(place: &Place, port: u16) -> Pair {
        Pair::new(place, "[::]:0", &format!("[fd77:2::2]:{port}"))
    }

    fn new(place: &Place, from: &str, to: &str) -> Pair {
        let client = place.socket("web", from);
        let server = place.socket("db", to);
        server.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        Pair { client, server, to: to.to_owned() }
    }

    /// Whether one datagram arrives.
    fn passes(&self) -> bool {
        self.client.send_to(b"probe", &self.to).unwrap();
        let mut bytes = [0; 16];
        match self.server.recv_from(&mut bytes) {
            Ok(_) => true,
            Err(cause) if cause.kind() == ErrorKind::WouldBlock => false,
            Err(cause) => panic!("{cause}"),
        }
    }
}

/// An agent that nobody went before, and control it talks to.
pub(crate) fn started(place: &Place) -> (Control, Agent) {
    let mut control = Control::listen(place);
    let mut agent = Agent::start(place, &[]);
    let hello = control.accept(&mut agent);
    assert!(hello.adopted.fresh, "{hello:?}");
    (control, agent)
}

fn a_deny_is_told() {
    let place = Place::new();
    let (mut control, _agent) = started(&place);
    let allowed = [Pair::v4(&place, 5432), Pair::v6(&place, 5432)];
    let unlisted = [Pair::v4(&place, 5433), Pair::v6(&place, 5433)];
    let denied = [Pair::v4(&place, 5434), Pair::v6(&place, 5434)];
    for pair in allowed.iter().chain(&unlisted).chain(&denied) {
        assert!(pair.passes(), "open at first: {}", pair.to);
    }
    control.put_in_force(&place, POLICY);
    assert!(allowed.iter().all(Pair::passes));
    assert!(!unlisted.iter().any(Pair::passes));
    assert!(!denied.iter().any(Pair::passes));

    let dropped = |flow: &Flow, port| {
        flow.verdict == Verdict::Dropped && flow.connection.destination_port == port
    };
    let flow = control.flow(|flow| dropped(flow, 5434));
    assert_eq!(flow.source.workload.unwrap().name, "web");
    assert_eq!(flow.destination.workload.unwrap().name, "db");
    assert_eq!(flow.direction, Direction::Ingress);
    let rule = flow.rule.unwrap();
    assert_eq!((rule.name.as_str(), rule.deny, rule.index), ("no-admin", true, Some(0)));

    assert!(!unlisted[0].passes());
    let flow = control.flow(|flow| dropped(flow, 5433));
    assert_eq!(flow.rule, None);
    let (nearest, why) = &flow.nearest[0];
    assert_eq!(nearest.name, "db");
    assert!(why.contains("another port"), "{why}");
}

/// Packets that a rule of the policy `name` decided.
fn packets(counters: &[Counter], name: &str) -> u64 {
    let decided = |counter: &&Counter| counter.rule.as_ref().is_some_and(|rule| rule.name == name);
    counters.iter().filter(decided).map(|counter| counter.packets).sum()
}

fn a_killed_agent_changes_nothing() {
    let place = Place::new();
    let (mut control, mut agent) = started(&place);
    let (allowed, denied) = (Pair::v4(&place, 5432), Pair::v4(&place, 5434));
    let before = control.put_in_force(&place, POLICY);
    for _ in 0..10 {
        assert!(allowed.passes());
    }
    assert!(!denied.passes());
    agent.kill();
    for _ in 0..10 {
        assert!(allowed.passes());
    }
    assert!(!denied.passes());
    let mut agent = Agent::start(&place, &[]);
    let hello = control.accept(&mut agent);
    assert!(!hello.adopted.fresh);
    assert_eq!(hello.adopted.generation, before.generation);
    assert_eq!(hello.adopted.workloads.len(), 2);
    let after = control.put_in_force(&place, POLICY);
    assert_eq!((after.generation, after.writes), (before.generation, 0), "nothing is new");
    for _ in 0..10 {
        assert!(allowed.passes());
    }
    assert!(!denied.passes());
    let counters = control.counters(|counters| packets(counters, "no-admin") >= 3);
    assert_eq!(packets(&counters, "no-admin"), 3);
    assert_eq!(packets(&counters, "db"), 30);
}

/// Both ends are isolated both ways; `web` may open connections to `db` at 5432, and that is all.
const ONE_WAY: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: everyone, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: db}}}]
    ports: [{port: 5432, protocol: TCP}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 5432, protocol: TCP}]
";

fn open_connections() {
    an_open_connection(FoundBy::Namespace);
}

fn open_connections_by_interface() {
    an_open_connection(FoundBy::Interface);
}

fn an_open_connection(found_by: FoundBy) {
    for address in ["10.77.2.2:5432", "[fd77:2::2]:5432"] {
        let place = Place::new();
        let listen = || TcpListener::bind(address);
        let listener = place.db.run(listen).unwrap().unwrap();
        let mut client = place.web.run(|| TcpStream::connect(address)).unwrap().unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let (mut control, _agent) = started(&place);
        control.found_by = found_by;
        control.put_in_force(&place, ONE_WAY);
        // The server speaks first: seen alone, this looks like a connection of its own.
        client.set_read_timeout(Some(BOUND)).unwrap();
        server.write_all(b"first").unwrap();
        let mut heard = [0; 5];
        client.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"first");
        let counters = control.counters(|all| packets(all, "db") > 0);
        let dropped = counters.iter().find(|c| c.verdict == Verdict::Dropped);
        assert_eq!(dropped, None);
    }
}

fn a_refused_document() {
    let place = Place::new();
    let (mut control, _agent) = started(&place);
    let (allowed, denied) = (Pair::v4(&place, 5432), Pair::v4(&place, 5434));
    control.put_in_force(&place, POLICY);
    let broken = POLICY.replace("ingressDeny", "ingresDeny");
    let revision = control.want(&place, &place.world(), &broken);
    let refused = control.refusal(revision);
    assert!(refused.why.iter().any(|why| why.contains("`ingresDeny`")), "{refused:?}");
    assert!(allowed.passes());
    assert!(!denied.passes());
}

fn a_device_made_again() {
    let place = Place::new();
    let (mut control, _agent) = started(&place);
    control.put_in_force(&place, POLICY);
    place.disconnect("db");
    let gone = control.problems(|problems| !problems.is_empty());
    assert_eq!(gone[0].code, "not_enforced");
    assert_eq!(gone[0].subject.as_deref(), Some("shop/db"));
    place.connect("db");
    control.problems(|problems| problems.is_empty());
    let (allowed, denied) = (Pair::v4(&place, 5432), Pair::v4(&place, 5434));
    assert!(allowed.passes());
    assert!(!denied.passes());
}

/// `web` may ask the node at 5432 and nobody else.
const TO_THE_NODE: &str = "
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: to-the-node, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: web}}
  egress:
  - toEntities: [host]
    toPorts: [{ports: [{port: '5432', protocol: UDP}]}]
";

fn a_namespace_vanishes() {
    let place = Place::new();
    let (mut control, _agent) = started(&place);
    let policies = format!("{POLICY}{TO_THE_NODE}");
    let to_node = |port: u16| {
        let to = format!("10.77.1.1:{port}");
        let server = place.node.run(|| UdpSocket::bind(&to)).unwrap().unwrap();
        server.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        Pair { client: place.socket("web", "0.0.0.0:0"), server, to }
    };
    let (allowed, denied) = (to_node(5432), to_node(5434));
    control.put_in_force(&place, &policies);
    let holds = || assert!(allowed.passes() && !denied.passes(), "who stays is held as before");
    holds();
    podwall_host::namespace::remove(place.db.path()).unwrap();
    place.disconnect("db");
    holds();
    let gone = control.problems(|problems| !problems.is_empty());
    assert_eq!(gone[0].code, "not_enforced");
    assert_eq!(gone[0].subject.as_deref(), Some("shop/db"));
    holds();
    let next = control.put_in_force(&place, &policies);
    assert!(next.generation > 0);
    holds();
}

/// What some network plugins do: it puts a packet at the workload's end of a wire, past all hooks.
const DETOUR: &str = r#"
static long (*redirect_peer)(unsigned int, unsigned long long) = (void *)155;
__attribute__((section("tc"), used)) int detour(void *packet) { return redirect_peer(TO, 0); }
char terms[] __attribute__((section("license"), used)) = "GPL";
"#;

fn packets_go_round() {
    a_detour(FoundBy::Namespace);
}

fn packets_go_round_an_interface() {
    a_detour(FoundBy::Interface);
}

fn a_detour(found_by: FoundBy) {
    let place = Place::new();
    let (mut control, _agent) = started(&place);
    control.found_by = found_by;
    control.put_in_force(&place, POLICY);
    assert!(Pair::v4(&place, 5432).passes());
    let to = Network::open(&place.node).unwrap().link("to-db").unwrap().index;
    let source = place.state.join("detour.c");
    let object = place.state.join("detour.o");
    std::fs::write(&source, DETOUR.replace("TO", &to.to_string())).unwrap();
    let (source, object) = (source.to_str().unwrap(), object.to_str().unwrap());
    place.command(&format!("clang-19 -O2 -g -target bpf -c -o {object} {source}"));
    place.command("tc qdisc add dev to-web clsact");
    place.command(&format!(
        "tc filter add dev to-web ingress protocol ip bpf object-file {object} section tc \
         direct-action"
    ));
    let client = place.socket("web", "0.0.0.0:0");
    let go_round = || {
        for _ in 0..100 {
            client.send_to(b"round", "10.77.2.2:5434").unwrap();
        }
    };
    let problem = control.wait_for("a problem", |message| match message {
        ToControl::Problems { problems } => problems.into_iter().next(),
        ToControl::Counters(_) => {
            go_round();
            None
        }
        _ => None,
    });
    assert_eq!(problem.code, "not_enforced", "{problem:?}");
    assert_eq!(problem.subject.as_deref(), Some("shop/db"));
    assert!(problem.message.contains("round the hooks"), "{problem:?}");
}

fn an_unknown_layout() {
    let place = Place::new();
    let (mut control, mut agent) = started(&place);
    let (allowed, denied) = (Pair::v4(&place, 5432), Pair::v4(&place, 5434));
    control.put_in_force(&place, POLICY);
    agent.kill();
    let about = place.state.join("bpf/maps/pw_about");
    let layout_99 = "63 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00";
    let about = about.to_str().unwrap();
    place.command(&format!(
        "bpftool map update pinned {about} key hex 00 00 00 00 value hex {layout_99}"
    ));
    let mut agent = Agent::start(&place, &[]);
    let hello = control.accept(&mut agent);
    let why = hello.adopted.left_alone.unwrap();
    assert!(why.contains("layout 99"), "{why}");
    let revision = control.want(&place, &place.world(), "");
    assert_eq!(control.refusal(revision).why, [why]);
    assert!(allowed.passes());
    assert!(!denied.passes());
}

fn control_comes_back() {
    let place = Place::new();
    let (mut control, mut agent) = started(&place);
    let (allowed, denied) = (Pair::v4(&place, 5432), Pair::v4(&place, 5434));
    control.put_in_force(&place, POLICY);
    control.hang_up();
    assert!(allowed.passes());
    assert!(!denied.passes());
    control.accept(&mut agent);
    control.put_in_force(&place, POLICY);
    assert!(!denied.passes());
}

fn removing_leaves_nothing() {
    let place = Place::new();
    let (mut control, mut agent) = started(&place);
    let denied = Pair::v4(&place, 5434);
    control.put_in_force(&place, POLICY);
    assert!(!denied.passes());
    control.say(&ToAgent::Remove);
    control.wait_for("its removal", |message| (message == ToControl::Removed).then_some(()));
    assert!(agent.wait_for_end().success());
    assert!(denied.passes());
    let names = std::fs::read_dir(place.state.join("bpf")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // The kernel itself puts two iterators into a bpffs.
    let pins: Vec<String> = names.filter(|name| !name.ends_with(".debug")).collect();
    assert!(pins.is_empty(), "{pins:?}");
}

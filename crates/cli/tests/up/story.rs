//! The story of the product, told by those whom it is about: the intruder's own log says that it is
//! stopped, and the application's own logs, probes and TCP say that it loses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use podwall_host::Namespace;
use podwall_host::made::{self, Thing};
use serde_json::Value;

use crate::run::{Place, Run, until};

/// The application's own clients.
pub(crate) const CLIENTS: [&str; 7] =
    ["customers", "web", "cart-1", "cart-2", "orders", "orders-payments", "report"];
/// Where they and their servers are.
const APPLICATION: [&str; 8] =
    ["outside", "web", "cart-1", "cart-2", "orders", "db", "report", "dns"];
/// Longer than anybody in the demo waits for an answer: what began before a switch has ended.
const SETTLED_MS: u64 = 3_000;
/// Attempts of about two rounds of the intruder.
const TWO_ROUNDS: usize = 80;

#[test]
fn enforcing_stops_the_intruder_and_the_application_loses_nothing() {
    let place = Place::new("story");
    let command = place.command(&["up", "--demo", "--for", "600s", "--listen", "127.0.0.1:0"]);
    let mut run = Run::start(&place, command);
    run.ready();
    let began = now();
    until("the intruder has been everywhere", || {
        let moves = intruder(&place, began);
        let got = |action| moves.get(action).is_some_and(|o| o.iter().any(|o| connected(o)));
        ["metadata", "login", "sweep", "service", "node port"].into_iter().all(got).then_some(())
    });
    assert_only_the_intruder(&place, "AUDIT");

    let sent_again = retransmissions(&place);
    place.say(&["mode", "--global", "enforce"]);
    run.ready();
    let enforced = now() + SETTLED_MS;
    until("the intruder has tried all again", || enough(&place, enforced));
    for (action, outcomes) in intruder(&place, enforced) {
        assert_eq!(outcomes, BTreeSet::from(["timed_out".to_owned()]), "{action}");
    }
    until("all clients have asked on", || {
        let asked = |name: &&str| lines(&place, name, enforced).len() >= 5;
        CLIENTS.iter().all(asked).then_some(())
    });
    assert_only_the_intruder(&place, "DROPPED");

    place.say(&["mode", "--global", "detect"]);
    run.ready();
    let restored = now() + SETTLED_MS;
    until("the intruder has tried all again", || enough(&place, restored));
    for (action, outcomes) in intruder(&place, restored) {
        assert!(!outcomes.contains("timed_out"), "{action}: {outcomes:?}");
    }

    for name in CLIENTS {
        for line in lines(&place, name, began) {
            assert_eq!(line["outcome"], "ok", "{name}: {line}");
        }
    }
    let gaps = lines(&place, "probe", began).into_iter().filter(|line| !line["gap"].is_null());
    assert_eq!(gaps.count(), 0, "every numbered probe came in");
    assert_eq!(retransmissions(&place), sent_again, "nobody had to send again");
    run.interrupt();
}

/// What became of the intruder's moves since a moment, by kind.
fn intruder(place: &Place, since: u64) -> BTreeMap<String, BTreeSet<String>> {
    let mut moves: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in lines(place, "intruder", since) {
        let word = |key: &str| line[key].as_str().unwrap().to_owned();
        moves.entry(word("action")).or_default().insert(word("outcome"));
    }
    moves
}

fn connected(outcome: &str) -> bool {
    outcome.starts_with("connected")
}

fn enough(place: &Place, since: u64) -> Option<()> {
    (lines(place, "intruder", since).len() >= TWO_ROUNDS).then_some(())
}

/// The lines that a program wrote since a moment.
pub(crate) fn lines(place: &Place, name: &str, since: u64) -> Vec<Value> {
    let path = place.state().join("logs").join(format!("{name}.log"));
    let text = fs::read_to_string(path).unwrap_or_default();
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let read = whole.map(|line| serde_json::from_str::<Value>(line).unwrap());
    read.filter(|line| line["time"].as_u64().is_some_and(|time| time >= since)).collect()
}

#[track_caller]
fn assert_only_the_intruder(place: &Place, verdict: &str) {
    let flows = place.flows(&["--verdict", verdict]);
    assert!(!flows.is_empty());
    for flow in flows {
        assert_eq!(flow.source.workload.as_deref(), Some("lab/intruder"), "{flow:?}");
    }
}

/// Segments that TCP had to send again, by namespace of the application.
fn retransmissions(place: &Place) -> BTreeMap<String, u64> {
    let things = made::leftovers(&place.state().join("made.json")).unwrap();
    let paths = things.into_iter().filter_map(|thing| match thing {
        Thing::Namespace(path) => Some(path),
        Thing::Directory(_) | Thing::NamespaceMount | Thing::Mount(_) | Thing::Process(_) => None,
    });
    let mut counts = BTreeMap::new();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (_, part) = name.split_once('-').unwrap();
        if APPLICATION.contains(&part) {
            counts.insert(part.to_owned(), sent_again(&Namespace::open(&path).unwrap()));
        }
    }
    assert_eq!(counts.len(), APPLICATION.len());
    counts
}

/// `RetransSegs` of RFC 1213, by its name in the head line.
fn sent_again(namespace: &Namespace) -> u64 {
    let read = || fs::read_to_string("/proc/thread-self/net/snmp").unwrap();
    let text = namespace.run(read).unwrap();
    let mut tcp = text.lines().filter(|line| line.starts_with("Tcp: "));
    let (names, values) = (tcp.next().unwrap(), tcp.next().unwrap());
    let mut pairs = names.split(' ').zip(values.split(' '));
    pairs.find(|(name, _)| *name == "RetransSegs").unwrap().1.parse().unwrap()
}

pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

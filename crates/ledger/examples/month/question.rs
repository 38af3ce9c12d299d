//! What the page asks, each as one closure that says how much it was told.

use podwall_ledger::{
    By, EdgeQuestion, Filter, Ledger, PAGE_LIMIT, Pattern, Question, Scope, Series,
};
use podwall_model::{Reason, Verdict};

use crate::cluster::{DAY, END, HOUR, MINUTE, SECOND};

/// A question: asked of the ledger, it says how much it was told.
pub(crate) type Ask = Box<dyn Fn(&mut Ledger) -> u64>;

/// All of them, with their names.
pub(crate) fn all(days: u64) -> Vec<(&'static str, Ask)> {
    let month = days.min(30) * DAY;
    let mut all = over_time(month);
    all.extend(ends(month));
    all.extend(flows());
    all
}

fn counted(question: Question) -> Ask {
    Box::new(move |ledger| {
        let answer = ledger.answer(&question).expect("the ledger answers");
        answer.total.forwarded.packets + answer.total.would_drop.packets
    })
}

/// Overview, policies, workloads and their pages.
fn over_time(month: u64) -> Vec<(&'static str, Ask)> {
    let span = |length: u64, parts: u64| Question {
        since: END - length,
        until: END,
        step: length / parts,
        ..Question::default()
    };
    let workload = Scope { workloads: vec!["team-7/service-7".into()], ..Scope::default() };
    let policies = vec!["NetworkPolicy/team-7/allow-7".into()];
    let policy = Scope { policies, ..Scope::default() };
    let denied = Scope { reason: Some(Reason::DefaultDeny), ..Scope::default() };
    let by = |by: By, question: Question| counted(Question { by: Some(by), ..question });
    let sums = |by: By, question: Question| {
        counted(Question { by: Some(by), series: Series::SumsAlone, ..question })
    };
    let of = |scope: &Scope, question: Question| Question { scope: scope.clone(), ..question };
    // Not from the start of a chunk, as a window that moves is not.
    let odd = Question { since: END - month + 5 * HOUR + MINUTE, ..span(month, 1) };
    let seconds = |length: u64| -> Ask {
        Box::new(move |ledger| {
            assert!(ledger.has_seconds(END - length));
            let window = ledger.window(END - length, END, (length / 300).max(SECOND));
            window.expect("the ledger answers").total.forwarded.packets
        })
    };
    vec![
        ("overview, 5 minutes, by the second", seconds(5 * MINUTE)),
        ("overview, 15 minutes, by 3 seconds", seconds(15 * MINUTE)),
        ("overview, 1 hour", by(By::Namespace, span(HOUR, 300))),
        ("overview, 6 hours", by(By::Namespace, span(6 * HOUR, 300))),
        ("overview, 1 day", by(By::Namespace, span(DAY, 300))),
        ("overview, 7 days", by(By::Namespace, span(7 * DAY, 300))),
        ("overview, 30 days", by(By::Namespace, span(month, 300))),
        ("by direction, 30 days", by(By::Direction, span(month, 300))),
        ("by policy, 1 day", by(By::Policy, span(DAY, 300))),
        ("by policy, 30 days", by(By::Policy, span(month, 300))),
        ("all workloads, 15 minutes", sums(By::Side, span(15 * MINUTE, 1))),
        ("all workloads, 1 day", sums(By::Side, span(DAY, 1))),
        ("all workloads, 7 days", sums(By::Side, span(7 * DAY, 1))),
        ("all workloads, 30 days", sums(By::Side, span(month, 1))),
        ("all workloads, nearly 30 days", sums(By::Side, odd)),
        ("one workload, 1 day", by(By::Side, of(&workload, span(DAY, 300)))),
        ("one workload, 30 days", by(By::Side, of(&workload, span(month, 300)))),
        ("one policy by rule, 1 day", sums(By::Rule, of(&policy, span(DAY, 1)))),
        ("one policy by rule, 30 days", sums(By::Rule, of(&policy, span(month, 1)))),
        ("default deny by side, 1 day", sums(By::Side, of(&denied, span(DAY, 1)))),
        ("default deny by side, 30 days", sums(By::Side, of(&denied, span(month, 1)))),
        ("policies and rules, last hit", Box::new(last_hits)),
    ]
}

/// When each rule was hit last: from the counters as they stand.
fn last_hits(ledger: &mut Ledger) -> u64 {
    let mut last = std::collections::BTreeMap::<&str, u64>::new();
    for (key, count) in ledger.counters() {
        let Some(rule) = &key.rule else { continue };
        for name in [rule.policy.as_str(), rule.rule.as_str()] {
            let its = last.entry(name).or_default();
            *its = count.last.max(*its);
        }
    }
    last.len() as u64
}

/// Pairs, the map, and the peers of a workload.
fn ends(month: u64) -> Vec<(&'static str, Ask)> {
    let pairs = |length: u64| -> Ask {
        Box::new(move |ledger| {
            ledger.pairs(END - length, END).expect("the ledger answers").len() as u64
        })
    };
    let edges = |length: u64, workload: Option<&str>, namespaces: &[&str]| -> Ask {
        let namespaces = namespaces.iter().map(|name| (*name).to_owned()).collect();
        let workload = workload.map(str::to_owned);
        let question = EdgeQuestion { since: END - length, until: END, workload, namespaces };
        Box::new(move |ledger| {
            ledger.edges(&question).expect("the ledger answers").edges.len() as u64
        })
    };
    let service = Some("team-7/service-7");
    vec![
        ("top pairs, 15 minutes", pairs(15 * MINUTE)),
        ("top pairs, 1 day", pairs(DAY - 7 * MINUTE)),
        ("top pairs, 7 days", pairs(7 * DAY - 7 * MINUTE)),
        ("top pairs, 30 days", pairs(month - 7 * MINUTE)),
        ("new pairs since yesterday", Box::new(new_pairs)),
        ("map, 15 minutes", edges(15 * MINUTE, None, &[])),
        ("map, 1 day", edges(DAY - 7 * MINUTE, None, &[])),
        ("map, 30 days", edges(month - 7 * MINUTE, None, &[])),
        ("map of one namespace, 30 days", edges(month - 7 * MINUTE, None, &["team-7"])),
        ("peers of a workload, 1 day", edges(DAY - 7 * MINUTE, service, &[])),
        ("peers of a workload, 30 days", edges(month - 7 * MINUTE, service, &[])),
    ]
}

/// Every pair of the month was there before: what is told is that it is known.
fn new_pairs(ledger: &mut Ledger) -> u64 {
    let found = ledger.new_pairs(END - DAY, END).expect("the ledger answers");
    found.pairs.len() as u64 + u64::from(found.known_from.is_some())
}

/// The table of flows, its filters and its export.
fn flows() -> Vec<(&'static str, Ask)> {
    let found = |filter: Filter| -> Ask {
        Box::new(move |ledger| {
            let found = ledger.flows(&filter).expect("the ledger answers");
            // A page that looked through many rows in vain says where to go on.
            found.entries.len() as u64 + u64::from(found.next.is_some())
        })
    };
    let page = Filter { limit: 100, ..Filter::default() };
    let stopped = vec![Verdict::WouldDrop, Verdict::Dropped, Verdict::WouldAllow];
    let pattern = |text: &str| vec![Pattern::parse(text)];
    let week = Some(END - 7 * DAY);
    let until = Some(END - 3 * DAY);
    vec![
        ("flows, newest", found(page.clone())),
        ("flows, stopped", found(Filter { verdicts: stopped.clone(), ..page.clone() })),
        (
            "flows, of a namespace",
            found(Filter { namespaces: vec!["team-7".into()], ..page.clone() }),
        ),
        (
            "flows, from a workload",
            found(Filter { from: pattern("team-7/service-7"), ..page.clone() }),
        ),
        (
            "flows, stopped, to an address",
            found(Filter {
                to: pattern("198.51.100.7"),
                verdicts: stopped.clone(),
                since: week,
                ..page.clone()
            }),
        ),
        ("flows, by port", found(Filter { ports: vec![5432], ..page.clone() })),
        ("flows, by a port of nobody", found(Filter { ports: vec![4711], ..page.clone() })),
        (
            "flows, by policy, stopped",
            found(Filter {
                policies: vec!["team-7/allow-7".into()],
                verdicts: stopped,
                ..page.clone()
            }),
        ),
        ("flows, a day of last week", found(Filter { since: week, until, ..page })),
        ("export of 5,000", found(Filter { limit: PAGE_LIMIT, ..Filter::default() })),
    ]
}

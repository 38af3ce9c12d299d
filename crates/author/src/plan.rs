//! The plan: what another set of policies changes for connections, rather than for lines of YAML.
//!
//! Both sets are compiled over one world, and compared for every pair of places that either of
//! them can tell apart, lane by lane.

mod markdown;

use std::collections::BTreeMap;
use std::fmt;

use podwall_model::{PolicyId, RuleId, Verdict, World};
use podwall_policy::options::Options;
use podwall_policy::rule::Policy;

use crate::reach::{Ground, Kind, Place, Span, words};

pub use self::markdown::markdown;

/// What changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Policies that are new, gone or other than before.
    pub policies: Vec<(PolicyId, Edited)>,
    /// Connections that change, gained ones first.
    pub changes: Vec<Change>,
    /// How many places there are.
    pub places: usize,
}

/// What happened to a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edited {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its rules are others.
    Changed,
    /// Only its own mode is another.
    Mode,
}

/// How a connection changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It passes now.
    Gained,
    /// It is dropped now.
    Lost,
    /// Nothing yet; it would pass with detection enforced, and would not have.
    WouldGain,
    /// Nothing yet; it would be dropped with detection enforced, and would not have been.
    WouldLose,
    /// It passes as before, and other requests pass in it.
    Requests,
}

/// Connections that change alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How.
    pub effect: Effect,
    /// The clients.
    pub from: Vec<String>,
    /// The servers.
    pub to: Vec<String>,
    /// Protocols and ports, in words.
    pub lanes: Vec<String>,
    /// The rules that make the difference: of the new set where something is gained or denied, of
    /// the old one where it is lost for want of them.
    pub rules: Vec<RuleId>,
}

impl fmt::Display for Edited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Edited::Added => "added",
            Edited::Removed => "removed",
            Edited::Changed => "changed",
            Edited::Mode => "another mode",
        })
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Effect::Gained => "gained",
            Effect::Lost => "lost",
            Effect::WouldGain => "would be gained",
            Effect::WouldLose => "would be lost",
            Effect::Requests => "other requests",
        })
    }
}

impl Effect {
    /// What it is from one span to another.
    fn between(before: &Span, after: &Span) -> Option<Effect> {
        let (old, new) = (before.verdict, after.verdict);
        let both = |verdict: Verdict| match verdict {
            Verdict::Forwarded | Verdict::WouldAllow => true,
            Verdict::WouldDrop | Verdict::Dropped => false,
        };
        match (old.passed(), new.passed(), both(old), both(new)) {
            (false, true, _, _) => Some(Effect::Gained),
            (true, false, _, _) => Some(Effect::Lost),
            (_, _, false, true) => Some(Effect::WouldGain),
            (_, _, true, false) => Some(Effect::WouldLose),
            (_, _, _, true) | (true, true, _, _) if before.requests != after.requests => {
                Some(Effect::Requests)
            }
            (_, _, _, _) => None,
        }
    }
}

/// One pair of places whose connections change.
type Pair = (usize, usize);
/// How lanes change, and the rules that make the difference.
type Cause = (Effect, Vec<RuleId>);
/// What is the same of pairs that are told together.
type Alike = (Effect, Vec<String>, Vec<RuleId>);

impl Plan {
    /// From the old set to the new one, over a world.
    pub fn of(old: &[Policy], new: &[Policy], world: &World, options: Options) -> Plan {
        let ground = Ground::new(world, options);
        let (before, after) = (ground.view(old), ground.view(new));
        let (classes_before, classes_after) = (before.classes(), after.classes());
        let places = ground.places(&[&before, &after]);
        let mut alike: BTreeMap<Alike, Vec<Pair>> = BTreeMap::new();
        for (from, client) in places.iter().enumerate() {
            for (to, server) in places.iter().enumerate() {
                let alone = from == to && client.workloads.len() < 2;
                let ours = |place: &Place| place.kind == Kind::Workloads;
                if alone || !(ours(client) || ours(server)) {
                    continue;
                }
                let old = before.spans(&classes_before, client, server);
                let new = after.spans(&classes_after, client, server);
                for (alike_key, lanes) in difference(&old, &new) {
                    let (effect, rules) = alike_key;
                    alike.entry((effect, lanes, rules)).or_default().push((from, to));
                }
            }
        }
        let policies = edited(old, new);
        Plan { policies, changes: told(alike, &places), places: places.len() }
    }

    /// Whether any connection changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// As lines for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (id, edited) in &self.policies {
            let sign = match edited {
                Edited::Added => '+',
                Edited::Removed => '-',
                Edited::Changed | Edited::Mode => '~',
            };
            text += &format!("{sign} {id}: {edited}\n");
        }
        for change in &self.changes {
            let sign = match change.effect {
                Effect::Gained | Effect::WouldGain => '+',
                Effect::Lost | Effect::WouldLose => '-',
                Effect::Requests => '~',
            };
            let (from, to) = (change.from.join(", "), change.to.join(", "));
            let lanes = change.lanes.join(", ");
            text += &format!("\n{sign} {}: {from} -> {to}  {lanes}\n", change.effect);
            for rule in &change.rules {
                text += &format!("    by {rule}\n");
            }
        }
        text + &self.summary()
    }

    /// How many connections change, in one line.
    pub fn summary(&self) -> String {
        let count = |effect: Effect| {
            let alike = self.changes.iter().filter(|change| change.effect == effect);
            alike.map(|change| change.from.len() * change.to.len()).sum::<usize>()
        };
        if self.changes.is_empty() {
            return "\nno connection changes\n".to_owned();
        }
        format!(
            "\npairs of places with connections gained: {}, lost: {}; with detection enforced also \
             gained: {}, lost: {}; other requests: {}\n",
            count(Effect::Gained),
            count(Effect::Lost),
            count(Effect::WouldGain),
            count(Effect::WouldLose),
            count(Effect::Requests)
        )
    }
}

fn edited(old: &[Policy], new: &[Policy]) -> Vec<(PolicyId, Edited)> {
    let mut list = Vec::new();
    for policy in new {
        match old.iter().find(|other| other.id == policy.id) {
            None => list.push((policy.id.clone(), Edited::Added)),
            Some(other) if other.rules != policy.rules || other.group != policy.group => {
                list.push((policy.id.clone(), Edited::Changed));
            }
            Some(other) if other.mode != policy.mode => {
                list.push((policy.id.clone(), Edited::Mode));
            }
            Some(_) => {}
        }
    }
    let gone = old.iter().filter(|policy| new.iter().all(|other| other.id != policy.id));
    list.extend(gone.map(|policy| (policy.id.clone(), Edited::Removed)));
    list.sort();
    list
}

/// The lanes that change, with how and why, those that are alike together.
fn difference(old: &[Span], new: &[Span]) -> Vec<(Cause, Vec<String>)> {
    let mut changes: Vec<(Cause, (u32, u32))> = Vec::new();
    let (mut left, mut right) = (old.iter().peekable(), new.iter().peekable());
    while let (Some(before), Some(after)) = (left.peek(), right.peek()) {
        let (first, last) = (before.first.max(after.first), before.last.min(after.last));
        if let Some(effect) = Effect::between(before, after) {
            let rules = match effect {
                Effect::Gained | Effect::WouldGain if !after.rules.is_empty() => &after.rules,
                Effect::Gained | Effect::WouldGain => &before.rules,
                Effect::Requests => &after.rules,
                Effect::Lost | Effect::WouldLose if !after.rules.is_empty() => &after.rules,
                Effect::Lost | Effect::WouldLose => &before.rules,
            };
            match changes.last_mut() {
                Some((key, lanes))
                    if key.0 == effect && key.1 == *rules && lanes.1 + 1 == first =>
                {
                    lanes.1 = last;
                }
                Some(_) | None => changes.push(((effect, rules.clone()), (first, last))),
            }
        }
        if before.last == last {
            left.next();
        }
        if new_ends(right.peek().copied(), last) {
            right.next();
        }
    }
    let mut alike: BTreeMap<Cause, Vec<String>> = BTreeMap::new();
    for (key, (first, last)) in changes {
        alike.entry(key).or_default().extend(words(first, last));
    }
    alike.into_iter().collect()
}

fn new_ends(span: Option<&Span>, last: u32) -> bool {
    span.is_some_and(|span| span.last == last)
}

/// Pairs that change alike, told together: first the clients of one server, then the servers that
/// have the same clients.
fn told(alike: BTreeMap<Alike, Vec<Pair>>, places: &[Place]) -> Vec<Change> {
    let mut changes = Vec::new();
    for ((effect, lanes, rules), pairs) in alike {
        let mut clients: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (from, to) in pairs {
            clients.entry(to).or_default().push(from);
        }
        let mut servers: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for (to, from) in clients {
            servers.entry(from).or_default().push(to);
        }
        let names = |list: &[usize]| list.iter().map(|at| places[*at].name.clone()).collect();
        changes.extend(servers.into_iter().map(|(from, to)| Change {
            effect,
            from: names(&from),
            to: names(&to),
            lanes: lanes.clone(),
            rules: rules.clone(),
        }));
    }
    changes
}

//! Policies, as the list shows them.

use std::collections::BTreeMap;

use podwall_ledger::{Answer, Count, Key, Ledger};
use podwall_model::{Direction, PolicyId, Reason, WorkloadName};
use podwall_policy::rule::{Policy as Checked, Rule};
use podwall_policy::{mode, sentence};
use podwall_wire::rest::{
    ChangeKind, DenyStats, ModeFrom, Policies, Policy, PolicyDetail, PolicyState, RuleStats,
    Sentence, VerdictCounts,
};

use super::map::count as add;
use super::stats::{bytes, packets};
use super::workload::Holds;
use crate::changes::ChangeLog;
use crate::documents::FileState;
use crate::selection::shown_mode;
use crate::state::State;

/// Packets that a policy decided, and when last.
#[derive(Clone, Copy, Debug, Default)]
struct Hits {
    packets: VerdictCounts,
    bytes: VerdictCounts,
    last: u64,
}

/// Which part of the list is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// Only ids behind this one.
    pub(crate) after: Option<String>,
    /// How many.
    pub(crate) limit: usize,
    /// Whether texts, sentences and workloads are told.
    pub(crate) text: Text,
}

/// Whether a list tells texts, sentences and workloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Text {
    /// It does.
    #[default]
    Told,
    /// It does not.
    LeftOut,
}

/// `GET /api/v1/policies`: those in force, and documents that are refused, by id.
pub(crate) fn policies<'a>(
    state: &State,
    counters: impl Iterator<Item = (&'a Key, &'a Count)>,
    changes: &ChangeLog,
    page: &Page,
) -> Policies {
    let all = state.listed();
    let first = match &page.after {
        Some(after) => all.partition_point(|policy| policy.id <= *after),
        None => 0,
    };
    let rest = &all[first..];
    let told = &rest[..rest.len().min(page.limit)];
    let hits = hits(&state.holds, counters);
    let policies: Vec<Policy> = told
        .iter()
        .map(|policy| {
            let changed = changes.last_of(&policy.id).cloned();
            let mut policy = Policy { changed, ..counted(policy, &hits) };
            if page.text == Text::LeftOut {
                policy.yaml.clear();
                policy.sentences.clear();
                policy.workloads.clear();
            }
            policy
        })
        .collect();
    let next = policies.last().filter(|_| rest.len() > told.len()).map(|policy| policy.id.clone());
    Policies { policies, next, total: all.len() as u64, revision: state.revision }
}

/// All of them by id, but for what is counted.
pub(crate) fn listed(state: &State) -> Vec<Policy> {
    let holds = &state.holds;
    let mut policies = Vec::new();
    for (name, file) in state.documents.files() {
        let in_force = file.accepted.iter().flat_map(|accepted| &accepted.policies);
        for policy in in_force.clone() {
            let shadowed = state.shadows.of_policy(policy);
            policies.push(Policy { shadowed, ..in_list(state, holds, (name, file), policy) });
        }
        for id in file.written().filter(|id| !in_force.clone().any(|policy| policy.id == **id)) {
            policies.push(refused(name, file, id));
        }
    }
    policies.sort_by(|a, b| a.id.cmp(&b.id));
    policies
}

/// With what was counted.
fn counted(policy: &Policy, hits: &BTreeMap<String, Hits>) -> Policy {
    let its = hits.get(&policy.id).copied().unwrap_or_default();
    let last_hit = Some(its.last).filter(|last| *last > 0);
    Policy { packets: its.packets, bytes: its.bytes, last_hit, ..policy.clone() }
}

/// What was recorded of one policy.
pub(crate) struct Recorded<'a> {
    /// Its counters since they began.
    pub(crate) ledger: &'a Ledger,
    /// What its rules decided in the window, by rule.
    pub(crate) answer: &'a Answer,
    /// What no rule allowed in the window, by workload and direction.
    pub(crate) denied: &'a Answer,
    /// The window.
    pub(crate) since: u64,
    /// Its end.
    pub(crate) until: u64,
}

/// `GET /api/v1/policies/{id}`.
pub(crate) fn policy_detail(
    state: &State,
    changes: &ChangeLog,
    id: &str,
    recorded: &Recorded<'_>,
) -> Option<PolicyDetail> {
    let Recorded { ledger, answer, denied, since, until } = *recorded;
    let listed = state.listed().iter().find(|policy| policy.id == id)?;
    let mut policy = counted(listed, &hits(&state.holds, ledger.counters()));
    let checked = state.documents.policies().find(|policy| policy.id.to_string() == id);
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for (key, count) in ledger.counters() {
        let Some(rule) = key.rule.as_ref().filter(|rule| rule.policy == id) else { continue };
        let its = last.entry(&rule.rule).or_default();
        *its = (*its).max(count.last);
    }
    let rules = checked.into_iter().flat_map(|policy| &policy.rules).map(|rule| {
        let name = rule.id.to_string();
        let group = answer.groups.iter().find(|group| group.name == name);
        RuleStats {
            text: format!("{}.", sentence(rule)),
            direction: rule.direction.into(),
            packets: group.map(|group| packets(&group.total)).unwrap_or_default(),
            bytes: group.map(|group| bytes(&group.total)).unwrap_or_default(),
            last_hit: last.get(name.as_str()).copied().filter(|last| *last > 0),
            shadowed: state.shadows.of_rule(rule),
            rule: name,
        }
    });
    let rules = rules.collect();
    policy.changed = changes.last_of(id).cloned();
    let is_its = |change: &podwall_wire::rest::Change| match change.what {
        ChangeKind::Mode | ChangeKind::Added | ChangeKind::Text | ChangeKind::Removed => {
            change.subject == id
        }
        ChangeKind::NamespaceMode | ChangeKind::ClusterMode => false,
    };
    let (changes, _) = changes.newest(None, CHANGES, is_its);
    let default_deny = default_deny(&state.holds, id, ledger, denied);
    Some(PolicyDetail { policy, rules, default_deny, since, until, changes })
}

/// What no rule allowed where this policy isolates: in the window, and when last.
fn default_deny(holds: &Holds, id: &str, ledger: &Ledger, denied: &Answer) -> DenyStats {
    let isolates = |workload: &str, direction: Direction| {
        let name = workload_name(workload);
        name.is_some_and(|name| holds.isolating(&name, direction).contains(&id))
    };
    let mut sums = podwall_ledger::Sums::default();
    for group in &denied.groups {
        let Some((workload, word)) = group.name.split_once(' ') else { continue };
        let direction = Direction::BOTH.into_iter().find(|its| its.to_string() == word);
        if direction.is_some_and(|direction| isolates(workload, direction)) {
            sums = sums.plus(&group.total);
        }
    }
    let nobody = |key: &Key| key.rule.is_none() && key.reason == Reason::DefaultDeny;
    let its = ledger.counters().filter(|(key, _)| nobody(key));
    let its = its.filter(|(key, _)| isolates(&key.workload, key.direction));
    let last = its.map(|(_, count)| count.last).max();
    DenyStats {
        packets: packets(&sums),
        bytes: bytes(&sums),
        last_hit: last.filter(|last| *last > 0),
    }
}

/// The most changes that are told of one policy.
const CHANGES: usize = 100;

fn in_list(
    state: &State,
    holds: &Holds,
    (name, file): (&str, &FileState),
    policy: &Checked,
) -> Policy {
    let id = policy.id.to_string();
    let (mode, mode_from) = shown_mode(policy, state.world(), state.mode);
    Policy {
        kind: policy.id.kind.name().to_owned(),
        namespace: policy.id.namespace.clone(),
        name: policy.id.name.clone(),
        mode: mode.into(),
        mode_from: match mode_from {
            mode::ModeFrom::Policy => ModeFrom::Policy,
            mode::ModeFrom::Namespace => ModeFrom::Namespace,
            mode::ModeFrom::Cluster => ModeFrom::Cluster,
        },
        file: name.to_owned(),
        writable: file.writable,
        sentences: sentences(policy),
        workloads: holds.about(&id),
        packets: VerdictCounts::default(),
        bytes: VerdictCounts::default(),
        state: match file.refused() {
            true => PolicyState::Refused,
            false => PolicyState::Accepted,
        },
        shadowed: None,
        changed: None,
        last_hit: None,
        diagnostics: file.diagnostics.clone(),
        yaml: file.accepted.as_ref().map_or(String::new(), |accepted| accepted.text.clone()),
        id,
    }
}

fn refused(name: &str, file: &FileState, id: &PolicyId) -> Policy {
    Policy {
        id: id.to_string(),
        kind: id.kind.name().to_owned(),
        namespace: id.namespace.clone(),
        name: id.name.clone(),
        mode: podwall_wire::rest::Mode::Off,
        mode_from: ModeFrom::Policy,
        file: name.to_owned(),
        writable: file.writable,
        sentences: Vec::new(),
        workloads: Vec::new(),
        packets: VerdictCounts::default(),
        bytes: VerdictCounts::default(),
        state: PolicyState::Refused,
        shadowed: None,
        changed: None,
        last_hit: None,
        diagnostics: file.diagnostics.clone(),
        yaml: file.text.clone().unwrap_or_default(),
    }
}

/// What a policy says, one sentence a rule.
pub(crate) fn sentences(policy: &Checked) -> Vec<Sentence> {
    let one =
        |rule: &Rule| Sentence { rule: rule.id.to_string(), text: format!("{}.", sentence(rule)) };
    policy.rules.iter().map(one).collect()
}

/// What each policy decided; a default deny counts for every policy that isolates.
fn hits<'a>(
    holds: &Holds,
    counters: impl Iterator<Item = (&'a Key, &'a Count)>,
) -> BTreeMap<String, Hits> {
    let mut hits: BTreeMap<String, Hits> = BTreeMap::new();
    for (key, count) in counters {
        for decider in deciders(holds, key) {
            let its = hits.entry(decider.to_owned()).or_default();
            add(&mut its.packets, key.verdict, count.packets);
            add(&mut its.bytes, key.verdict, count.bytes);
            its.last = its.last.max(count.last);
        }
    }
    hits
}

/// The policies that a counter is of: the rule's, else those that isolate.
pub(super) fn deciders<'a>(holds: &'a Holds, key: &'a Key) -> Vec<&'a str> {
    match &key.rule {
        Some(rule) => vec![rule.policy.as_str()],
        None if key.reason == Reason::DefaultDeny => workload_name(&key.workload)
            .map_or(Vec::new(), |name| holds.isolating(&name, key.direction)),
        None => Vec::new(),
    }
}

fn workload_name(text: &str) -> Option<WorkloadName> {
    let (namespace, name) = text.split_once('/')?;
    Some(WorkloadName { namespace: namespace.to_owned(), name: name.to_owned() })
}

//! Policies, as the list shows them.

use std::collections::BTreeMap;

use podwall_ledger::{Count, Key};
use podwall_model::{PolicyId, Reason, Verdict, WorkloadName};
use podwall_policy::rule::{Policy as Checked, Rule};
use podwall_policy::{mode, sentence};
use podwall_wire::rest::{ModeFrom, Policies, Policy, Sentence, VerdictCounts};

use super::workload::Holds;
use crate::documents::FileState;
use crate::selection::shown_mode;
use crate::state::State;

/// Packets that a policy decided, and when last.
#[derive(Clone, Copy, Debug, Default)]
struct Hits {
    packets: VerdictCounts,
    last: u64,
}

/// `GET /api/v1/policies`: those in force, and documents that are refused, by id.
pub(crate) fn policies<'a>(
    state: &State,
    counters: impl Iterator<Item = (&'a Key, &'a Count)>,
) -> Policies {
    let holds = &state.holds;
    let hits = hits(holds, counters);
    let mut policies = Vec::new();
    for (name, file) in state.documents.files() {
        let in_force = file.accepted.iter().flat_map(|accepted| &accepted.policies);
        for policy in in_force.clone() {
            policies.push(in_list(state, holds, &hits, (name, file), policy));
        }
        for id in file.written().filter(|id| !in_force.clone().any(|policy| policy.id == **id)) {
            policies.push(refused(name, file, id));
        }
    }
    policies.sort_by(|a, b| a.id.cmp(&b.id));
    Policies { policies }
}

fn in_list(
    state: &State,
    holds: &Holds,
    hits: &BTreeMap<String, Hits>,
    (name, file): (&str, &FileState),
    policy: &Checked,
) -> Policy {
    let id = policy.id.to_string();
    let (mode, mode_from) = shown_mode(policy, state.world(), state.mode);
    let hits = hits.get(&id).copied().unwrap_or_default();
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
        packets: hits.packets,
        last_hit: Some(hits.last).filter(|last| *last > 0),
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
        last_hit: None,
        diagnostics: file.diagnostics.clone(),
        yaml: file.text.clone().unwrap_or_default(),
    }
}

fn sentences(policy: &Checked) -> Vec<Sentence> {
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
        let deciders = match &key.rule {
            Some(rule) => vec![rule.policy.as_str()],
            None if key.reason == Reason::DefaultDeny => workload_name(&key.workload)
                .map_or(Vec::new(), |name| holds.isolating(&name, key.direction)),
            None => Vec::new(),
        };
        for decider in deciders {
            let its = hits.entry(decider.to_owned()).or_default();
            match key.verdict {
                Verdict::Forwarded => its.packets.forwarded += count.packets,
                Verdict::WouldDrop => its.packets.would_drop += count.packets,
                Verdict::Dropped | Verdict::WouldAllow => its.packets.dropped += count.packets,
            }
            its.last = its.last.max(count.last);
        }
    }
    hits
}

fn workload_name(text: &str) -> Option<WorkloadName> {
    let (namespace, name) = text.split_once('/')?;
    Some(WorkloadName { namespace: namespace.to_owned(), name: name.to_owned() })
}

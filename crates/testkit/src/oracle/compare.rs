//! Our meaning of a case beside the oracle's answer.
//!
//! Where we differ on purpose, the policies are also read as Cilium reads them; a difference that
//! goes away by that reading is a wanted one, and counted under its name. Any other is a fault.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

use podwall_policy::compile::{Compiled, resolve_all};
use podwall_policy::end::End;
use podwall_policy::identity::Identities;
use podwall_policy::judge::{Court, Question};
use podwall_policy::matching;
use podwall_policy::mode::PolicySet;
use podwall_policy::request::Conversation;
use podwall_policy::rule::{Action, Policy};
use podwall_policy::{Severity, check_as};
use serde_json::Value;

use super::answer::{Answer, Said};
use super::wanted::{Reading, WANTED_DOCUMENTS, WantedDocument, explain};
use super::{Case, Packet};
use crate::witness::{classes, walk};

/// How a case was told apart from the oracle's answer.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The seed of the case.
    pub seed: u64,
    /// What it is about: a document or a flow.
    pub about: String,
    /// What we say.
    pub ours: String,
    /// What the oracle says.
    pub theirs: String,
}

/// How often each word was said, and how often we differ on purpose.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Flows that were compared.
    pub flows: u64,
    /// By what the oracle said of them.
    pub said: BTreeMap<&'static str, u64>,
    /// Documents that both took, and that both refused.
    pub documents: [u64; 2],
    /// By the name of the wanted difference.
    pub wanted: BTreeMap<&'static str, u64>,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.flows += other.flows;
        for (name, count) in other.said {
            *self.said.entry(name).or_default() += count;
        }
        for (name, count) in other.wanted {
            *self.wanted.entry(name).or_default() += count;
        }
        self.documents[0] += other.documents[0];
        self.documents[1] += other.documents[1];
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [taken, refused] = self.documents;
        write!(
            f,
            "{} flows: {:?}; documents: {taken} taken, {refused} refused; wanted differences: {:?}",
            self.flows, self.said, self.wanted
        )
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "case {}: {}\n  ours:   {}\n  theirs: {}",
            self.seed, self.about, self.ours, self.theirs
        )
    }
}

/// What came of one case.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// What agreed.
    pub tally: Tally,
    /// What did not and should have.
    pub differences: Vec<Difference>,
}

/// Judges the case and holds it against the answer.
pub fn compare(case: &Case, answer: &Answer) -> Comparison {
    let mut comparison = Comparison::default();
    let policies = read(case, answer, &WANTED_DOCUMENTS, &mut comparison);
    let Some(policies) = policies else { return comparison };
    let mut identities = Identities::default();
    let compiled = resolve_all(&policies, &case.world, &case.options, &mut identities);
    let reading = Reading { world: case.world.clone(), policies, options: case.options };
    for (flow, said) in case.flows.iter().zip(&answer.verdicts) {
        let judged = judge(&reading, flow);
        // Nodes are judged by rules alone: no table holds what is theirs.
        let tables = if is_host(flow) { judged } else { tables(&compiled, flow) };
        let tally = &mut comparison.tally;
        tally.flows += 1;
        *tally.said.entry(word(*said)).or_default() += 1;
        if judged == tables && judged == *said {
            continue;
        }
        let explained = if is_host(flow) { None } else { explain(&reading, flow, *said) };
        match explained {
            Some(wanted) if judged == tables => {
                *tally.wanted.entry(wanted.name).or_default() += 1;
            }
            Some(_) | None => comparison.differences.push(Difference {
                seed: case.seed,
                about: format!("{flow:?}"),
                ours: format!("{judged:?} (tables: {tables:?})"),
                theirs: format!("{said:?}"),
            }),
        }
    }
    comparison
}

/// Holds which documents are taken against the answer, but for these differences.
pub fn compare_documents(
    case: &Case,
    answer: &Answer,
    wanted: &'static [WantedDocument],
) -> Comparison {
    let mut comparison = Comparison::default();
    read(case, answer, wanted, &mut comparison);
    comparison
}

/// What judge and tables both say of the flows of a case whose documents are all taken.
pub fn verdicts(case: &Case) -> Vec<Said> {
    let dialect = case.dialect();
    let read = |document: &Value| check_as(&document.to_string(), "case", &dialect).policies;
    let policies: Vec<Policy> = case.documents.iter().flat_map(read).collect();
    assert_eq!(policies.len(), case.documents.len(), "case {}", case.seed);
    let mut identities = Identities::default();
    let compiled = resolve_all(&policies, &case.world, &case.options, &mut identities);
    let reading = Reading { world: case.world.clone(), policies, options: case.options };
    let one = |flow: &Packet| {
        let judged = judge(&reading, flow);
        assert_eq!(judged, tables(&compiled, flow), "case {}: {flow:?}", case.seed);
        judged
    };
    case.flows.iter().map(one).collect()
}

/// The policies that both take; which side takes what is compared on the way. `None`: the oracle
/// has taken one that we have not, so flows would prove nothing.
fn read(
    case: &Case,
    answer: &Answer,
    wanted: &'static [WantedDocument],
    comparison: &mut Comparison,
) -> Option<Vec<Policy>> {
    let mut policies = Some(Vec::new());
    for (document, refusal) in case.documents.iter().zip(&answer.refused) {
        let document = document.to_string();
        let checked = check_as(&document, "case", &case.dialect());
        let taken = checked.policies.len() == 1;
        if taken && refusal.is_empty() {
            comparison.tally.documents[0] += 1;
            policies.iter_mut().for_each(|policies| policies.extend(checked.policies.clone()));
            continue;
        }
        if !taken && !refusal.is_empty() {
            comparison.tally.documents[1] += 1;
            continue;
        }
        let errors = checked.diagnostics.into_iter().filter(|d| d.severity == Severity::Error);
        let said: Vec<String> = errors.map(|error| error.message).collect();
        match wanted.iter().find(|wanted| (wanted.is)(&document, &said)) {
            Some(wanted) => *comparison.tally.wanted.entry(wanted.name).or_default() += 1,
            None => comparison.differences.push(Difference {
                seed: case.seed,
                about: document,
                ours: format!("{said:?}"),
                theirs: if refusal.is_empty() { "taken".to_owned() } else { refusal.clone() },
            }),
        }
        if !taken {
            policies = None;
        }
    }
    policies
}

/// What the judge says of a packet.
pub(super) fn judge(reading: &Reading, flow: &Packet) -> Said {
    let Reading { world, policies, options } = reading;
    let peer = End::at(flow.peer, world, options);
    let packet = matching::Packet { protocol: flow.protocol, port: flow.port };
    let court = Court::new(policies, world, *options);
    if is_host(flow) {
        let node = world.nodes.iter().find(|node| node.local).expect("a local node");
        let judged = court.judge_node(node, flow.direction, &peer, packet).enforced;
        return said(judged.action, judged.rule.is_some(), false);
    }
    let subject = world.workload(&flow.subject).expect("a workload of this world");
    let question = Question { subject, direction: flow.direction, peer: &peer, packet };
    let silent = Conversation::default();
    let ruling = court.judge_request_by(PolicySet::Enforced, &question, &silent);
    said(ruling.packet.action, ruling.packet.rule.is_some(), ruling.gate.is_some())
}

/// Whether the subject is the local node itself.
fn is_host(flow: &Packet) -> bool {
    flow.subject.namespace.is_empty()
}

fn tables(compiled: &Compiled, flow: &Packet) -> Said {
    let decision = walk(compiled, &classes(compiled)[&flow.subject].enforce, flow);
    said(decision.action, decision.rule.is_some(), decision.sheet.is_some())
}

fn said(action: Action, by_rule: bool, to_the_gate: bool) -> Said {
    match (action, by_rule, to_the_gate) {
        (Action::Allow, _, true) => Said::Redirect,
        (Action::Allow, _, false) => Said::Allow,
        (Action::Deny, true, _) => Said::Deny,
        (Action::Deny, false, _) => Said::Drop,
    }
}

fn word(said: Said) -> &'static str {
    match said {
        Said::Allow => "allow",
        Said::Redirect => "redirect",
        Said::Deny => "deny",
        Said::Drop => "drop",
        Said::Auth => "auth",
        Said::Refused => "refused",
    }
}

//! Running a case: every flow is put to a witness, and what comes out is compared with what the
//! case expects, the deciding rule too.

use podwall_model::{Direction, PolicyId, Reason, RuleId, Verdict, WorkloadName};
use podwall_policy::check_as;
use podwall_policy::end::End;
use podwall_policy::explain::{self, NEAREST, explain};
use podwall_policy::judge::Question;
use podwall_policy::matching::Packet;
use podwall_policy::mode::PolicySet;
use podwall_policy::request::Refusal;
use podwall_policy::rule::Subject;

use super::place::Family;
use super::{
    Change, Crossing, Failure, Heard, Invalid, Outcome, Report, Said, Spec, State, Test, Told,
    Unfit, Witness,
};

/// Runs a case before one witness.
pub fn run(spec: &Spec, witness: &mut dyn Witness) -> Report {
    let mut report = Report::default();
    let mut state = spec.state.clone();
    run_tests(spec, &state, &spec.tests, witness, &mut report);
    for step in &spec.steps {
        for change in &step.changes {
            if let Err(problem) = apply(change, &mut state) {
                report.failures.push(Failure {
                    place: spec.file.clone(),
                    name: spec.name.clone(),
                    expected: "a change that can be made".to_owned(),
                    got: problem,
                    reasons: Vec::new(),
                });
            }
        }
        run_tests(spec, &state, &step.tests, witness, &mut report);
    }
    for invalid in &spec.invalid {
        report.judged += 1;
        report.failures.extend(check_invalid(spec, invalid));
    }
    report
}

fn run_tests(
    spec: &Spec,
    state: &State,
    tests: &[Test],
    witness: &mut dyn Witness,
    report: &mut Report,
) {
    let unfit = |Unfit(why)| format!("{}: {}: {why}", spec.file, spec.name);
    if tests.is_empty() {
        return;
    }
    if let Err(why) = witness.settle(state) {
        report.unfit.push(unfit(why));
        return;
    }
    for test in tests {
        report.judged += 1;
        match answers(test, state, witness) {
            Ok(answers) => {
                let found = answers.iter().find_map(|answer| compare(test, answer, state));
                report.failures.extend(found.map(|(expected, got)| Failure {
                    place: format!("{}:{}", spec.file, test.line),
                    name: format!("{}: {} ({})", spec.name, test.name, witness.name()),
                    expected,
                    got,
                    reasons: answers.iter().flat_map(|answer| reasons(answer, state)).collect(),
                }));
            }
            Err(Trouble::Unfit(why)) => report.unfit.push(unfit(why)),
            Err(Trouble::Unknown(_)) if test.expect.contains(&Outcome::Unknown) => {}
            Err(Trouble::Unknown(why)) => report.failures.push(Failure {
                place: format!("{}:{}", spec.file, test.line),
                name: format!("{}: {} ({})", spec.name, test.name, witness.name()),
                expected: words(&test.expect),
                got: Outcome::Unknown.to_string(),
                reasons: vec![why],
            }),
        }
    }
}

/// Why a flow has no answer.
enum Trouble {
    /// The world does not say enough.
    Unknown(String),
    /// The witness cannot judge it.
    Unfit(Unfit),
}

impl From<Unfit> for Trouble {
    fn from(unfit: Unfit) -> Trouble {
        Trouble::Unfit(unfit)
    }
}

fn words(expected: &[Outcome]) -> String {
    expected.iter().map(Outcome::to_string).collect::<Vec<_>>().join(" or ")
}

/// What is said of one pair of ends.
struct Answer {
    from: End,
    to: End,
    packet: Packet,
    outcome: Outcome,
    /// Who decided, in which direction; nobody where neither end is judged.
    decided: Option<(Crossing, Told)>,
}

/// The answers for each server, in every family that both ends have.
fn answers(test: &Test, state: &State, witness: &mut dyn Witness) -> Result<Vec<Answer>, Trouble> {
    let shared = test.from.families(state);
    let families: Vec<Family> =
        test.to.families(state).into_iter().filter(|family| shared.contains(family)).collect();
    let wanted = |family: &Family| match test.sent.protocol {
        podwall_model::Protocol::ICMP => *family == Family::V4,
        podwall_model::Protocol::ICMP6 => *family == Family::V6,
        _ => true,
    };
    let mut answers = Vec::new();
    for family in families.into_iter().filter(wanted) {
        let servers = match test.to.servers(family, test.sent, state) {
            Ok(servers) => servers,
            // A service may have backends of one family only.
            Err(_) if !answers.is_empty() => continue,
            Err(why) => return Err(Trouble::Unknown(why)),
        };
        for server in servers {
            let from = test.from.client(family, state).map_err(Trouble::Unknown)?;
            let packet = Packet { protocol: test.sent.protocol, port: server.port };
            answers.push(answer(test, (from, server.end), packet, state, witness)?);
        }
    }
    if answers.is_empty() {
        return Err(Trouble::Unknown("the two ends share no address family".to_owned()));
    }
    Ok(answers)
}

fn answer(
    test: &Test,
    (from, to): (End, End),
    packet: Packet,
    state: &State,
    witness: &mut dyn Witness,
) -> Result<Answer, Unfit> {
    if speaks_of_requests(test) && !witness.reads_requests() {
        return Err(Unfit("what is asked in a connection".to_owned()));
    }
    let mut heard: Vec<(Crossing, Heard)> = Vec::new();
    let mut passed_over = false;
    for direction in Direction::BOTH {
        let (own, peer) = match direction {
            Direction::Egress => (&from, &to),
            Direction::Ingress => (&to, &from),
        };
        let asked = test.direction.is_none_or(|only| only == direction);
        let here = |name: &WorkloadName| is_local(name, state);
        let of_node = || own.is_host().then(|| local_node(state)).flatten();
        let subject = own.workload.clone().filter(here).or_else(of_node);
        let Some(subject) = subject.filter(|_| asked) else { continue };
        if subject.namespace.is_empty() && !witness.knows_nodes() {
            passed_over = true;
            continue;
        }
        let crossing =
            Crossing { subject, own: own.clone(), direction, peer: peer.clone(), packet };
        let answer = witness.ask(state, &crossing, test.conversation.as_ref())?;
        heard.push((crossing, answer));
    }
    if passed_over && (heard.is_empty() || says_of_nodes(state)) {
        return Err(Unfit("what a node itself sends and gets".to_owned()));
    }
    let stops = |(_, heard): &(Crossing, Heard)| !heard.told.verdict.passed();
    let would = |(_, heard): &(Crossing, Heard)| heard.told.verdict == Verdict::WouldDrop;
    let is_read = |(_, heard): &(Crossing, Heard)| heard.gate != Said::Unread;
    let by_rule = |(_, heard): &(Crossing, Heard)| heard.told.rule.is_some();
    let which = heard
        .iter()
        .position(stops)
        .or_else(|| heard.iter().position(would))
        .or_else(|| heard.iter().position(is_read))
        .or_else(|| heard.iter().position(by_rule))
        .unwrap_or(0);
    let decided = heard.into_iter().nth(which);
    let outcome = decided.as_ref().map_or(Outcome::Unknown, |(_, heard)| outcome(heard));
    let decided = decided.map(|(crossing, heard)| (crossing, heard.told));
    Ok(Answer { from, to, packet, outcome, decided })
}

/// What a test file calls what was heard.
fn outcome(heard: &Heard) -> Outcome {
    match (heard.told.verdict, heard.gate) {
        (Verdict::Forwarded, Said::Unread) => Outcome::Allow,
        (Verdict::Forwarded, Said::Unasked) => Outcome::Gate,
        (Verdict::Forwarded, Said::Passes | Said::Refuses(_)) => Outcome::GatePasses,
        (Verdict::WouldDrop, _) => Outcome::Audit,
        (Verdict::WouldAllow, _) => Outcome::WouldAllow,
        (Verdict::Dropped, Said::Refuses(Refusal::Forbidden)) => Outcome::Forbidden,
        (Verdict::Dropped, Said::Refuses(Refusal::Reset)) => Outcome::Reset,
        (Verdict::Dropped, Said::Refuses(Refusal::Refused)) => Outcome::Refused,
        (Verdict::Dropped, Said::Refuses(Refusal::TopicDenied)) => Outcome::TopicDenied,
        (Verdict::Dropped, Said::Unread | Said::Unasked | Said::Passes) => {
            match heard.told.reason {
                Reason::DenyRule => Outcome::Deny,
                _ => Outcome::Drop,
            }
        }
    }
}

/// Whether a test asks something of the gate.
fn speaks_of_requests(test: &Test) -> bool {
    test.conversation.is_some() || test.expect.iter().any(|outcome| outcome.is_of_gate())
}

/// The local node in the place of a workload.
fn local_node(state: &State) -> Option<WorkloadName> {
    let node = state.world.nodes.iter().find(|node| node.local)?;
    Some(WorkloadName { namespace: String::new(), name: node.name.clone() })
}

/// Whether some policy is about nodes, and holds for them.
fn says_of_nodes(state: &State) -> bool {
    let mut rules = state.policies.iter().flat_map(|policy| &policy.rules);
    state.options.host_policies && rules.any(|rule| matches!(rule.subject, Subject::Nodes(_)))
}

/// Whether a workload is judged on the local node. Each node judges its own.
fn is_local(name: &WorkloadName, state: &State) -> bool {
    let local = state.world.nodes.iter().find(|node| node.local).map(|node| node.name.as_str());
    let node = state.world.workload(name).map(|workload| workload.node.as_str());
    node.is_some_and(|node| node.is_empty() || Some(node) == local)
}

/// What is not as expected of one answer: the expectation, and what it is.
fn compare(test: &Test, answer: &Answer, state: &State) -> Option<(String, String)> {
    if !test.expect.contains(&answer.outcome) {
        return Some((words(&test.expect), answer.outcome.to_string()));
    }
    let rule = answer.decided.as_ref().and_then(|(_, told)| told.rule.as_ref());
    if let Some(expected) = &test.rule {
        if let Err(problem) = unambiguous(expected, state) {
            return Some((format!("rule {expected}"), problem));
        }
        if !rule.is_some_and(|rule| is_meant(expected, rule)) {
            let got = rule.map_or("no rule".to_owned(), RuleId::to_string);
            return Some((format!("rule {expected}"), got));
        }
    }
    let expected = test.nearest.as_ref()?;
    let nearest = nearest(answer, state);
    match nearest.first() {
        Some(near) if is_meant(expected, near) => None,
        Some(near) => Some((format!("nearest {expected}"), near.to_string())),
        None => Some((format!("nearest {expected}"), "no rule is near".to_owned())),
    }
}

fn nearest(answer: &Answer, state: &State) -> Vec<RuleId> {
    let Some((crossing, told)) = &answer.decided else { return Vec::new() };
    let Some(subject) = state.world.workload(&crossing.subject) else { return Vec::new() };
    let set = match told.verdict {
        Verdict::WouldDrop => PolicySet::Both,
        Verdict::Forwarded | Verdict::Dropped | Verdict::WouldAllow => PolicySet::Enforced,
    };
    let Crossing { direction, ref peer, packet, .. } = *crossing;
    let question = Question { subject, direction, peer, packet };
    let found = explain::nearest(&state.court(), set, &question);
    debug_assert!(found.len() <= NEAREST, "only so many are told");
    found.into_iter().map(|near| near.rule).collect()
}

/// `Kind/namespace/name#section[index]`; the kind at the front and the place at the end may be
/// left out.
fn is_meant(expected: &str, rule: &RuleId) -> bool {
    let (policy, place) = match expected.split_once('#') {
        Some((policy, place)) => (policy, Some(place)),
        None => (expected, None),
    };
    let whole = rule.to_string();
    let at = whole.split_once('#').map(|(_, at)| at);
    is_policy(policy, &rule.policy) && place.is_none_or(|place| at == Some(place))
}

fn is_policy(expected: &str, id: &PolicyId) -> bool {
    let id = id.to_string();
    id == expected || id.strip_suffix(expected).is_some_and(|front| front.ends_with('/'))
}

fn unambiguous(expected: &str, state: &State) -> Result<(), String> {
    let policy = expected.split_once('#').map_or(expected, |(policy, _)| policy);
    let meant: Vec<String> = state
        .policies
        .iter()
        .filter(|candidate| is_policy(policy, &candidate.id))
        .map(|candidate| candidate.id.to_string())
        .collect();
    match meant.as_slice() {
        [_] => Ok(()),
        [] => Err("no policy of that name".to_owned()),
        several => Err(format!("it means several policies: {}", several.join(", "))),
    }
}

fn reasons(answer: &Answer, state: &State) -> Vec<String> {
    let explanation = explain(&state.court(), &answer.from, &answer.to, answer.packet);
    let mut reasons = vec![explanation.summary];
    for direction in explanation.directions {
        let at = format!("{} of {}", direction.direction, direction.workload);
        reasons.extend(direction.sentences.iter().map(|sentence| format!("{at}: {sentence}")));
    }
    reasons
}

fn apply(change: &Change, state: &mut State) -> Result<(), String> {
    match change {
        Change::Relabel { pod, labels } => {
            let found = state.world.workloads.iter_mut().find(|workload| workload.name == *pod);
            found.ok_or_else(|| format!("no such pod: `{pod}`"))?.labels = labels.clone();
        }
        Change::Delete(id) => {
            let before = state.policies.len();
            state.policies.retain(|policy| !is_policy(id, &policy.id));
            if state.policies.len() + 1 != before {
                return Err(format!("not one policy of that name: `{id}`"));
            }
        }
        Change::Apply(policy) => {
            state.policies.retain(|old| old.id != policy.id);
            state.policies.push(policy.clone());
        }
        Change::Namespace { name, mode, labels } => {
            let found = state.world.namespaces.iter_mut().find(|known| known.name == *name);
            let namespace = found.ok_or_else(|| format!("no such namespace: `{name}`"))?;
            namespace.mode = mode.or(namespace.mode);
            if let Some(labels) = labels {
                namespace.labels = labels.clone();
            }
        }
    }
    Ok(())
}

fn check_invalid(spec: &Spec, invalid: &Invalid) -> Option<Failure> {
    let checked = check_as(&invalid.text, &spec.file, &spec.state.dialect);
    let refused = checked.documents.iter().all(|document| !document.accepted);
    let said = |d: &podwall_policy::Diagnostic| {
        invalid.message.as_ref().is_none_or(|part| d.message.contains(part.as_str()))
            && invalid.code.as_ref().is_none_or(|code| d.code.0 == code)
    };
    if refused && checked.diagnostics.iter().any(said) {
        return None;
    }
    let wanted = [&invalid.code, &invalid.message].into_iter().flatten();
    Some(Failure {
        place: format!("{}:{}", spec.file, invalid.line),
        name: spec.name.clone(),
        expected: wanted.map(String::as_str).collect::<Vec<_>>().join(" "),
        got: if refused { "another refusal".to_owned() } else { "it is accepted".to_owned() },
        reasons: checked.diagnostics.iter().map(ToString::to_string).collect(),
    })
}

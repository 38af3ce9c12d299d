//! What is going on, in one look.

use podwall_model::Mode;
use podwall_wire::rest::{
    AgentState, Coverage, Held, Hold, ModeCounts, NodeStatus, Problem, Status,
};

use crate::app::now_ms;
use crate::selection::shown_mode;
use crate::state::State;

/// The status; the page's address only where only its owner reads it.
pub(crate) fn status(state: &State, page: Option<&str>) -> Status {
    let node = &state.node;
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        page: page.map(str::to_owned),
        ready: state.ready(),
        in_force_since: node
            .in_force_at
            .filter(|_| state.ready())
            .and_then(|at| u64::try_from(at.as_millis()).ok()),
        mode: state.mode.into(),
        revision: state.revision,
        nodes: vec![NodeStatus {
            name: node.name.clone(),
            agent: node.agent,
            revision: node.revision,
            generation: node.generation,
            events_lost: node.events_lost,
            pid: node.pid.filter(|_| node.agent != AgentState::Gone),
        }],
        policies: mode_counts(state),
        coverage: coverage(state),
        problems: problems(state),
        time: now_ms(),
    }
}

fn mode_counts(state: &State) -> ModeCounts {
    let mut counts = ModeCounts::default();
    for policy in state.documents.policies() {
        match shown_mode(policy, state.world(), state.mode).0 {
            Mode::Off => counts.off += 1,
            Mode::Detect => counts.detect += 1,
            Mode::Enforce => counts.enforce += 1,
        }
    }
    let refused = state.documents.files().filter(|(_, file)| file.refused());
    counts.refused = refused.map(|(_, file)| file.refused_documents()).sum();
    counts
}

fn coverage(state: &State) -> Coverage {
    let holds = &state.holds;
    let mut coverage = Coverage::default();
    for name in state.workloads.attachments.keys() {
        coverage.workloads += 1;
        let (ingress, egress) = holds.of_workload(name);
        count(&mut coverage.ingress, ingress);
        count(&mut coverage.egress, egress);
    }
    coverage
}

fn count(held: &mut Held, hold: Hold) {
    match hold {
        Hold::Enforced => held.enforced += 1,
        Hold::Detected => held.detected += 1,
        Hold::Open => held.open += 1,
    }
}

/// What is wrong, most urgent first.
pub(crate) fn problems(state: &State) -> Vec<Problem> {
    let problem = |code: &str, message: String, subject: Option<String>| Problem {
        code: code.to_owned(),
        message,
        subject,
    };
    let mut problems = Vec::new();
    if let Some((revision, why)) = &state.node.refused {
        let message = format!(
            "revision {revision} is not in force, the one before stays: {}",
            why.join("; ")
        );
        problems.push(problem("revision_refused", message, Some(state.node.name.clone())));
    }
    if let Some(why) = state.node.adopted.as_ref().and_then(|a| a.left_alone.as_ref()) {
        let message = format!("what the kernel holds was left alone and stays in force: {why}");
        problems.push(problem("left_alone", message, Some(state.node.name.clone())));
    }
    problems.extend(state.node.problems.iter().cloned());
    if state.node.agent == AgentState::Gone {
        let why = state.node.ended.as_deref().unwrap_or("it closed its stream");
        let message = format!(
            "the agent is gone ({why}); the kernel goes on as it was, flows and counters wait; it \
             is being started again"
        );
        problems.push(problem("agent_gone", message, Some(state.node.name.clone())));
    }
    problems.extend(state.trouble.iter().cloned());
    problems.extend(refused_files(state));
    if let Some(why) = &state.forgetful {
        let message = format!(
            "modes and accepted policies are not remembered for the next start: {why}, hint: make \
             room in the state directory"
        );
        problems.push(problem("not_remembered", message, None));
    }
    if let Some(why) = &state.disk {
        let message = format!(
            "the disk keeps nothing: {why}; flows and counters are held in memory, enforcement is \
             untouched, hint: make room in the state directory"
        );
        problems.push(problem("ledger_full", message, None));
    }
    if let Some(what) = &state.damage {
        let message = format!("{what}; counters and enforcement are untouched");
        problems.push(problem("ledger_damaged", message, None));
    }
    problems
}

fn refused_files(state: &State) -> impl Iterator<Item = Problem> + '_ {
    state.documents.files().filter(|(_, file)| file.refused()).map(|(name, file)| {
        let mut errors = file.diagnostics.iter().filter(|finding| finding.severity == "error");
        let first = errors.next().expect("a refused file has an error");
        let more = match errors.count() {
            0 => String::new(),
            1 => ", and one more".to_owned(),
            count => format!(", and {count} more"),
        };
        let stays = match &file.accepted {
            Some(_) => "what it said before stays in force",
            None => "nothing of it is in force",
        };
        let hint = first.hint.iter().map(|hint| format!(", hint: {hint}")).collect::<String>();
        Problem {
            code: "policy_refused".to_owned(),
            message: format!(
                "{name}:{}:{}: {}{hint}{more}; {stays}",
                first.line, first.column, first.message
            ),
            subject: Some(name.clone()),
        }
    })
}

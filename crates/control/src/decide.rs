//! From an event to actions: everything control decides, without doing any of it.

use std::collections::BTreeMap;
use std::time::Duration;

use podwall_files::Workloads;
use podwall_model::Mode;
use podwall_wire::node::{Hello, Losses, ToAgent, ToControl, VERSION};
use podwall_wire::rest::{AgentState, ChangeKind, Problem};

use crate::body::{Holds, Shadows};
use crate::changes::Noted;
use crate::event::{Action, Event, Looked};
use crate::state::State;

/// What is to be done about an event, at this time since the epoch.
pub(crate) fn decide(state: &mut State, event: Event, now: Duration) -> Vec<Action> {
    match event {
        Event::Looked(looked) => look(state, *looked),
        Event::ModeSet(mode, reply) => {
            state.memory.mode = mode.into();
            let mut actions = revise(state);
            actions.push(Action::Answer(reply, state.revision));
            actions
        }
        Event::NamespaceModeSet(namespace, mode, reply) => {
            state.memory.namespaces.insert(namespace, mode.into());
            let mut actions = revise(state);
            actions.push(Action::Answer(reply, state.revision));
            actions
        }
        Event::AgentStarted(pid) => {
            state.node.pid = Some(pid);
            state.node.agent = AgentState::Starting;
            vec![Action::Publish]
        }
        Event::AgentEnded(why) => ended(state, why),
        Event::AgentConnected(_) => Vec::new(),
        Event::AgentDisconnected => {
            state.node.agent = AgentState::Gone;
            vec![Action::Publish]
        }
        Event::AgentSaid(message) => heard(state, *message, now),
        Event::Leaving => vec![Action::Send(ToAgent::Remove)],
        Event::Remembered(trouble) => {
            let new = trouble.iter().filter(|_| trouble != state.forgetful);
            let said = new.map(|why| {
                Action::Say(format!("unable to remember modes and accepted policies: {why}"))
            });
            let said = said.collect();
            state.forgetful = trouble;
            said
        }
        Event::Damaged(what) if state.damage.as_ref() == Some(&what) => Vec::new(),
        Event::Damaged(what) => {
            state.damage = Some(what.clone());
            vec![Action::Say(what), Action::Publish]
        }
        Event::Disk(trouble) if trouble == state.disk => match state.forgetful {
            Some(_) => vec![Action::Remember],
            None => Vec::new(),
        },
        Event::Disk(trouble) => {
            let said = match &trouble {
                Some(why) => format!("the disk keeps nothing: {why}; enforcement is untouched"),
                None => "the disk keeps again".to_owned(),
            };
            state.disk = trouble;
            vec![Action::Say(said), Action::Publish]
        }
    }
}

fn ended(state: &mut State, why: String) -> Vec<Action> {
    state.node.agent = AgentState::Gone;
    state.node.pid = None;
    let said = format!("the agent ended: {why}; the kernel keeps what it has");
    state.node.ended = Some(why);
    vec![Action::Say(said), Action::Publish]
}

fn look(state: &mut State, looked: Looked) -> Vec<Action> {
    let mut trouble = Vec::new();
    // What is found at the very first start was changed by nobody; our own changes are noted by
    // whoever asked for them.
    let noting = looked.reply.is_none() && (state.read || state.memory.revision > 0);
    let before = noting.then(|| said(state));
    match looked.policies {
        Ok(files) => state.documents.take(files),
        Err(problem) => trouble.push(problem),
    }
    match looked.workloads {
        Ok((text, workloads)) => {
            state.workloads = workloads;
            state.memory.workloads = text;
        }
        Err(problem) => trouble.push(problem),
    }
    let mut actions: Vec<Action> = trouble
        .iter()
        .filter(|problem| !state.trouble.contains(problem))
        .map(|problem| Action::Say(problem.message.clone()))
        .collect();
    state.trouble = trouble;
    state.list_anew();
    actions.extend(revise(state));
    if let Some(before) = before {
        let noted = noted(&before, &said(state));
        actions.extend((!noted.is_empty()).then_some(Action::Note(noted)));
    }
    state.read = true;
    actions.extend(looked.reply.map(|reply| Action::Answer(reply, state.revision)));
    actions
}

/// What each policy in force says: its file, its own mode, its rules in words.
fn said(state: &State) -> Said {
    let accepted = state
        .documents
        .accepted()
        .flat_map(|(file, accepted)| accepted.policies.iter().map(move |policy| (file, policy)));
    let said = accepted.map(|(file, policy)| {
        let sentences: Vec<String> = policy.rules.iter().map(podwall_policy::sentence).collect();
        (policy.id.to_string(), (file.clone(), policy.mode, sentences.join("; ")))
    });
    said.collect()
}

type Said = BTreeMap<String, (String, Option<Mode>, String)>;

/// The longest text of a policy that a change tells.
const TEXT_LIMIT: usize = 1_000;

fn noted(before: &Said, after: &Said) -> Vec<Noted> {
    let mut noted = Vec::new();
    let mut note = |what, subject: &str, from: Option<String>, to: Option<String>| {
        noted.push(Noted { what, subject: subject.to_owned(), from, to });
    };
    let short = |text: &str| Some(text.chars().take(TEXT_LIMIT).collect::<String>());
    let word = |mode: Option<Mode>| mode.map(|mode| mode.to_string());
    for (id, (file, mode, text)) in after {
        let Some((_, old_mode, old_text)) = before.get(id) else {
            note(ChangeKind::Added, id, None, Some(file.clone()));
            continue;
        };
        if old_mode != mode {
            note(ChangeKind::Mode, id, word(*old_mode), word(*mode));
        }
        if old_text != text {
            note(ChangeKind::Text, id, short(old_text), short(text));
        }
    }
    for (id, (file, _, _)) in before.iter().filter(|(id, _)| !after.contains_key(*id)) {
        note(ChangeKind::Removed, id, Some(file.clone()), None);
    }
    noted
}

/// Makes a revision of what holds now, if it is another one than before.
fn revise(state: &mut State) -> Vec<Action> {
    let before = (state.mode, state.memory.policies.clone(), state.workloads.clone());
    state.mode = state.memory.mode.into();
    let accepted = state.documents.accepted();
    state.memory.policies =
        accepted.map(|(name, accepted)| (name.clone(), accepted.text.clone())).collect();
    give_modes(state);
    let same = before.0 == state.mode
        && before.1 == state.memory.policies
        && state.sent.as_ref() == Some(&state.workloads);
    let said = refusals(state);
    if same && state.read {
        return said.into_iter().chain([Action::Publish]).collect();
    }
    state.holds = Holds::of(state);
    state.shadows = Shadows::of(state);
    state.list_anew();
    state.sent = Some(state.workloads.clone());
    state.revision += 1;
    state.memory.revision = state.revision;
    let wanted = Action::Send(ToAgent::Wanted(Box::new(state.wanted())));
    let told = [wanted, Action::Remember, Action::Publish];
    said.into_iter().chain(told).collect()
}

/// Modes that were given here stand in for those that no file says.
fn give_modes(state: &mut State) {
    let Workloads { world, .. } = &mut state.workloads;
    for (name, mode) in &state.memory.namespaces {
        let known = world.namespaces.iter_mut().find(|namespace| namespace.name == *name);
        if let Some(namespace) = known {
            namespace.mode = Some(Mode::from(*mode));
        }
    }
}

/// What was refused since the last look, for the log.
fn refusals(state: &mut State) -> Vec<Action> {
    let mut now = Vec::new();
    for (name, file) in state.documents.files() {
        for finding in file.diagnostics.iter().filter(|finding| finding.severity == "error") {
            let hint = finding.hint.iter().map(|hint| format!(", hint: {hint}"));
            now.push(format!(
                "{name}:{}:{}: {} {}{}",
                finding.line,
                finding.column,
                finding.code,
                finding.message,
                hint.collect::<String>(),
            ));
        }
    }
    let new = now.iter().filter(|line| !state.refused.contains(line)).cloned();
    let said = new.map(Action::Say).collect();
    state.refused = now;
    said
}

fn heard(state: &mut State, message: ToControl, now: Duration) -> Vec<Action> {
    match message {
        ToControl::Hello(hello) => greet(state, hello),
        ToControl::Applied(applied) => {
            let was_ready = state.ready();
            state.node.revision = applied.revision;
            state.node.generation = applied.generation;
            state.node.refused = None;
            if state.ready() && (!was_ready || state.node.in_force_at.is_none()) {
                state.node.in_force_at = Some(now);
            }
            vec![Action::Publish]
        }
        ToControl::Refused(refused) => {
            let said = format!(
                "revision {} is not in force: {}",
                refused.revision,
                refused.why.join("; ")
            );
            state.node.refused = Some((refused.revision, refused.why));
            vec![Action::Say(said), Action::Publish]
        }
        ToControl::Flows { flows } => {
            state.node.account.receive(flows.iter().map(|flow| flow.count).sum());
            vec![Action::Keep(flows)]
        }
        ToControl::Counters(counters) => {
            let fresh = std::mem::take(&mut state.node.fresh);
            vec![Action::Count { counters, fresh }]
        }
        ToControl::Losses(losses) => lost(state, losses),
        ToControl::Problems { problems } => told(state, problems),
        ToControl::Removed => {
            state.node.removed = true;
            vec![Action::Publish]
        }
    }
}

fn greet(state: &mut State, hello: Hello) -> Vec<Action> {
    state.node.name = hello.node;
    state.node.pid = Some(hello.pid);
    state.node.agent = AgentState::Running;
    state.node.ended = None;
    state.node.generation = hello.adopted.generation;
    if hello.adopted.fresh {
        state.node.revision = 0;
    }
    // Until counters were read, whoever began anew before this one counts too.
    state.node.fresh |= hello.adopted.fresh;
    state.node.losses = match hello.adopted.fresh {
        true => Losses::default(),
        false => Losses { lost_agent: 0, ..state.node.losses },
    };
    state.node.account.greet(hello.adopted.fresh);
    let mut actions = vec![Action::Publish];
    if hello.version != VERSION {
        let said = format!("the agent speaks version {}, this is version {VERSION}", hello.version);
        actions.push(Action::Say(said));
    }
    if let Some(why) = &hello.adopted.left_alone {
        actions.push(Action::Say(format!("what the kernel holds was left alone: {why}")));
    }
    state.node.adopted = Some(hello.adopted);
    if state.read {
        actions.insert(0, Action::Send(ToAgent::Wanted(Box::new(state.wanted()))));
    }
    actions
}

fn lost(state: &mut State, losses: Losses) -> Vec<Action> {
    let before = std::mem::replace(&mut state.node.losses, losses);
    let in_kernel = losses.lost_kernel.saturating_sub(before.lost_kernel);
    let in_agent = losses.lost_agent.saturating_sub(before.lost_agent);
    let killed = state.node.account.settle(losses, in_kernel + in_agent);
    state.node.events_killed += killed;
    let more = in_kernel + in_agent + killed;
    if more == 0 {
        return Vec::new();
    }
    state.node.events_lost += more;
    vec![Action::Lose(more), Action::Publish]
}

fn told(state: &mut State, problems: Vec<Problem>) -> Vec<Action> {
    let new = problems.iter().filter(|problem| !state.node.problems.contains(problem));
    let mut actions: Vec<Action> =
        new.map(|problem| Action::Say(problem.message.clone())).collect();
    state.node.problems = problems;
    actions.push(Action::Publish);
    actions
}

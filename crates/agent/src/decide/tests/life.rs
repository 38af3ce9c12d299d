//! An agent without a kernel and without control: events go in, what comes of them is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use podwall_datapath::{Adopted, Applied, Event as Seen, Hook, InterfaceKind, LeaveKind, Wanted};
use podwall_model::{
    Address, Direction, FlowKind, Namespace, Node, Protocol, Reason, Verdict, WorkloadName, World,
};
use podwall_policy::table::{IdentityNumber, Lane};
use podwall_wire::node::{self, Attachment, Document, Place, ToAgent, ToControl};
use podwall_wire::rest::Mode;

use crate::decide::{State, decide};
use crate::event::{Action, Event};
use crate::fixture::{name, workload};
use crate::moment::Moment;

/// An agent and the clock on its wall.
pub(super) struct Agent {
    pub(super) state: State,
    pub(super) now: Moment,
    pub(super) generation: u32,
}

/// What came of the events of one step.
#[derive(Default)]
pub(super) struct Came {
    pub(super) said: Vec<ToControl>,
    pub(super) applied: Vec<Wanted>,
    pub(super) newcomers: Vec<WorkloadName>,
    pub(super) others: Vec<Action>,
}

impl Agent {
    pub(super) fn new(found: &Adopted) -> Agent {
        let now = Moment { uptime: Duration::from_secs(50), wall: Duration::from_secs(9_000) };
        let mut agent = Agent { state: State::new("n1".into(), 7, found), now, generation: 0 };
        let came = agent.happens(Event::Connected { connection: 1 });
        assert!(matches!(came.said.first(), Some(ToControl::Hello(_))));
        agent
    }

    /// Carries out what is decided as the outside would, places and kernel willing.
    pub(super) fn happens(&mut self, event: Event) -> Came {
        let mut came = Came::default();
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for action in decide(&mut self.state, event, self.now) {
                match action {
                    Action::Send { message, .. } => {
                        came.said.push(message);
                        events.insert(0, Event::Sent);
                    }
                    Action::Apply(order) => {
                        came.newcomers.extend(order.newcomers);
                        came.applied.push(order.wanted);
                        self.generation += 1;
                        let generation = self.generation;
                        events.push(Event::Applied(Ok(Applied { generation, writes: 3 })));
                    }
                    other => came.others.push(other),
                }
            }
        }
        came
    }

    /// Control wants this, and all devices that are named are found.
    pub(super) fn wants(&mut self, wanted: node::Wanted) -> Came {
        let mut came = self.happens(Event::Said(ToAgent::Wanted(Box::new(wanted))));
        if let Some(Action::Locate { question, attachments }) = came.others.pop() {
            let found =
                attachments.iter().zip(11..).map(|(a, i)| (a.workload.clone().into(), Ok(i)));
            let event = Event::Located { question, places: found.collect() };
            let then = self.happens(event);
            came.said.extend(then.said);
            came.applied.extend(then.applied);
            came.newcomers.extend(then.newcomers);
        }
        came
    }

    pub(super) fn question(&self, came: &Came) -> u64 {
        let asked: Vec<&Action> =
            came.others.iter().filter(|action| **action != Action::HoldUplinks).collect();
        match asked.as_slice() {
            [Action::Locate { question, .. }] => *question,
            other => panic!("one question: {other:?}"),
        }
    }
}

/// What an agent finds that nobody went before, or almost.
pub(super) fn nothing() -> Adopted {
    Adopted {
        fresh: false,
        generation: 0,
        identities: BTreeMap::new(),
        rules: 0,
        endpoints: vec![],
        interface_kind: InterfaceKind::Tcx,
        leave_kind: LeaveKind::Netfilter,
    }
}

pub(super) fn world(web: &str) -> World {
    World {
        namespaces: vec![Namespace { name: "shop".into(), ..Namespace::default() }],
        nodes: vec![Node { name: "n1".into(), local: true, ..Node::default() }],
        workloads: vec![workload(web, &["10.0.0.5"]), workload("db", &["10.0.0.9"])],
        ..World::default()
    }
}

pub(super) fn wanted(revision: u64, world: &World, policy: &str) -> node::Wanted {
    let attach = |workload: &podwall_model::Workload| Attachment {
        workload: (&workload.name).into(),
        place: Place::Interface(format!("to-{}", workload.name.name)),
    };
    node::Wanted {
        revision,
        mode: Mode::Detect,
        world: world.into(),
        attachments: world.workloads.iter().map(attach).collect(),
        documents: vec![Document { file: "db.yaml".into(), text: policy.into() }],
    }
}

pub(super) fn address(ip: &str) -> Address {
    ip.parse::<std::net::IpAddr>().unwrap().into()
}

pub(super) fn denied(agent: &Agent, from: &str) -> Seen {
    Seen {
        time: agent.now.uptime,
        kind: FlowKind::Judged,
        hook: Hook::ToPod,
        workload: Some(name("db")),
        slot: 2,
        through_service: false,
        length: 60,
        packets: 1,
        direction: Direction::Ingress,
        own: address("10.0.0.9"),
        peer: address(from),
        own_port: 5433,
        peer_port: 40_000,
        protocol: Protocol::TCP,
        far: None,
        lane: Lane::new(Protocol::TCP, 5433),
        identity: IdentityNumber(256),
        verdict: Verdict::Dropped,
        reason: Reason::DefaultDeny,
        rule: None,
        tcp_flags: 2,
        generation: agent.generation,
    }
}

pub(super) fn answers(came: &Came) -> Vec<String> {
    let answer = |message: &ToControl| match message {
        ToControl::Applied(applied) => Some(format!("applied {}", applied.revision)),
        ToControl::Refused(refused) => Some(format!("refused {}", refused.revision)),
        ToControl::Hello(_)
        | ToControl::Flows { .. }
        | ToControl::Counters(_)
        | ToControl::Losses(_)
        | ToControl::Problems { .. }
        | ToControl::Removed => None,
    };
    came.said.iter().filter_map(answer).collect()
}

pub(super) fn problems(came: &Came) -> Option<Vec<podwall_wire::rest::Problem>> {
    came.said.iter().find_map(|message| match message {
        ToControl::Problems { problems } => Some(problems.clone()),
        _ => None,
    })
}

pub(super) fn flows(came: &Came) -> Vec<node::Flow> {
    let flows = |message: &ToControl| match message {
        ToControl::Flows { flows } => flows.clone(),
        _ => vec![],
    };
    came.said.iter().flat_map(flows).collect()
}

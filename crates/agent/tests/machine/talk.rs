//! Control's side of the talk with an agent, and the agent as a process that can be killed.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use podwall_model::World;
use podwall_wire::node::{
    self, Applied, Attachment, Counter, Document, Hello, Refused, ToAgent, ToControl, decode,
    encode,
};
use podwall_wire::rest::{Mode, Problem};

use crate::place::{Place, workload_name};

/// How long anything may take on a busy machine.
pub(crate) const BOUND: Duration = Duration::from_secs(120);

/// An agent's process. It is killed with the value; what it put in force stays until its place
/// goes.
pub(crate) struct Agent {
    child: Child,
}

impl Agent {
    /// Starts one from this very program.
    pub(crate) fn start(place: &Place, arguments: &[&str]) -> Agent {
        let program = std::env::current_exe().unwrap();
        let child = Command::new(program)
            .arg("agent")
            .arg(&place.state)
            .arg(place.node.path())
            .args(arguments)
            .spawn()
            .unwrap();
        Agent { child }
    }

    /// Whether it is gone.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        nix::sys::signal::kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// Its process.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// `kill -9`, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ended by itself.
    pub(crate) fn wait_for_end(&mut self) -> std::process::ExitStatus {
        let until = Instant::now() + BOUND;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "the agent does not end");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Control as far as an agent meets it.
pub(crate) struct Control {
    listener: UnixListener,
    line: Option<Line>,
    /// All that was said on any connection and not looked for yet.
    heard: Vec<ToControl>,
    revision: u64,
    /// The cluster-wide mode that it wants.
    pub(crate) mode: Mode,
    /// How it says where workloads are.
    pub(crate) found_by: FoundBy,
}

/// How a workload's place is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FoundBy {
    /// By the path of its namespace.
    Namespace,
    /// By its interface on the node.
    Interface,
}

struct Line {
    stream: UnixStream,
    said: Receiver<ToControl>,
}

impl Control {
    /// Listens in the place's state directory.
    pub(crate) fn listen(place: &Place) -> Control {
        let listener = UnixListener::bind(place.state.join("agent.sock")).unwrap();
        let (mode, found_by) = (Mode::Enforce, FoundBy::Namespace);
        Control { listener, line: None, heard: Vec::new(), revision: 0, mode, found_by }
    }

    /// Takes the connection of this agent, which says hello on it.
    pub(crate) fn accept(&mut self, agent: &mut Agent) -> Hello {
        self.accept_or_end(agent).expect("the agent lives")
    }

    /// Takes the connection of this agent; `None` if it ended before it said hello. What agents
    /// that are gone left in the queue is passed over.
    pub(crate) fn accept_or_end(&mut self, agent: &mut Agent) -> Option<Hello> {
        self.listener.set_nonblocking(true).unwrap();
        let until = Instant::now() + BOUND;
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Some(hello) = self.hello_on(stream)
                        && hello.pid == agent.child.id()
                    {
                        return Some(hello);
                    }
                }
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => {
                    if agent.has_ended() {
                        return None;
                    }
                    assert!(Instant::now() < until, "no agent connects");
                    std::thread::park_timeout(Duration::from_millis(1));
                }
                Err(cause) => panic!("{cause}"),
            }
        }
    }

    fn hello_on(&mut self, stream: UnixStream) -> Option<Hello> {
        stream.set_nonblocking(false).unwrap();
        let (sender, said) = channel();
        let reader = stream.try_clone().unwrap();
        std::thread::spawn(move || read(reader, &sender));
        let hello = match said.recv_timeout(BOUND) {
            Ok(ToControl::Hello(hello)) => hello,
            Ok(other) => panic!("hello comes first: {other:?}"),
            Err(RecvTimeoutError::Timeout) => panic!("no hello came"),
            Err(RecvTimeoutError::Disconnected) => return None,
        };
        self.line = Some(Line { stream, said });
        self.heard.clear();
        Some(hello)
    }

    /// Hangs up.
    pub(crate) fn hang_up(&mut self) {
        self.line.take().unwrap().stream.shutdown(std::net::Shutdown::Both).unwrap();
    }

    /// Says something.
    pub(crate) fn say(&mut self, message: &ToAgent) {
        let line = self.line.as_mut().expect("an agent is connected");
        // An agent that was killed does not listen any more; whoever waits for its answer says so.
        let _ = line.stream.write_all(&encode(message).unwrap());
    }

    /// Wants these policies in this world.
    pub(crate) fn want(&mut self, place: &Place, world: &World, policies: &str) -> u64 {
        self.revision += 1;
        let found_by = self.found_by;
        let attach = |name: &str| Attachment {
            workload: (&workload_name(name)).into(),
            place: match found_by {
                FoundBy::Namespace => node::Place::Netns(place.namespace(name).path().to_owned()),
                FoundBy::Interface => node::Place::Interface(format!("to-{name}")),
            },
        };
        let text = policies.to_owned();
        let mode = self.mode;
        self.say(&ToAgent::Wanted(Box::new(node::Wanted {
            revision: self.revision,
            mode,
            world: world.into(),
            attachments: vec![attach("web"), attach("db")],
            documents: vec![Document { file: "policies.yaml".into(), text }],
        })));
        self.revision
    }

    /// Wants these policies and waits until they are in force; `false` if the agent ended instead.
    pub(crate) fn put_in_force_or_end(&mut self, place: &Place, policies: &str) -> bool {
        let revision = self.want(place, &place.world(), policies);
        let said = &self.line.as_ref().expect("an agent is connected").said;
        loop {
            match said.recv_timeout(BOUND) {
                Ok(ToControl::Applied(applied)) if applied.revision == revision => return true,
                Ok(ToControl::Refused(refused)) => panic!("{refused:?}"),
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => panic!("no answer came"),
            }
        }
    }

    /// Wants these policies and waits until they are in force.
    pub(crate) fn put_in_force(&mut self, place: &Place, policies: &str) -> Applied {
        let revision = self.want(place, &place.world(), policies);
        self.wait_for("an answer", |message| match message {
            ToControl::Applied(applied) if applied.revision == revision => Some(applied),
            ToControl::Refused(refused) => panic!("{refused:?}"),
            _ => None,
        })
    }

    /// Waits for a refusal of this revision.
    pub(crate) fn refusal(&mut self, revision: u64) -> Refused {
        self.wait_for("a refusal", |message| match message {
            ToControl::Refused(refused) if refused.revision == revision => Some(refused),
            _ => None,
        })
    }

    /// Waits for a flow like this.
    pub(crate) fn flow(&mut self, mut like: impl FnMut(&node::Flow) -> bool) -> node::Flow {
        self.wait_for("such a flow", |message| match message {
            ToControl::Flows { flows } => flows.into_iter().find(|flow| like(flow)),
            _ => None,
        })
    }

    /// Waits for counters like these.
    pub(crate) fn counters(&mut self, mut like: impl FnMut(&[Counter]) -> bool) -> Vec<Counter> {
        self.wait_for("such counters", |message| match message {
            ToControl::Counters(counters) => Some(counters.counters).filter(|all| like(all)),
            _ => None,
        })
    }

    /// Waits for a list of problems like this.
    pub(crate) fn problems(&mut self, mut like: impl FnMut(&[Problem]) -> bool) -> Vec<Problem> {
        self.wait_for("such problems", |message| match message {
            ToControl::Problems { problems } => Some(problems).filter(|all| like(all)),
            _ => None,
        })
    }

    /// Waits for a message that this makes something of; others are passed over.
    pub(crate) fn wait_for<T>(
        &mut self,
        what: &str,
        mut like: impl FnMut(ToControl) -> Option<T>,
    ) -> T {
        let until = Instant::now() + BOUND;
        loop {
            let line = self.line.as_ref().expect("an agent is connected");
            let rest = until.saturating_duration_since(Instant::now());
            let message = match line.said.recv_timeout(rest) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("{what} did not come; last heard: {:#?}", self.heard.last())
                }
                Err(RecvTimeoutError::Disconnected) => panic!("{what} did not come: hung up"),
            };
            if let Some(found) = like(message.clone()) {
                return found;
            }
            self.heard = vec![message];
        }
    }
}

fn read(stream: UnixStream, sender: &Sender<ToControl>) {
    for line in BufReader::new(stream).split(b'\n') {
        let Ok(line) = line else { return };
        if line.is_empty() || sender.send(decode(&line).unwrap()).is_err() {
            return;
        }
    }
}

//! The agent as a child process: started, and started again when it ends. That it is gone changes
//! nothing in the kernel.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use crate::app::App;
use crate::event::Event;

/// The first pause before an agent is started again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// An agent that ran this long was well: the next pause is the first again.
const WELL: Duration = Duration::from_secs(10);
/// How long an agent may take to end by itself before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the agent is started.
#[derive(Clone, Debug)]
pub(crate) struct AgentCommand {
    /// The program.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
}

/// A running supervision; `end` ends the agent with it.
pub(crate) struct Supervision {
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Supervision {
    pub(crate) fn start(app: Arc<App>, command: AgentCommand) -> Supervision {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(supervise(app, command, stopped));
        Supervision { stop, task }
    }

    /// Waits until the agent has ended, which it is expected to be about to do.
    pub(crate) async fn end(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

async fn supervise(app: Arc<App>, command: AgentCommand, mut stop: oneshot::Receiver<()>) {
    let mut pause = PAUSES.0;
    loop {
        let began = Instant::now();
        let why = match spawn(&command) {
            Ok(mut child) => {
                let _ = app.events.send(Event::AgentStarted(child.id().unwrap_or(0))).await;
                tokio::select! {
                    status = child.wait() => match status {
                        Ok(status) => status.to_string(),
                        Err(error) => error.to_string(),
                    },
                    _ = &mut stop => return end(child).await,
                }
            }
            Err(error) => format!("unable to start `{}`: {error}", command.program.display()),
        };
        let _ = app.events.send(Event::AgentEnded(why)).await;
        if began.elapsed() > WELL {
            pause = PAUSES.0;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = &mut stop => return,
        }
        pause = (pause * 2).min(PAUSES.1);
    }
}

fn spawn(command: &AgentCommand) -> std::io::Result<Child> {
    Command::new(&command.program)
        .args(&command.arguments)
        .stdin(Stdio::null())
        // Ctrl-C is for control, which then ends the agent in order.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

async fn end(mut child: Child) {
    if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

//! The agent, one per node: takes the wanted state from control, puts it in force, and tells what
//! was seen.
//!
//! `observe` turns the outside into events, `decide` is pure, `act` does what was decided. What is
//! in force lives in the kernel: an agent that stops, is killed or loses control changes nothing.

mod act;
mod change;
mod decide;
mod delivery;
mod digest;
mod event;
#[cfg(test)]
mod fixture;
mod force;
mod intent;
mod moment;
mod names;
mod nearest;
mod observe;
mod outbox;
mod places;
mod post;
mod problems;
mod record;
mod uplink;

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::fcntl::{Flock, FlockArg};
use nix::sched::{CloneFlags, setns};

/// How an agent is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The state directory: `agent.sock`, where control listens, and `bpf`, where pins are.
    pub state: PathBuf,
    /// The network namespace that is the node; absent for the one the process is in.
    pub node_netns: Option<PathBuf>,
    /// What the node is called.
    pub node_name: String,
    /// The process that the agent ends with; absent for whoever started it.
    pub parent: Option<i32>,
    /// For the kill test alone: abort after so many writes to the kernel.
    pub fail_after_writes: Option<u64>,
}

/// How long a killed predecessor may take to let go of the state directory.
const PREDECESSOR: Duration = Duration::from_secs(5);

/// Runs the agent until control ends it or SIGTERM comes. It must be called before the process has
/// a second thread, since it enters the node's namespace.
pub fn run(options: Options) -> anyhow::Result<()> {
    if let Some(path) = &options.node_netns {
        let node =
            File::open(path).with_context(|| format!("unable to open: `{}`", path.display()))?;
        setns(node, CloneFlags::CLONE_NEWNET)
            .with_context(|| format!("unable to enter the node: `{}`", path.display()))?;
    }
    let _only_one = lock(&options)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("unable to start the agent's runtime")?
        .block_on(observe::serve(options))
}

/// One agent at a time works on one state directory.
fn lock(options: &Options) -> anyhow::Result<Flock<File>> {
    let path = options.state.join("agent.lock");
    let shown = path.display();
    let mut file = File::create(&path).with_context(|| format!("unable to write: `{shown}`"))?;
    let until = Instant::now() + PREDECESSOR;
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((back, _)) if Instant::now() < until => file = back,
            Err(_) => bail!("another agent runs: `{shown}`, hint: run `podwall down` first"),
        }
        #[expect(clippy::disallowed_methods, reason = "a lock tells nobody when it is let go")]
        std::thread::sleep(Duration::from_millis(20));
    }
}

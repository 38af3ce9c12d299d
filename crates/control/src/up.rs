//! `podwall up`: everything of one machine in one run, from its checks to the last thing undone.

mod checks;

use std::ffi::OsString;
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use podwall_demo::Demo;
use podwall_files::{Attachment, Workloads};
use podwall_host::{Made, bpffs};
use podwall_ledger::{Bounds, Ledger};
use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::changes::ChangeLog;
use crate::child::{AgentCommand, Supervision};
use crate::directory::Directory;
use crate::engine::Engine;
use crate::event::Event;
use crate::listener::bind_page;
use crate::memory::Memory;
use crate::source::{Source, look};
use crate::state::State;
use crate::{node, server, watching};

/// What to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The workloads.
    pub what: What,
    /// Where the page listens; the usual port, or any free one, where nobody says.
    pub listen: Option<SocketAddr>,
    /// The state directory.
    pub state: PathBuf,
    /// After how long the run ends by itself.
    pub lasts: Option<Duration>,
    /// The program that is started as the agent and as the demo's programs.
    pub program: PathBuf,
}

/// Which workloads.
#[derive(Clone, Debug)]
pub enum What {
    /// The small application inside a node of its own.
    Demo,
    /// Workloads that exist.
    Files {
        /// The workload file.
        workloads: PathBuf,
        /// The policy folder.
        policies: PathBuf,
    },
}

/// How long the agent may take to leave the kernel.
const LEAVING: Duration = Duration::from_secs(10);

/// Runs until a signal, the end of its time, or `podwall down`; then leaves the machine as found.
pub fn up(settings: &Settings) -> anyhow::Result<()> {
    checks::before_anything(&settings.what)?;
    let directory = Directory::new(&settings.state);
    directory.make()?;
    let _lock = directory.lock_for(std::process::id())?;
    let page = bind_page(settings.listen)?;
    clean(&directory, &settings.what)?;
    let mut made = Made::open(&directory.made())?;
    bpffs::mount_at(&directory.pins(), &mut made)?;
    let ran = run(settings, &directory, page);
    let undone = made.undo()?;
    for socket in [directory.socket(), directory.agent_socket()] {
        let _ = std::fs::remove_file(socket);
    }
    ran?;
    if let Some((thing, why)) = undone.left.first() {
        bail!("not undone: {thing:?}: {why}, hint: run `podwall down`");
    }
    Ok(())
}

/// What a killed run left. Workloads that exist keep what is in force until the new agent adopts
/// it; a demo begins anew.
fn clean(directory: &Directory, what: &What) -> anyhow::Result<()> {
    let left = podwall_host::made::leftovers(&directory.made())?;
    let of_demo = |thing: &podwall_host::Thing| matches!(thing, podwall_host::Thing::Namespace(_));
    let anew = matches!(what, What::Demo) || left.iter().any(of_demo);
    if anew && !left.is_empty() {
        // The lock is ours, so nobody runs; `down` would take that for somebody running.
        let undone = podwall_host::made::undo_leftovers(&directory.made())?;
        tracing::info!("undid {} things that a killed run had left", undone.undone.len());
    }
    Ok(())
}

fn run(settings: &Settings, directory: &Directory, page: TcpListener) -> anyhow::Result<()> {
    let (source, demo) = match &settings.what {
        What::Files { workloads, policies } => {
            let (workloads, policies) = (workloads.clone(), policies.clone());
            (Source::Files { workloads, policies }, None)
        }
        What::Demo => {
            println!("making the demo: a node of its own, workloads in front of it ...");
            let demo = Demo::start(&podwall_demo::Settings {
                state: settings.state.clone(),
                instance: format!("{:x}", std::process::id()),
                binary: settings.program.clone(),
            })?;
            (demo_source(&demo), Some(demo))
        }
    };
    let node_netns = demo.as_ref().map(|demo| demo.node_netns.clone());
    let ran = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("unable to start the runtime")
        .and_then(|runtime| {
            let ran = runtime.block_on(serve(settings, directory, page, source, node_netns));
            runtime.shutdown_timeout(Duration::from_secs(1));
            ran
        });
    if let Some(demo) = demo {
        let undone = demo.stop()?;
        if let Some((thing, why)) = undone.left.first() {
            bail!("not undone: {thing:?}: {why}, hint: run `podwall down`");
        }
    }
    ran
}

fn demo_source(demo: &Demo) -> Source {
    let attachments = demo.attachments.iter().map(|(name, place)| {
        let place = match place {
            podwall_host::Attachment::Netns(path) => Attachment::Netns(path.clone()),
            podwall_host::Attachment::Interface(name) => Attachment::Interface(name.clone()),
        };
        (name.clone(), place)
    });
    Source::Demo {
        workloads: Workloads { world: demo.world.clone(), attachments: attachments.collect() },
        policies: demo.policies.clone(),
    }
}

async fn serve(
    settings: &Settings,
    directory: &Directory,
    page: TcpListener,
    source: Source,
    node_netns: Option<PathBuf>,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut ends = Ends::new()?;
    let memory = Memory::load(&directory.memory())?;
    let node_name = if node_netns.is_some() { "demo".to_owned() } else { host_name() };
    let token = token()?;
    let address = format!("http://{}/?token={token}", page.local_addr()?);
    let ledger = Ledger::open(&directory.ledger(), Bounds::default());
    let state = State::new(memory, &node_name);
    let changes = ChangeLog::open(&directory.changes());
    let (app, events) = App::new(source, (address.clone(), token), state, (ledger, changes));
    let engine = tokio::spawn(Engine::new(app.clone(), directory.memory()).run(events));
    node::listen(app.clone(), &directory.agent_socket())?;
    server::serve(&app, page, &directory.socket())?;
    look(&app, None).await;
    watching::watch(app.clone());
    let agent = agent_command(settings, &node_name, node_netns);
    let supervision = Supervision::start(app.clone(), agent);
    println!("page: {address}");
    tokio::spawn(tell_when_ready(app.clone(), began));
    let why = ends.wait(&app, settings.lasts).await;
    println!("{why}: leaving the machine as it was found ...");
    leave(&app, supervision).await;
    engine.abort();
    app.ask(|ledger| ledger.settle(crate::app::now_ms())).await;
    Ok(())
}

/// Waits for the agent to take everything out of the kernel; what it does not, goes with the
/// file system of pins.
async fn leave(app: &Arc<App>, supervision: Supervision) {
    let _ = app.events.send(Event::Leaving).await;
    let gone = async {
        let mut told = app.told.subscribe();
        while !app.state().node.removed && app.state().node.pid.is_some() {
            let _ = told.recv().await;
        }
    };
    if tokio::time::timeout(LEAVING, gone).await.is_err() {
        tracing::warn!("the agent did not answer; its hooks go with their pins");
    }
    supervision.end().await;
}

async fn tell_when_ready(app: Arc<App>, began: Instant) {
    let mut told = app.told.subscribe();
    while !app.state().ready() {
        if let Err(tokio::sync::broadcast::error::RecvError::Closed) = told.recv().await {
            return;
        }
    }
    let state = app.state();
    let (workloads, policies) =
        (state.workloads.attachments.len(), state.documents.policies().count());
    println!(
        "in force after {:.1} s: {policies} policies on {workloads} workloads, revision {}; end \
         with Ctrl-C",
        began.elapsed().as_secs_f64(),
        state.revision,
    );
}

fn agent_command(settings: &Settings, node_name: &str, netns: Option<PathBuf>) -> AgentCommand {
    let mut arguments: Vec<OsString> = vec!["agent".into(), "--state".into()];
    arguments.push(settings.state.clone().into());
    arguments.extend(["--node-name".into(), node_name.into()]);
    arguments.extend(["--parent".into(), std::process::id().to_string().into()]);
    if let Some(netns) = netns {
        arguments.extend(["--node-netns".into(), netns.into()]);
    }
    AgentCommand { program: settings.program.clone(), arguments }
}

/// Whatever ends a run.
struct Ends {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Ends {
    /// From here on a signal is waited for, and does not end the process by itself.
    fn new() -> anyhow::Result<Ends> {
        Ok(Ends {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn wait(&mut self, app: &App, lasts: Option<Duration>) -> &'static str {
        let time = async {
            match lasts {
                Some(lasts) => tokio::time::sleep(lasts).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => "interrupted",
            _ = self.terminate.recv() => "told to end",
            _ = self.hang_up.recv() => "the terminal is gone",
            () = app.stop.notified() => "told to end by `podwall down`",
            () = time => "its time is over",
        }
    }
}

fn token() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("unable to make a token: `/dev/urandom`")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "local".to_owned(),
        name => name.to_owned(),
    }
}

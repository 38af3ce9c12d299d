//! The running programs of the demo: started in their namespaces, watched, and taken down.
//!
//! A program dies with the thread that started it, so one thread, the keeper, starts them all and
//! lives as long as they should.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, bail};
use podwall_host::{Made, Namespace, Process, Thing, process};

use crate::app::{Role, SUBCOMMAND};

/// What to start, and where.
pub(crate) struct Start {
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) namespace: Namespace,
}

/// How the programs are called and where they write.
pub(crate) struct Surroundings {
    pub(crate) binary: PathBuf,
    pub(crate) logs: PathBuf,
}

/// Programs that run.
#[derive(Debug)]
pub(crate) struct Programs {
    running: Vec<(String, Process)>,
    /// Dropped, it tells the keeper to end.
    stop: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Programs {
    /// Starts them in this order, each once the one before says that it is ready.
    pub(crate) fn start(
        starts: Vec<Start>,
        surroundings: Surroundings,
        made: &mut Made,
    ) -> Result<Programs> {
        let (stop, stopped) = channel();
        let (tell, told) = channel();
        let keeper = thread::Builder::new()
            .name("demo-keeper".into())
            .spawn(move || keep(&starts, &surroundings, tell, &stopped))
            .context("unable to start a thread")?;
        let mut programs = Programs { running: Vec::new(), stop: Some(stop), keeper: Some(keeper) };
        for news in told {
            let (name, process) = news?;
            made.record(Thing::Process(process))?;
            programs.running.push((name, process));
        }
        Ok(programs)
    }

    /// The names of programs that have ended though nobody asked them to.
    pub(crate) fn ended(&self) -> Vec<String> {
        let gone = self.running.iter().filter(|(_, process)| !process.is_alive());
        gone.map(|(name, _)| name.clone()).collect()
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(keeper) = self.keeper.take() {
            // A keeper that panicked has taken its programs with it.
            let _ = keeper.join();
        }
    }
}

/// Starts all, tells of each, waits for the end of `stopped`, and takes all down.
fn keep(
    starts: &[Start],
    surroundings: &Surroundings,
    tell: Sender<Result<(String, Process)>>,
    stopped: &Receiver<()>,
) {
    let mut children: Vec<Child> = Vec::new();
    for start in starts {
        let news = launch(start, surroundings).map(|(child, process)| {
            children.push(child);
            (start.name.clone(), process)
        });
        let failed = news.is_err();
        if tell.send(news).is_err() || failed {
            break;
        }
    }
    drop(tell); // the starter waits for the end of this list
    let _ = stopped.recv();
    for child in &mut children {
        // Dead already is as good; what cannot be killed is told by the record's undoing.
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn launch(start: &Start, surroundings: &Surroundings) -> Result<(Child, Process)> {
    let mut command = Command::new(&surroundings.binary);
    command
        .arg(SUBCOMMAND)
        .args([start.role.word(), "--name", &start.name, "--logs"])
        .arg(&surroundings.logs)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(complaints(&surroundings.logs)?);
    let mut child = process::spawn_in(&start.namespace, &mut command)
        .with_context(|| format!("unable to start the program: `{}`", start.name))?;
    let process = Process::with_pid(child.id())?;
    let stdout = child.stdout.take().expect("stdout was piped");
    let mut word = String::new();
    BufReader::new(stdout).read_line(&mut word)?;
    if word != "ready\n" {
        let _ = child.kill();
        let _ = child.wait();
        let place = surroundings.logs.join(COMPLAINTS);
        bail!("program ended at once: `{}`, hint: read {}", start.name, place.display());
    }
    Ok((child, process))
}

/// Where programs say why they end.
const COMPLAINTS: &str = "errors.log";

fn complaints(logs: &Path) -> Result<File> {
    let path = logs.join(COMPLAINTS);
    let opened = OpenOptions::new().create(true).append(true).open(&path);
    opened.with_context(|| format!("unable to write: `{}`", path.display()))
}

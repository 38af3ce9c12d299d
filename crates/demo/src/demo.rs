//! The whole demo, from its first namespace to its last log line.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use podwall_host::{Attachment, Made, Namespace, Undone};
use podwall_model::{WorkloadName, World};

use crate::app::Role;
use crate::node::Node;
use crate::plan::Place;
use crate::policies;
use crate::programs::{Programs, Start, Surroundings};
use crate::world;

/// What a run of the demo is given.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The state directory; logs, policies and the record of what was made go there.
    pub state: PathBuf,
    /// A short word that no other run on this machine has; namespaces are called `pwWORD-NAME`.
    pub instance: String,
    /// The binary that is started as the demo's programs, with `demo-app` as its first argument.
    pub binary: PathBuf,
}

/// A demo that runs. Dropped without [`Demo::stop`], its programs end and its namespaces stay.
#[derive(Debug)]
pub struct Demo {
    /// Where the node's namespace is.
    pub node_netns: PathBuf,
    /// What exists in it.
    pub world: World,
    /// Where each workload is.
    pub attachments: BTreeMap<WorkloadName, Attachment>,
    /// The folder of policies.
    pub policies: PathBuf,
    /// The folder of the programs' logs.
    pub logs: PathBuf,
    programs: Programs,
    made: Made,
}

impl Demo {
    /// Makes the node and starts the programs. Blocks for about a second; must not be called from a
    /// worker of an async runtime. What a failed start made is undone before the error is returned.
    pub fn start(settings: &Settings) -> Result<Demo> {
        let logs = settings.state.join("logs");
        fs::create_dir_all(&logs)
            .with_context(|| format!("unable to make the directory: `{}`", logs.display()))?;
        let policies = policies::folder_in(&settings.state)?;
        let mut made = Made::open(&record_in(&settings.state))?;
        match build(settings, &logs, &mut made) {
            Ok((node, programs)) => Ok(Demo {
                node_netns: node.path,
                world: world::world_of(&node.places),
                attachments: node.attachments,
                policies,
                logs,
                programs,
                made,
            }),
            Err(error) => {
                let undone = made.undo()?;
                Err(error.context(format!("the demo did not start; {}", told(&undone))))
            }
        }
    }

    /// The programs that have ended though they should run.
    pub fn ended(&self) -> Vec<String> {
        self.programs.ended()
    }

    /// Ends the programs and undoes everything that [`Demo::start`] made.
    pub fn stop(self) -> Result<Undone> {
        drop(self.programs);
        Ok(self.made.undo()?)
    }
}

/// Where the record of what was made is kept in a state directory.
pub fn record_in(state: &Path) -> PathBuf {
    state.join("made.json")
}

/// What remains of the node once its programs run.
struct Built {
    path: PathBuf,
    places: Vec<Place>,
    attachments: BTreeMap<WorkloadName, Attachment>,
}

fn build(settings: &Settings, logs: &Path, made: &mut Made) -> Result<(Built, Programs)> {
    let node = Node::build(&format!("pw{}", settings.instance), made)?;
    let built = Built {
        path: node.namespace.path().to_owned(),
        places: node.workloads.iter().map(|(place, _)| *place).collect(),
        attachments: node
            .workloads
            .iter()
            .map(|(place, inside)| {
                (world::name_of(place), Attachment::Netns(inside.path().to_owned()))
            })
            .collect(),
    };
    let surroundings = Surroundings { binary: settings.binary.clone(), logs: logs.to_owned() };
    let programs = Programs::start(starts(&node)?, surroundings, made)?;
    Ok((built, programs))
}

/// What runs where, servers before their clients.
fn starts(node: &Node) -> Result<Vec<Start>> {
    let mut starts = Vec::new();
    let mut add = |role: Role, name: &str, namespace: &Namespace| -> Result<()> {
        let namespace = Namespace::open(namespace.path())?;
        starts.push(Start { role, name: name.to_owned(), namespace });
        Ok(())
    };
    add(Role::Metadata, "metadata", &node.metadata)?;
    add(Role::Payments, "payments", &node.outside)?;
    for role in [Role::Dns, Role::Store, Role::Orders, Role::Cart, Role::Web, Role::Report] {
        for (place, namespace) in &node.workloads {
            if Role::of_app(place.app) == Some(role) {
                add(role, place.name, namespace)?;
            }
        }
    }
    add(Role::Customers, "customers", &node.outside)?;
    for (place, namespace) in &node.workloads {
        if Role::of_app(place.app) == Some(Role::Intruder) {
            add(Role::Intruder, place.name, namespace)?;
        }
    }
    Ok(starts)
}

fn told(undone: &Undone) -> String {
    match undone.left.as_slice() {
        [] => "everything it had made was undone".into(),
        left => format!("{} things could not be undone, hint: run `podwall down`", left.len()),
    }
}

//! The one handle on the kernel's part: open or adopt, apply what is wanted, take everything away.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use podwall_model::{RuleId, WorkloadName};
use podwall_policy::table::IdentityNumber;
use thiserror::Error;

use crate::abi;
use crate::adopt;
use crate::counter::Counter;
use crate::hooks::{Hooking, InterfaceKind, LeaveKind};
use crate::kernel::{Kernel, WriteError};
use crate::load::{self, Found, OpenError, pinned};
use crate::maps::Maps;
use crate::mirror::Mirror;
use crate::pins::Pins;
use crate::plan::{PlanError, plan};
use crate::settings::{Capacity, Settings};
use crate::sweep::Fading;
use crate::wanted::Wanted;
use crate::write::Write;

/// The kernel's part of Podwall, of the network namespace it was opened in.
///
/// Dropping it leaves everything in force.
#[derive(Debug)]
pub struct Datapath {
    pub(crate) kernel: Kernel,
    pub(crate) mirror: Mirror,
    pub(crate) names: Arc<RwLock<Names>>,
    pub(crate) capacity: Capacity,
    pub(crate) pins: Pins,
    /// The identities of the last wanted state, which stay named whether addresses lead to them.
    pub(crate) wanted_identities: BTreeSet<IdentityNumber>,
    pub(crate) fading: Fading,
    /// Counters as they were last shown.
    pub(crate) shown: Mutex<HashMap<abi::CounterKey, abi::Counter>>,
    /// What was counted in former slots of workloads that have come back in others.
    pub(crate) former: Vec<Counter>,
    /// Whether counters were read since the last sweep.
    pub(crate) counters_read: AtomicBool,
}

/// What was found in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// Whether nothing was there, so that everything is new.
    pub fresh: bool,
    /// The generation that was given last.
    pub generation: u32,
    /// The names of identities; numbers go on behind the highest.
    pub identities: BTreeMap<IdentityNumber, String>,
    /// How many rules have numbers.
    pub rules: usize,
    /// The workloads that are in force.
    pub endpoints: Vec<AdoptedEndpoint>,
    /// How programs are put on interfaces.
    pub interface_kind: InterfaceKind,
    /// How packets are met where they leave the node's stack.
    pub leave_kind: LeaveKind,
}

/// One workload that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptedEndpoint {
    /// What it is called.
    pub workload: WorkloadName,
    /// The host side of its veth.
    pub interface: u32,
    /// Its slot.
    pub slot: u32,
    /// The generation of its tables.
    pub generation: u32,
}

/// What `apply` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The generation that was given last.
    pub generation: u32,
    /// How many writes to the kernel it took; 0 where everything was as wanted.
    pub writes: u64,
}

/// Why the wanted state is not in force.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// It does not fit or contradicts itself. Nothing was written.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A write did not come about. What is in force is old or new for each workload, and the next
    /// `apply` goes on from there.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Names by number, for those who read events and counters.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) rules: BTreeMap<u32, Arc<RuleId>>,
    pub(crate) slots: BTreeMap<u32, WorkloadName>,
}

impl Datapath {
    /// Loads the programs and makes the maps, or adopts what an earlier process pinned. Must run in
    /// the network namespace of the node.
    pub fn open(settings: &Settings) -> Result<(Datapath, Adopted), OpenError> {
        let pins = Pins::new(&settings.pins);
        let found = load::look(&pins)?;
        let object = match found {
            Found::Nothing => load::load_fresh(settings, &pins)?,
            Found::Ours => load::load_over(&pins)?,
        };
        let maps = Maps::of(&object)?;
        if found == Found::Nothing {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            load::fill(&maps.counters_free)?;
            load::sign(&maps.about, now.as_secs())?;
        }
        let hooks = Hooking::new(&object, &pins, settings.hooks)?;
        let mut kernel = Kernel::new(object, maps, hooks, settings.fail_after_writes);
        kernel.hooks.adopt(&mut kernel.fuse)?;
        kernel.hooks.hold_leave(&mut kernel.fuse).map_err(|error| pinned("leave", error))?;
        let mirror = adopt::read(&kernel.maps, &kernel.hooks)?;
        let capacity = kernel.maps.capacity(settings.capacity);
        let names = Arc::new(RwLock::new(Names::default()));
        let mut datapath = Datapath {
            kernel,
            mirror,
            names,
            capacity,
            pins,
            wanted_identities: BTreeSet::new(),
            fading: Fading::default(),
            shown: Mutex::default(),
            former: Vec::new(),
            counters_read: AtomicBool::new(false),
        };
        if found == Found::Ours {
            datapath.recount().map_err(|error| pinned("connections", io::Error::other(error)))?;
            // What the earlier process switched away from may have been read until now.
            datapath.write(&Write::Grace).map_err(|error| pinned("grace", error.source))?;
        }
        datapath.rename();
        let adopted = datapath.adopted(found);
        Ok((datapath, adopted))
    }

    fn adopted(&self, found: Found) -> Adopted {
        let endpoint = |(slot, serving): (&u32, &crate::mirror::Slot)| AdoptedEndpoint {
            workload: serving.workload.clone(),
            interface: serving.interface,
            slot: *slot,
            generation: serving.word.generation,
        };
        let serving = self.mirror.slots.iter().filter(|(_, slot)| !slot.has_left());
        Adopted {
            fresh: found == Found::Nothing,
            generation: self.mirror.generation,
            identities: self.mirror.identities.clone(),
            rules: self.mirror.rules.len(),
            endpoints: serving.map(endpoint).collect(),
            interface_kind: self.kernel.hooks.interface_kind(),
            leave_kind: self.kernel.hooks.leave_kind(),
        }
    }

    /// Writes the difference between what the kernel has and what is wanted. What does not fit is
    /// refused before anything is written; applying the same again writes nothing.
    pub fn apply(&mut self, wanted: &Wanted) -> Result<Applied, ApplyError> {
        let before = self.kernel.fuse.writes;
        let hooks = |source| WriteError { what: "hooks".to_owned(), source };
        adopt::look_at_hooks(&self.kernel.hooks, &mut self.mirror).map_err(hooks)?;
        self.wanted_identities = wanted.identities.keys().copied().collect();
        self.mirror.steps.forget_unnamed();
        self.mirror.backends.forget_unnamed();
        for write in plan(&self.mirror, wanted, &self.capacity)? {
            self.write(&write)?;
        }
        self.hold_uplinks()?;
        let writes = self.kernel.fuse.writes - before;
        Ok(Applied { generation: self.mirror.generation, writes })
    }

    /// Meets packets on every interface that leads off the node, new ones too, where no netfilter
    /// link meets them all. To be called when an interface has come.
    pub fn hold_uplinks(&mut self) -> Result<(), WriteError> {
        let serving = self.mirror.slots.values().filter(|slot| !slot.has_left());
        let workloads: BTreeSet<u32> = serving.map(|slot| slot.interface).collect();
        let held = self.kernel.hooks.hold_uplinks(&workloads, &mut self.kernel.fuse);
        held.map_err(|source| WriteError { what: "hooks".to_owned(), source })
    }

    /// Does one write and takes note of it.
    pub(crate) fn write(&mut self, write: &Write) -> Result<(), WriteError> {
        self.kernel.write(write)?;
        self.mirror.note(write);
        let mut names = self.names.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        match write {
            Write::NameRule { number, rule } => {
                names.rules.insert(*number, Arc::clone(rule));
            }
            Write::NameSlot { slot, workload } => {
                names.slots.insert(*slot, workload.clone());
            }
            Write::ForgetRule { number } => {
                names.rules.remove(number);
            }
            Write::ForgetSlot { slot } => {
                names.slots.remove(slot);
            }
            _ => {}
        }
        Ok(())
    }

    fn rename(&mut self) {
        let mut names = self.names.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        names.rules = self.mirror.rules.clone();
        let slots = self.mirror.slots.iter();
        names.slots = slots.map(|(slot, found)| (*slot, found.workload.clone())).collect();
    }

    /// The sizes of the maps, as they were made.
    pub fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// Takes every hook off and unpins everything. Nothing of it is in force any more.
    pub fn remove(mut self) -> Result<(), OpenError> {
        let detached = self.kernel.hooks.detach_all(&mut self.kernel.fuse);
        detached.map_err(|error| pinned("links", error))?;
        let directory = |error| OpenError::Directory(self.pins.root().to_owned(), error);
        self.pins.clear().map_err(directory)
    }
}

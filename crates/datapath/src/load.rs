//! Loads the object into the kernel: fresh, or over the maps that an earlier process pinned.

use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::Func;
use libbpf_rs::{ErrorKind, MapCore, Object, ObjectBuilder, OpenObject, PrintLevel, ProgramType};
use thiserror::Error;
use zerocopy::IntoBytes;

use crate::abi;
use crate::map::{Expect, Map};
use crate::pins::Pins;
use crate::settings::{Capacity, Settings};

/// Why the kernel's part could not be opened. What was in force before stays in force.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The process may not load programs.
    #[error("not allowed to load programs into the kernel, hint: run as root")]
    NotRoot,
    /// The kernel does not describe its types.
    #[error(
        "the kernel's type information is missing: `{0}`, hint: a kernel with CONFIG_DEBUG_INFO_BTF is needed, and nothing mounted over it"
    )]
    NoTypes(PathBuf),
    /// The directory of pins is no bpffs.
    #[error("not in a bpffs: `{0}`, hint: mount one there, `mount -t bpf bpf {0}`")]
    NotBpffs(PathBuf),
    /// The directory of pins could not be used.
    #[error("unable to use the directory of pins: `{0}`")]
    Directory(PathBuf, #[source] io::Error),
    /// Pinned state is of another version. Nothing was touched.
    #[error(
        "layout unknown: pinned state is of layout {found}, this build understands {ours}, hint: enforcement stays as it is; start the version that made it, or take it down first"
    )]
    LayoutUnknown {
        /// The layout of the pinned state.
        found: u32,
        /// The layout that this build understands.
        ours: u32,
    },
    /// Pinned state of our layout lacks something or contradicts itself. Nothing was touched.
    #[error(
        "pinned state is damaged: {0}, hint: enforcement stays as it is; take it down and start again"
    )]
    Damaged(String),
    /// There is no memory for the maps.
    #[error(
        "the kernel has no memory for maps of this size, hint: lower the capacity or free memory"
    )]
    NoMemory(#[source] libbpf_rs::Error),
    /// The kernel refused the programs or maps.
    #[error("unable to load the programs: {log}")]
    Load {
        /// What the kernel or the loader said, the end of it.
        log: String,
        /// The cause.
        #[source]
        source: libbpf_rs::Error,
    },
    /// Something could not be read from or pinned in the kernel.
    #[error("unable to set up pinned state: `{what}`")]
    Pinned {
        /// Which map, program or link.
        what: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

/// Where the kernel describes its types.
const KERNEL_TYPES: &str = "/sys/kernel/btf/vmlinux";
/// The section of the object's settings.
const SETTINGS_SECTION: &str = ".rodata.settings";
/// How much of the loader's words an error keeps: the end of a verifier's log says why.
const LOG_BYTES: usize = 4096;

static LOG: Mutex<String> = Mutex::new(String::new());

/// What pinned state there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// None, or what was broken off before anything was attached to it.
    Nothing,
    /// State of our layout.
    Ours,
}

/// Looks at what is pinned, and refuses what cannot be understood.
pub(crate) fn look(pins: &Pins) -> Result<Found, OpenError> {
    if !nix::unistd::geteuid().is_root() {
        return Err(OpenError::NotRoot);
    }
    if !Path::new(KERNEL_TYPES).exists() {
        return Err(OpenError::NoTypes(KERNEL_TYPES.into()));
    }
    let directory = |error| OpenError::Directory(pins.root().to_owned(), error);
    if !pins.is_in_bpffs().map_err(directory)? {
        return Err(OpenError::NotBpffs(pins.root().to_owned()));
    }
    let path = pins.map("pw_about");
    if !path.exists() {
        return Ok(Found::Nothing);
    }
    let about = open_pinned(&path).map_err(|source| pinned("pw_about", source))?;
    // The layout stands first in every version, whatever else `about` holds.
    let found = match about.value_bytes as usize {
        bytes if bytes == size_of::<abi::About>() => about
            .look_up::<u32, abi::About>(&0)
            .map_err(|source| pinned("pw_about", source))?
            .map_or(0, |about| about.layout),
        _ => u32::MAX,
    };
    match found {
        0 => Ok(Found::Nothing),
        abi::LAYOUT => Ok(Found::Ours),
        found => Err(OpenError::LayoutUnknown { found, ours: abi::LAYOUT }),
    }
}

/// Opens a pinned map.
pub(crate) fn open_pinned(path: &Path) -> io::Result<Map> {
    let handle = libbpf_rs::MapHandle::from_pinned_path(path).map_err(into_io)?;
    Map::new(handle.as_fd().try_clone_to_owned()?)
}

/// Loads programs over new maps of these sizes, and pins the maps. `about` says nothing yet.
pub(crate) fn load_fresh(settings: &Settings, pins: &Pins) -> Result<Object, OpenError> {
    let directory = |error| OpenError::Directory(pins.root().to_owned(), error);
    pins.clear().map_err(directory)?;
    pins.make().map_err(directory)?;
    let mut object = open_object()?;
    size_maps(&mut object, &settings.capacity)?;
    write_settings(&mut object)?;
    let mut object = load(object)?;
    for mut map in object.maps_mut() {
        let name = map.name().to_string_lossy().into_owned();
        if is_pinned(&name) {
            map.pin(pins.map(&name)).map_err(|error| pinned(&name, into_io(error)))?;
        }
    }
    Ok(object)
}

/// Makes every counter free but 0, which is for what finds none.
pub(crate) fn fill(free: &Map) -> Result<(), OpenError> {
    let mut numbers = 1..free.capacity;
    numbers.try_for_each(|number| free.push(&number)).map_err(|e| pinned("pw_counters_free", e))
}

/// Says that pinned state is whole, and of which layout.
pub(crate) fn sign(about: &Map, made: u64) -> Result<(), OpenError> {
    let value = abi::About { layout: abi::LAYOUT, pad: 0, made };
    about.update(&0u32, &value, Expect::Any).map_err(|source| pinned("pw_about", source))
}

/// Loads programs over the maps that are pinned.
pub(crate) fn load_over(pins: &Pins) -> Result<Object, OpenError> {
    let mut object = open_object()?;
    for mut map in object.maps_mut() {
        let name = map.name().to_string_lossy().into_owned();
        if !is_pinned(&name) {
            continue;
        }
        let found = open_pinned(&pins.map(&name))
            .map_err(|error| OpenError::Damaged(format!("map `{name}`: {error}")))?;
        if (found.key_bytes, found.value_bytes) != (map.key_size(), map.value_size()) {
            return Err(OpenError::Damaged(format!("map `{name}` has elements of another size")));
        }
        map.reuse_fd(found.descriptor()).map_err(|error| pinned(&name, into_io(error)))?;
    }
    write_settings(&mut object)?;
    load(object)
}

/// Whether a map of the object is pinned: all but the object's own sections.
fn is_pinned(name: &str) -> bool {
    name.starts_with("pw_")
}

fn open_object() -> Result<OpenObject, OpenError> {
    libbpf_rs::set_print(Some((PrintLevel::Warn, |_, words| {
        let mut log = LOG.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        log.push_str(&words);
    })));
    LOG.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clear();
    ObjectBuilder::default().open_memory(crate::OBJECT).map_err(refused)
}

fn load(mut object: OpenObject) -> Result<Object, OpenError> {
    for mut program in object.progs_mut() {
        let supported = match program.prog_type() {
            ProgramType::Netfilter => ProgramType::Netfilter.is_supported().unwrap_or(false),
            _ => true,
        };
        program.set_autoload(supported);
    }
    object.load().map_err(refused)
}

fn size_maps(object: &mut OpenObject, capacity: &Capacity) -> Result<(), OpenError> {
    for mut map in object.maps_mut() {
        let name = map.name().to_string_lossy().into_owned();
        let entries = match name.as_str() {
            "pw_slots" | "pw_quotas" | "pw_opened" => capacity.slots,
            "pw_devices" | "pw_slot_names" => capacity.slots.saturating_mul(2),
            "pw_tables" => capacity.tables,
            "pw_rows" => capacity.rows,
            "pw_steps" => capacity.steps,
            "pw_addresses" => capacity.addresses,
            "pw_networks" => capacity.networks,
            "pw_endpoints" => capacity.own_addresses,
            "pw_services" => capacity.services,
            "pw_backends" => capacity.backends,
            "pw_connections" => capacity.connections,
            "pw_fragments" => capacity.fragments,
            "pw_counter_ids" | "pw_counters" | "pw_counters_free" => capacity.counters,
            "pw_events" => capacity.ring_bytes,
            "pw_rules" => capacity.rule_names,
            "pw_identities" => capacity.identity_names,
            _ => continue,
        };
        map.set_max_entries(entries).map_err(|error| pinned(&name, into_io(error)))?;
    }
    Ok(())
}

/// Writes the object's settings: how to read the node's own conntrack entries, found by looking for
/// the kernel's function.
fn write_settings(object: &mut OpenObject) -> Result<(), OpenError> {
    let nat = if kernel_can_cast() { abi::NAT_CAST } else { abi::NAT_PROBE };
    let settings = abi::Settings { nat };
    let mut sections =
        object.maps_mut().filter(|map| map.name().to_string_lossy() == SETTINGS_SECTION);
    let mut section = sections.next().expect("the object has a section of settings");
    let value = section.initial_value_mut().expect("a section has a value");
    value[..size_of::<abi::Settings>()].copy_from_slice(settings.as_bytes());
    Ok(())
}

fn kernel_can_cast() -> bool {
    Btf::from_vmlinux()
        .is_ok_and(|types| types.type_by_name::<Func<'_>>("bpf_cast_to_kern_ctx").is_some())
}

fn refused(source: libbpf_rs::Error) -> OpenError {
    match source.kind() {
        ErrorKind::OutOfMemory => OpenError::NoMemory(source),
        ErrorKind::PermissionDenied if !nix::unistd::geteuid().is_root() => OpenError::NotRoot,
        _ => {
            let log = LOG.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let mut start = log.len().saturating_sub(LOG_BYTES);
            while !log.is_char_boundary(start) {
                start += 1;
            }
            OpenError::Load { log: log[start..].trim().to_owned(), source }
        }
    }
}

/// The error of one pinned thing.
pub(crate) fn pinned(what: &str, source: io::Error) -> OpenError {
    OpenError::Pinned { what: what.to_owned(), source }
}

/// libbpf's error as one of the system.
pub(crate) fn into_io(error: libbpf_rs::Error) -> io::Error {
    io::Error::other(error)
}

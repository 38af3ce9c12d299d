//! Which namespace is behind an interface of the node, for workloads that are known by the
//! interface alone: the one that the other end of its veth is in, if anybody has it open by a name
//! or lives in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::namespace::{DIRECTORY, Namespace};
use crate::network::{Network, NetworkError};

/// The namespaces behind these interfaces. An interface that is no end of a veth, and one whose
/// other end is in a namespace without name and process, has none.
pub fn namespaces_behind(
    node: &Namespace,
    interfaces: &BTreeSet<u32>,
) -> Result<BTreeMap<u32, PathBuf>, NetworkError> {
    let mut found = BTreeMap::new();
    if interfaces.is_empty() {
        return Ok(found);
    }
    let network = Network::open(node)?;
    let veths = network.links()?.into_iter().filter(|link| link.kind == "veth");
    let mut sought: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
    for link in veths.filter(|link| interfaces.contains(&link.index)) {
        if let Some(number) = link.peer_namespace {
            sought.entry(number).or_default().push(link.index);
        }
    }
    let mut known = BTreeSet::new();
    for path in candidates() {
        if found.len() == sought.values().map(Vec::len).sum::<usize>() {
            break;
        }
        // What ends meanwhile is nobody's namespace any more.
        let Ok(inode) = fs::metadata(&path).map(|data| data.ino()) else { continue };
        if !known.insert(inode) {
            continue;
        }
        let Ok(namespace) = Namespace::open(&path) else { continue };
        let behind = network.id_of(&namespace)?.and_then(|number| sought.get(&number));
        for index in behind.into_iter().flatten() {
            found.insert(*index, path.clone());
        }
    }
    Ok(found)
}

/// Where namespaces are found: by name first, since a name outlives a process.
fn candidates() -> impl Iterator<Item = PathBuf> {
    let entries = |directory: &str| fs::read_dir(Path::new(directory)).into_iter().flatten();
    let named = entries(DIRECTORY).filter_map(|entry| Some(entry.ok()?.path()));
    let lived_in = entries("/proc").filter_map(|entry| {
        let name = entry.ok()?.file_name();
        let is_process = name.to_str()?.bytes().all(|byte| byte.is_ascii_digit());
        is_process.then(|| Path::new("/proc").join(name).join("ns/net"))
    });
    named.chain(lived_in)
}

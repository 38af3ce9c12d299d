//! Where workloads meet the node, asked of the machine. Blocks; called on threads that may.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use podwall_host::{Attachment, Namespace, Outside, Wire, namespaces_behind, wire};
use podwall_model::WorkloadName;
use podwall_wire::node::{self, Place};

use crate::event::{Delivered, Places, WireOf};

/// The device of each workload on the node, or why there is none.
pub(crate) fn locate(node: &Namespace, attachments: &[node::Attachment]) -> Places {
    let outside = Outside::read(node).map_err(|cause| in_full(&cause));
    let find = |attachment: &node::Attachment| {
        let place = match &attachment.place {
            Place::Netns(path) => Attachment::Netns(path.clone()),
            Place::Interface(name) => Attachment::Interface(name.clone()),
        };
        let found = match &outside {
            Ok(outside) => place.resolve(outside).map_err(|cause| in_full(&cause)),
            Err(why) => Err(why.clone()),
        };
        (WorkloadName::from(attachment.workload.clone()), found)
    };
    let mut places: Places = attachments.iter().map(find).collect();
    refuse_shared(&mut places);
    places
}

/// Two workloads cannot be told apart behind one device: neither is held then.
fn refuse_shared(places: &mut Places) {
    let mut behind: BTreeMap<u32, Vec<WorkloadName>> = BTreeMap::new();
    for (workload, place) in places.iter() {
        if let Ok(index) = place {
            behind.entry(*index).or_default().push(workload.clone());
        }
    }
    for sharing in behind.into_values().filter(|sharing| sharing.len() > 1) {
        for (index, workload) in sharing.iter().enumerate() {
            let other = &sharing[usize::from(index == 0)];
            let why = format!(
                "two workloads on one interface: `{workload}` and `{other}`, hint: give each an \
                 interface of its own"
            );
            places.insert(workload.clone(), Err(why));
        }
    }
}

/// The namespaces behind devices, looked for on a thread of its own: this may be one that must not
/// block on the kernel's answers.
pub(crate) fn behind(
    node: &Namespace,
    interfaces: &BTreeSet<u32>,
) -> Result<BTreeMap<u32, PathBuf>, String> {
    let look = || namespaces_behind(node, interfaces).map_err(|cause| in_full(&cause));
    std::thread::scope(|scope| scope.spawn(look).join())
        .unwrap_or_else(|_| Err("the look at namespaces broke off".to_owned()))
}

/// What both ends of these wires counted. One whose other end nobody knows is left out.
pub(crate) fn compare(node: &Namespace, wires: Vec<WireOf>) -> Result<Vec<Delivered>, String> {
    let unknown = wires.iter().filter(|(_, namespace, _)| namespace.is_none());
    let mut behind = behind(node, &unknown.map(|(.., interface)| *interface).collect())?;
    let (workloads, wires): (Vec<WorkloadName>, Vec<Wire>) = wires
        .into_iter()
        .filter_map(|(workload, namespace, interface)| {
            let namespace = namespace.or_else(|| behind.remove(&interface))?;
            Some((workload, Wire { namespace, interface }))
        })
        .unzip();
    let ends = wire::compare(node, &wires).map_err(|cause| in_full(&cause))?;
    let delivered = workloads.into_iter().zip(ends).filter_map(|(workload, ends)| {
        let ends = ends?;
        Some(Delivered { workload, received: ends.received, sent: ends.sent })
    });
    Ok(delivered.collect())
}

/// An error with its causes, in one line.
pub(crate) fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        // `transparent` errors repeat what they hold.
        if !text.ends_with(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::name;

    #[test]
    fn two_workloads_on_one_interface_are_both_refused() {
        let mut places: Places =
            [(name("a"), Ok(3)), (name("b"), Ok(3)), (name("c"), Ok(4))].into();
        refuse_shared(&mut places);
        assert!(places[&name("a")].is_err() && places[&name("b")].is_err());
        assert_eq!(places[&name("c")], Ok(4));
    }
}

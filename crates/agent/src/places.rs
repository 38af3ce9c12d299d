//! Where workloads meet the node, asked of the machine. Blocks; called on threads that may.

use std::path::PathBuf;

use podwall_host::{Attachment, Namespace, Wire, wire};
use podwall_model::WorkloadName;
use podwall_wire::node::{self, Place};

use crate::event::{Delivered, Places};

/// The device of each workload on the node, or why there is none.
pub(crate) fn locate(node: &Namespace, attachments: &[node::Attachment]) -> Places {
    let find = |attachment: &node::Attachment| {
        let place = match &attachment.place {
            Place::Netns(path) => Attachment::Netns(path.clone()),
            Place::Interface(name) => Attachment::Interface(name.clone()),
        };
        let found = place.resolve(node).map_err(|cause| in_full(&cause));
        (WorkloadName::from(attachment.workload.clone()), found)
    };
    let mut places: Places = attachments.iter().map(find).collect();
    refuse_shared(&mut places);
    places
}

/// Two workloads cannot be told apart behind one device: neither is held then.
fn refuse_shared(places: &mut Places) {
    let found: Vec<(WorkloadName, u32)> =
        places.iter().filter_map(|(w, p)| Some((w.clone(), *p.as_ref().ok()?))).collect();
    for (workload, index) in &found {
        let other = found.iter().find(|(other, same)| same == index && other != workload);
        if let Some((other, _)) = other {
            let why = format!(
                "two workloads on one interface: `{workload}` and `{other}`, hint: give each an \
                 interface of its own"
            );
            places.insert(workload.clone(), Err(why));
        }
    }
}

/// What both ends of these wires counted.
pub(crate) fn compare(
    node: &Namespace,
    wires: Vec<(WorkloadName, PathBuf, u32)>,
) -> Result<Vec<Delivered>, String> {
    let (workloads, wires): (Vec<WorkloadName>, Vec<Wire>) = wires
        .into_iter()
        .map(|(workload, namespace, interface)| (workload, Wire { namespace, interface }))
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

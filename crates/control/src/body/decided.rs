//! What each rule decided, for ticks: so that whoever listens can carry its numbers on without
//! asking again.

use std::collections::BTreeMap;

use podwall_ledger::{Added, Key};
use podwall_wire::rest::{GroupStats, Totals, VerdictCounts};

use super::map::count as add;
use super::policy::deciders;
use super::workload::Holds;

/// Packets and bytes of one reading by rule, or by policy where it only isolates; what decided
/// nothing is left out.
pub(crate) fn decided<'a>(
    holds: &Holds,
    added: impl Iterator<Item = (&'a Key, &'a Added)>,
) -> Vec<GroupStats> {
    let mut decided: BTreeMap<&str, Totals> = BTreeMap::new();
    for (key, added) in added {
        let names = match &key.rule {
            Some(rule) => vec![rule.rule.as_str()],
            None => deciders(holds, key),
        };
        for name in names {
            let totals = decided.entry(name).or_default();
            add(&mut totals.packets, key.verdict, added.packets);
            add(&mut totals.bytes, key.verdict, added.bytes);
        }
    }
    let groups = decided.into_iter().map(|(name, Totals { packets, bytes })| GroupStats {
        name: name.to_owned(),
        packets,
        bytes,
        ..GroupStats::default()
    });
    groups.filter(|group| group.packets != VerdictCounts::default()).collect()
}

//! What each rule decided, for ticks: so that whoever listens can carry its numbers on without
//! asking again.

use std::collections::BTreeMap;

use podwall_ledger::{Count, Key};
use podwall_wire::rest::{GroupStats, Totals, VerdictCounts};

use super::map::count as add;
use super::policy::deciders;
use super::workload::Holds;

/// Packets and bytes since the start, by rule, or by policy where it only isolates.
#[derive(Debug, Default)]
pub(crate) struct Decided(BTreeMap<String, Totals>);

impl Decided {
    /// As the counters stand.
    pub(crate) fn of<'a>(
        holds: &Holds,
        counters: impl Iterator<Item = (&'a Key, &'a Count)>,
    ) -> Decided {
        let mut decided = Decided::default();
        for (key, count) in counters {
            let names = match &key.rule {
                Some(rule) => vec![rule.rule.as_str()],
                None => deciders(holds, key),
            };
            for name in names {
                let totals = decided.0.entry(name.to_owned()).or_default();
                add(&mut totals.packets, key.verdict, count.packets);
                add(&mut totals.bytes, key.verdict, count.bytes);
            }
        }
        decided
    }

    /// What came since `before`; what decided nothing is left out.
    pub(crate) fn since(self, before: &Decided) -> Vec<GroupStats> {
        let grown = self.0.into_iter().map(|(name, now)| {
            let then = before.0.get(&name).copied().unwrap_or_default();
            let packets = difference(now.packets, then.packets);
            let bytes = difference(now.bytes, then.bytes);
            GroupStats { name, packets, bytes, ..GroupStats::default() }
        });
        grown.filter(|group| group.packets != VerdictCounts::default()).collect()
    }
}

fn difference(now: VerdictCounts, then: VerdictCounts) -> VerdictCounts {
    VerdictCounts {
        forwarded: now.forwarded.saturating_sub(then.forwarded),
        would_drop: now.would_drop.saturating_sub(then.would_drop),
        dropped: now.dropped.saturating_sub(then.dropped),
    }
}

//! Whether the kernel's tables would hold what the policies come to, in the world that was given.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use podwall_policy::compile::resolve_all;
use podwall_policy::identity::Identities;
use podwall_policy::table::{Half, Row, Table};

use super::{Desk, Finding, catalog};

/// How much the tables of one node hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Peers with a row of their own, over all tables.
    pub rows: usize,
    /// Decisions of all rows, equal rows once.
    pub steps: usize,
    /// Exact addresses.
    pub addresses: usize,
    /// Address ranges that policies name.
    pub networks: usize,
}

/// Policy sets that a node would refuse, said at the policy with the most rules.
pub(super) fn too_big(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let (Some(world), Some(limits)) = (desk.around.world, desk.around.limits) else { return };
    let mut identities = Identities::default();
    let compiled = resolve_all(desk.policies, world, &desk.around.options, &mut identities);
    let mut tables: BTreeMap<*const Table, &Arc<Table>> = BTreeMap::new();
    for class in compiled.classes.values() {
        for table in [&class.enforce, &class.both] {
            tables.insert(Arc::as_ptr(table), table);
        }
    }
    let halves = || tables.values().flat_map(|table| [&table.ingress, &table.egress]);
    let rows: usize = halves().map(|half| half.rows.len() + 1).sum();
    let mut seen: HashSet<*const Row> = HashSet::new();
    let mut new = |row: &Arc<Row>| seen.insert(Arc::as_ptr(row)).then(|| row.steps().len());
    let steps: usize =
        halves().flat_map(|half| rows_of(half).filter_map(&mut new).collect::<Vec<_>>()).sum();
    let sizes = [
        ("rows", rows, limits.rows),
        ("steps", steps, limits.steps),
        ("addresses", compiled.resolved.addresses.len(), limits.addresses),
        ("ranges", compiled.resolved.networks.len(), limits.networks),
    ];
    let biggest = desk.sheets.iter().max_by_key(|sheet| sheet.policy.map_or(0, |p| p.rules.len()));
    let Some(sheet) = biggest else { return };
    for (what, size, limit) in sizes.into_iter().filter(|(_, size, limit)| size > limit) {
        let message =
            format!("too big for the tables of a node: `{size} {what}`, which holds {limit}");
        let help = "a node refuses the set and keeps the one before; this policy has the most \
                    rules: fewer ranges, or selectors that tell fewer peers apart";
        found.push(desk.find(sheet, catalog::TOO_BIG, sheet.span, (message, help)));
    }
}

fn rows_of(half: &Half) -> impl Iterator<Item = &Arc<Row>> {
    half.rows.values().chain([&half.fallback])
}

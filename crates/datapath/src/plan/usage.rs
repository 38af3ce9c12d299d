//! How much of each map a state takes, and whether that fits.

use crate::mirror::Mirror;
use crate::settings::Capacity;

/// A map is too small for what is wanted. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "does not fit into the kernel: `{what}`, needed {needed}, capacity {capacity}, hint: raise the capacity, or let fewer policies, workloads or services be in force"
)]
pub struct TooLarge {
    /// Which of the capacities.
    pub what: &'static str,
    /// How much is needed while the change is made, old and new together.
    pub needed: u64,
    /// How much there is.
    pub capacity: u64,
}

/// The elements that each map needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    slots: u64,
    tables: u64,
    rows: u64,
    steps: u64,
    addresses: u64,
    networks: u64,
    own_addresses: u64,
    services: u64,
    backends: u64,
    rule_names: u64,
    identity_names: u64,
}

impl Usage {
    /// What this state takes.
    pub(super) fn of(mirror: &Mirror) -> Usage {
        let past = |last: Option<&u32>| last.map_or(0, |last| u64::from(*last) + 1);
        Usage {
            slots: past(mirror.slots.keys().next_back()),
            tables: past(mirror.tables.keys().next_back()),
            rows: mirror.sizes.rows,
            steps: u64::from(mirror.steps.end()),
            addresses: mirror.addresses.len() as u64,
            networks: mirror.networks.len() as u64,
            own_addresses: mirror.sizes.own_addresses,
            services: mirror.services.len() as u64,
            backends: u64::from(mirror.backends.end()),
            rule_names: mirror.sizes.rule_names,
            identity_names: mirror.sizes.identity_names,
        }
    }

    /// The larger of both, map by map.
    pub(super) fn max(self, other: Usage) -> Usage {
        Usage {
            slots: self.slots.max(other.slots),
            tables: self.tables.max(other.tables),
            rows: self.rows.max(other.rows),
            steps: self.steps.max(other.steps),
            addresses: self.addresses.max(other.addresses),
            networks: self.networks.max(other.networks),
            own_addresses: self.own_addresses.max(other.own_addresses),
            services: self.services.max(other.services),
            backends: self.backends.max(other.backends),
            rule_names: self.rule_names.max(other.rule_names),
            identity_names: self.identity_names.max(other.identity_names),
        }
    }

    /// The first map that is too small, if one is.
    pub(super) fn check(self, capacity: &Capacity) -> Result<(), TooLarge> {
        let maps = [
            ("slots", self.slots, capacity.slots),
            ("tables", self.tables, capacity.tables),
            ("rows", self.rows, capacity.rows),
            ("steps", self.steps, capacity.steps),
            ("addresses", self.addresses, capacity.addresses),
            ("networks", self.networks, capacity.networks),
            ("own addresses", self.own_addresses, capacity.own_addresses),
            ("services", self.services, capacity.services),
            ("backends", self.backends, capacity.backends),
            ("rule names", self.rule_names, capacity.rule_names),
            ("identity names", self.identity_names, capacity.identity_names),
        ];
        for (what, needed, capacity) in maps {
            let capacity = u64::from(capacity);
            if needed > capacity {
                return Err(TooLarge { what, needed, capacity });
            }
        }
        Ok(())
    }
}

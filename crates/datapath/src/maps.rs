//! All maps of the object, each opened once.

use std::os::fd::AsFd;

use libbpf_rs::{MapCore, Object};

use crate::load::{OpenError, pinned};
use crate::map::Map;
use crate::mapped::Mapped;
use crate::settings::Capacity;

/// The maps, named as in `bpf/maps.h` without the prefix.
#[derive(Debug)]
pub(crate) struct Maps {
    pub(crate) about: Map,
    pub(crate) slots: Mapped,
    pub(crate) quotas: Mapped,
    pub(crate) opened: Map,
    pub(crate) tables: Map,
    pub(crate) rows: Map,
    pub(crate) steps: Mapped,
    pub(crate) addresses: Map,
    pub(crate) networks: Map,
    pub(crate) devices: Map,
    pub(crate) endpoints: Map,
    pub(crate) services: Map,
    pub(crate) backends: Mapped,
    pub(crate) connections: Map,
    pub(crate) counter_ids: Map,
    pub(crate) counters: Map,
    pub(crate) counters_free: Map,
    pub(crate) hands: Map,
    pub(crate) events: Map,
    pub(crate) event_counts: Map,
    pub(crate) rules: Map,
    pub(crate) identities: Map,
    pub(crate) slot_names: Map,
    pub(crate) sizes: MapSizes,
}

/// How much the arrays that are only mapped hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MapSizes {
    pub(crate) slots: u32,
    pub(crate) steps: u32,
    pub(crate) backends: u32,
}

impl Maps {
    /// The sizes of the maps as they were made; `asked` for what only a fresh load decides.
    pub(crate) fn capacity(&self, asked: Capacity) -> Capacity {
        Capacity {
            slots: self.sizes.slots,
            tables: self.tables.capacity,
            rows: self.rows.capacity,
            steps: self.sizes.steps,
            addresses: self.addresses.capacity,
            networks: self.networks.capacity,
            own_addresses: self.endpoints.capacity,
            services: self.services.capacity,
            backends: self.sizes.backends,
            connections: self.connections.capacity,
            counters: self.counters.capacity,
            ring_bytes: self.events.capacity,
            rule_names: self.rules.capacity,
            identity_names: self.identities.capacity,
            ..asked
        }
    }

    /// The maps of a loaded object.
    pub(crate) fn of(object: &Object) -> Result<Maps, OpenError> {
        let open = |name: &str| -> Result<Map, OpenError> {
            let full = format!("pw_{name}");
            let map = object
                .maps()
                .find(|map| map.name().to_string_lossy() == full)
                .unwrap_or_else(|| panic!("the object has a map `{full}`"));
            let descriptor = map.as_fd().try_clone_to_owned();
            descriptor.and_then(Map::new).map_err(|source| pinned(&full, source))
        };
        let mapped = |name: &str| -> Result<(Mapped, u32), OpenError> {
            let map = open(name)?;
            let view = Mapped::new(&map).map_err(|source| pinned(name, source))?;
            Ok((view, map.capacity))
        };
        let (slots, slots_size) = mapped("slots")?;
        let (quotas, _) = mapped("quotas")?;
        let (steps, steps_size) = mapped("steps")?;
        let (backends, backends_size) = mapped("backends")?;
        Ok(Maps {
            about: open("about")?,
            slots,
            quotas,
            opened: open("opened")?,
            tables: open("tables")?,
            rows: open("rows")?,
            steps,
            addresses: open("addresses")?,
            networks: open("networks")?,
            devices: open("devices")?,
            endpoints: open("endpoints")?,
            services: open("services")?,
            backends,
            connections: open("connections")?,
            counter_ids: open("counter_ids")?,
            counters: open("counters")?,
            counters_free: open("counters_free")?,
            hands: open("hands")?,
            events: open("events")?,
            event_counts: open("event_counts")?,
            rules: open("rules")?,
            identities: open("identities")?,
            slot_names: open("slot_names")?,
            sizes: MapSizes { slots: slots_size, steps: steps_size, backends: backends_size },
        })
    }
}

//! Compares what the kernel holds with what this process believes it holds, for tests.

use std::collections::BTreeMap;
use std::fmt::Debug;

use podwall_model::Direction;

use crate::adopt;
use crate::datapath::Datapath;
use crate::load::OpenError;
use crate::mirror::Mirror;

impl Datapath {
    /// Every difference between the kernel and this process's picture of it, in words. Must run in
    /// the network namespace of the node.
    pub fn verify(&self) -> Result<Vec<String>, OpenError> {
        let found = adopt::read(&self.kernel.maps, &self.kernel.hooks)?;
        let mut differences = Vec::new();
        let (found, believed) = (Picture::of(&found), Picture::of(&self.mirror));
        compare("rules", &found.rules, &believed.rules, &mut differences);
        compare("identities", &found.identities, &believed.identities, &mut differences);
        compare("tables", &found.tables, &believed.tables, &mut differences);
        compare("slots", &found.slots, &believed.slots, &mut differences);
        compare("addresses", &found.addresses, &believed.addresses, &mut differences);
        compare("services", &found.services, &believed.services, &mut differences);
        Ok(differences)
    }
}

/// A mirror in words, wherever its runs lie.
struct Picture {
    rules: BTreeMap<String, String>,
    identities: BTreeMap<String, String>,
    tables: BTreeMap<String, String>,
    slots: BTreeMap<String, String>,
    addresses: BTreeMap<String, String>,
    services: BTreeMap<String, String>,
}

impl Picture {
    fn of(mirror: &Mirror) -> Picture {
        let mut tables = BTreeMap::new();
        for (number, table) in &mirror.tables {
            for direction in Direction::BOTH {
                let half = crate::mirror::half(direction);
                let head = table.heads[half];
                let steps = mirror.steps.content(head.fallback);
                let text = format!("{:?} {steps:?}", head.isolation);
                tables.insert(format!("{number} {direction}"), text);
                for (peer, span) in &table.rows[half] {
                    let steps = mirror.steps.content(*span);
                    tables.insert(format!("{number} {direction} {}", peer.0), format!("{steps:?}"));
                }
            }
        }
        let addresses = mirror.addresses.iter().map(|(k, v)| (k.to_string(), v.0.to_string()));
        let networks = mirror.networks.iter().map(|(k, v)| (k.to_string(), v.0.to_string()));
        let services = mirror.services.iter();
        Picture {
            rules: in_words(&mirror.rules),
            identities: in_words(&mirror.identities),
            tables,
            slots: in_words(&mirror.slots),
            addresses: addresses.chain(networks).collect(),
            services: services
                .map(|(k, v)| (format!("{k:?}"), format!("{:?}", mirror.backends.content(*v))))
                .collect(),
        }
    }
}

fn in_words<K: Debug, V: Debug>(map: &BTreeMap<K, V>) -> BTreeMap<String, String> {
    map.iter().map(|(key, value)| (format!("{key:?}"), format!("{value:?}"))).collect()
}

fn compare(
    what: &str,
    found: &BTreeMap<String, String>,
    believed: &BTreeMap<String, String>,
    differences: &mut Vec<String>,
) {
    for (key, value) in found {
        match believed.get(key) {
            Some(other) if other == value => {}
            other => differences.push(format!("{what}: {key}: found {value}, believed {other:?}")),
        }
    }
    for key in believed.keys().filter(|key| !found.contains_key(*key)) {
        differences.push(format!("{what}: {key}: not found"));
    }
}

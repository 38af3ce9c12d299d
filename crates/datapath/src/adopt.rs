//! Reads the mirror back from pinned maps: what an earlier process wrote, named by itself.
//!
//! What a broken-off change left over (tables that no slot names, steps that no row names) is read
//! like everything else; the next plan finds it unused and takes it away.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::mem::offset_of;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use podwall_model::{Address, Cidr, Direction, Protocol, WorkloadName};
use podwall_policy::table::IdentityNumber;
use zerocopy::FromBytes;

use crate::abi;
use crate::hooks::Hooking;
use crate::load::{OpenError, pinned};
use crate::map::Map;
use crate::mapped::Mapped;
use crate::maps::Maps;
use crate::mirror::{Hooks, Mirror, Slot};
use crate::name;
use crate::rule_text;
use crate::span::Span;
use crate::wanted::{Backend, Frontend};
use crate::write::{HalfHead, Isolation, RowPlace, Word, Write};

/// What the pinned maps hold.
pub(crate) fn read(maps: &Maps, hooks: &Hooking) -> Result<Mirror, OpenError> {
    let mut mirror = Mirror::empty();
    read_names(maps, &mut mirror)?;
    read_slots(maps, hooks, &mut mirror)?;
    read_tables(maps, &mut mirror)?;
    read_addresses(maps, &mut mirror)?;
    read_services(maps, &mut mirror)?;
    Ok(mirror)
}

fn names(map: &Map, what: &str) -> Result<BTreeMap<u32, String>, OpenError> {
    let elements = map.all::<abi::NameKey, abi::Name>().map_err(|error| pinned(what, error))?;
    Ok(name::assemble(elements).0)
}

fn read_names(maps: &Maps, mirror: &mut Mirror) -> Result<(), OpenError> {
    for (number, text) in names(&maps.rules, "pw_rules")? {
        match rule_text::parse(&text) {
            Some(rule) => mirror.name_rule(number, &Arc::new(rule)),
            None => return Err(OpenError::Damaged(format!("rule {number} is named `{text}`"))),
        }
    }
    for (number, text) in names(&maps.identities, "pw_identities")? {
        mirror.note(&Write::NameIdentity { number: IdentityNumber(number), text });
    }
    Ok(())
}

fn read_slots(maps: &Maps, hooks: &Hooking, mirror: &mut Mirror) -> Result<(), OpenError> {
    for (slot, text) in names(&maps.slot_names, "pw_slot_names")? {
        let Some((namespace, name)) = text.split_once('/') else {
            return Err(OpenError::Damaged(format!("slot {slot} is named `{text}`")));
        };
        if slot >= maps.sizes.slots {
            return Err(OpenError::Damaged(format!("slot {slot} is out of bounds")));
        }
        let found = Slot {
            workload: WorkloadName { namespace: namespace.into(), name: name.into() },
            interface: 0,
            addresses: BTreeSet::new(),
            word: word(maps.slots.word(slot, 0).load(Ordering::Relaxed)),
            limit: maps
                .quotas
                .half_word(slot, offset_of!(abi::Quota, limit))
                .load(Ordering::Relaxed),
            hooks: Hooks::Missing,
        };
        mirror.generation = mirror.generation.max(found.word.generation);
        mirror.slots.insert(slot, found);
    }
    let devices = maps.devices.all::<u32, abi::Device>();
    for (interface, device) in devices.map_err(|error| pinned("pw_devices", error))? {
        if let Some(slot) = mirror.slots.get_mut(&device.slot) {
            slot.interface = interface;
        }
    }
    let own = maps.endpoints.all::<abi::Bytes, abi::Endpoint>();
    for (address, endpoint) in own.map_err(|error| pinned("pw_endpoints", error))? {
        if let Some(slot) = mirror.slots.get_mut(&endpoint.slot) {
            slot.addresses.insert(Address(address));
            mirror.sizes.own_addresses += 1;
        }
    }
    look_at_hooks(hooks, mirror).map_err(|error| pinned("links", error))
}

/// Looks which interfaces still have their hooks.
pub(crate) fn look_at_hooks(hooks: &Hooking, mirror: &mut Mirror) -> io::Result<()> {
    for slot in mirror.slots.values_mut() {
        slot.hooks = match hooks.is_attached(slot.interface)? {
            true => Hooks::Attached,
            false => Hooks::Missing,
        };
    }
    Ok(())
}

fn word(packed: u64) -> Word {
    let abi::SlotWord { generation, both, enforce } = abi::SlotWord::unpack(packed);
    Word { enforce, both, generation }
}

fn read_tables(maps: &Maps, mirror: &mut Mirror) -> Result<(), OpenError> {
    let named = mirror.named_tables();
    let heads = maps.tables.all::<u32, abi::Table>();
    for (number, table) in heads.map_err(|error| pinned("pw_tables", error))? {
        if table != abi::Table::default() || named.contains(&number) {
            let halves = head(table);
            for half in halves {
                hold_steps(maps, mirror, half.fallback)?;
            }
            mirror.note(&Write::Head { table: number, halves });
        }
    }
    let rows = maps.rows.all::<abi::RowKey, abi::Row>();
    for (key, row) in rows.map_err(|error| pinned("pw_rows", error))? {
        let span = span(row.start, row.length);
        hold_steps(maps, mirror, span)?;
        let direction = match key.direction {
            0 => Direction::Egress,
            1 => Direction::Ingress,
            other => return Err(OpenError::Damaged(format!("a row of direction {other}"))),
        };
        let place = RowPlace { table: key.table, direction, peer: IdentityNumber(key.identity) };
        mirror.note(&Write::Row { place, span });
    }
    Ok(())
}

/// A table's head as plans speak of it.
pub(crate) fn head(table: abi::Table) -> [HalfHead; 2] {
    [0, 1].map(|half| HalfHead {
        fallback: span(table.fallback[half].start, table.fallback[half].length),
        isolation: match table.isolated[half] {
            0 => Isolation::Open,
            _ => Isolation::Isolated,
        },
    })
}

fn span(first: u32, count: u32) -> Span {
    if count == 0 { Span::EMPTY } else { Span { first, count } }
}

fn hold_steps(maps: &Maps, mirror: &mut Mirror, span: Span) -> Result<(), OpenError> {
    if mirror.steps.content(span).is_some() {
        return Ok(());
    }
    let steps = read_run::<abi::Step>(&maps.steps, span, maps.sizes.steps);
    match steps {
        Some(steps) if mirror.steps.hold(span, &steps) => Ok(()),
        Some(_) | None => Err(OpenError::Damaged(format!("steps at {span:?}"))),
    }
}

/// A run of an array's elements; `None` where it does not lie inside.
pub(crate) fn read_run<T: FromBytes>(array: &Mapped, span: Span, size: u32) -> Option<Arc<[T]>> {
    let end = span.first.checked_add(span.count).filter(|end| *end <= size)?;
    (span.first..end).map(|index| T::read_from_bytes(&array.read(index)).ok()).collect()
}

fn read_addresses(maps: &Maps, mirror: &mut Mirror) -> Result<(), OpenError> {
    let addresses = maps.addresses.all::<abi::Bytes, u32>();
    let addresses = addresses.map_err(|error| pinned("pw_addresses", error))?;
    let identified = |(address, identity)| (Address(address), IdentityNumber(identity));
    mirror.addresses = Arc::new(addresses.into_iter().map(identified).collect());
    let networks = maps.networks.all::<abi::Network, u32>();
    for (network, identity) in networks.map_err(|error| pinned("pw_networks", error))? {
        let Some(cidr) = cidr(network) else {
            return Err(OpenError::Damaged(format!("a range of prefix {}", network.prefix)));
        };
        mirror.networks.insert(cidr, IdentityNumber(identity));
    }
    Ok(())
}

/// A range as plans speak of it.
pub(crate) fn cidr(network: abi::Network) -> Option<Cidr> {
    let ip = Address(network.address).ip();
    let prefix = if ip.is_ipv4() { network.prefix.checked_sub(96)? } else { network.prefix };
    Cidr::around(ip, u8::try_from(prefix).ok()?)
}

fn read_services(maps: &Maps, mirror: &mut Mirror) -> Result<(), OpenError> {
    let services = maps.services.all::<abi::Frontend, abi::BackendsOf>();
    for (key, run) in services.map_err(|error| pinned("pw_services", error))? {
        let span = span(run.first, run.count);
        if mirror.backends.content(span).is_none() {
            let backends = read_run::<abi::Backend>(&maps.backends, span, maps.sizes.backends);
            let backends = backends.map(|run| run.iter().copied().map(backend).collect());
            let held = backends.is_some_and(|run: Arc<[_]>| mirror.backends.hold(span, &run));
            if !held {
                return Err(OpenError::Damaged(format!("backends at {span:?}")));
            }
        }
        mirror.note(&Write::Service { frontend: frontend(key), span });
    }
    Ok(())
}

/// A service's key as plans speak of it.
pub(crate) fn frontend(key: abi::Frontend) -> Frontend {
    Frontend {
        address: Address(key.address),
        port: key.port.get(),
        protocol: Protocol(key.protocol),
    }
}

fn backend(backend: abi::Backend) -> Backend {
    Backend { address: Address(backend.address), port: backend.port.get() }
}

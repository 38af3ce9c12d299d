//! Carries single writes out: each is one store, one system call or, for names and hooks, a few in
//! a fixed order.

use std::io;
use std::mem::offset_of;
use std::sync::atomic::Ordering;

use libbpf_rs::Object;
use podwall_model::{Address, Cidr};
use thiserror::Error;
use zerocopy::IntoBytes;
use zerocopy::byteorder::network_endian::U16;

use crate::abi;
use crate::hooks::Hooking;
use crate::map::Expect;
use crate::maps::Maps;
use crate::mirror::half;
use crate::name;
use crate::rule_text;
use crate::span::Span;
use crate::wanted::{Backend, Frontend};
use crate::write::{HalfHead, Isolation, RowPlace, Word, Write};

/// A write to the kernel that did not come about. Those before it are in force.
#[derive(Debug, Error)]
#[error("unable to write to the kernel: `{what}`")]
pub struct WriteError {
    /// What was to be written.
    pub what: String,
    /// The cause.
    #[source]
    pub source: io::Error,
}

/// The kernel, as something to write to.
#[derive(Debug)]
pub(crate) struct Kernel {
    /// Keeps the programs and maps open.
    _object: Object,
    pub(crate) maps: Maps,
    pub(crate) hooks: Hooking,
    pub(crate) fuse: Fuse,
}

/// Counts writes, and ends the process after the one that a kill test asks for.
#[derive(Debug)]
pub(crate) struct Fuse {
    pub(crate) writes: u64,
    pub(crate) limit: Option<u64>,
}

impl Fuse {
    /// One more write was done.
    pub(crate) fn burn(&mut self) {
        self.writes += 1;
        if self.limit.is_some_and(|limit| self.writes >= limit) {
            std::process::abort();
        }
    }
}

impl Kernel {
    /// A loaded object, its maps and where its programs go.
    pub(crate) fn new(object: Object, maps: Maps, hooks: Hooking, limit: Option<u64>) -> Kernel {
        Kernel { _object: object, maps, hooks, fuse: Fuse { writes: 0, limit } }
    }

    /// Does one write.
    pub(crate) fn write(&mut self, write: &Write) -> Result<(), WriteError> {
        let error = |source| WriteError { what: format!("{write:?}"), source };
        match write {
            Write::NameRule { .. }
            | Write::ForgetRule { .. }
            | Write::NameIdentity { .. }
            | Write::ForgetIdentity { .. }
            | Write::NameSlot { .. }
            | Write::ForgetSlot { .. } => return self.write_name(write).map_err(error),
            Write::Steps { .. }
            | Write::Head { .. }
            | Write::DropHead { .. }
            | Write::Row { .. }
            | Write::DropRow { .. } => self.write_table(write).map_err(error)?,
            Write::Quota { slot, limit } => {
                let place = offset_of!(abi::Quota, limit);
                self.maps.quotas.half_word(*slot, place).store(*limit, Ordering::Relaxed);
            }
            Write::Switch { slot, word } => {
                self.maps.slots.word(*slot, 0).store(packed(*word), Ordering::SeqCst);
            }
            Write::Device { .. }
            | Write::DropDevice { .. }
            | Write::Own { .. }
            | Write::Disown { .. }
            | Write::Address { .. }
            | Write::DropAddress { .. }
            | Write::Network { .. }
            | Write::DropNetwork { .. }
            | Write::Backends { .. }
            | Write::Service { .. }
            | Write::DropService { .. } => self.write_address(write).map_err(error)?,
            Write::Attach { interface, .. } => {
                self.hooks.attach(*interface, &mut self.fuse).map_err(error)?;
                return Ok(());
            }
            Write::Detach { interface, .. } => {
                self.hooks.detach(*interface, &mut self.fuse).map_err(error)?;
                return Ok(());
            }
            Write::Grace => wait_for_grace().map_err(error)?,
        }
        self.fuse.burn();
        Ok(())
    }

    fn write_name(&mut self, write: &Write) -> io::Result<()> {
        let (map, number, text) = match write {
            Write::NameRule { number, rule } => {
                (&self.maps.rules, *number, Some(rule_text::write(rule)))
            }
            Write::ForgetRule { number } => (&self.maps.rules, *number, None),
            Write::NameIdentity { number, text } => {
                (&self.maps.identities, number.0, Some(text.clone()))
            }
            Write::ForgetIdentity { number } => (&self.maps.identities, number.0, None),
            Write::NameSlot { slot, workload } => {
                (&self.maps.slot_names, *slot, Some(workload.to_string()))
            }
            Write::ForgetSlot { slot } => (&self.maps.slot_names, *slot, None),
            other => unreachable!("not about a name: `{other:?}`"),
        };
        match text {
            Some(text) => {
                for (key, part) in name::elements(number, &text) {
                    map.update(&key, &part, Expect::Any)?;
                    self.fuse.burn();
                }
            }
            None => {
                let mut part = 0;
                while map.delete(&abi::NameKey { number, part })? {
                    self.fuse.burn();
                    part += 1;
                }
            }
        }
        Ok(())
    }

    fn write_table(&self, write: &Write) -> io::Result<()> {
        match write {
            Write::Steps { span, steps } => {
                for (index, step) in (span.first..).zip(steps.iter()) {
                    self.maps.steps.fill(index, step.as_bytes());
                }
                Ok(())
            }
            Write::Head { table, halves } => {
                self.maps.tables.update(table, &head(*halves), Expect::Any)
            }
            Write::DropHead { table } => {
                self.maps.tables.update(table, &abi::Table::default(), Expect::Any)
            }
            Write::Row { place, span } => {
                self.maps.rows.update(&row_key(*place), &row(*span), Expect::Any)
            }
            Write::DropRow { place } => self.maps.rows.delete(&row_key(*place)).map(drop),
            other => unreachable!("not about a table: `{other:?}`"),
        }
    }

    fn write_address(&self, write: &Write) -> io::Result<()> {
        let maps = &self.maps;
        match write {
            Write::Device { interface, slot } => {
                maps.devices.update(interface, &abi::Device { slot: *slot, pad: 0 }, Expect::Any)
            }
            Write::DropDevice { interface, .. } => maps.devices.delete(interface).map(drop),
            Write::Own { address, interface, slot } => {
                let value = abi::Endpoint { ifindex: *interface, slot: *slot };
                maps.endpoints.update(&abi::bytes(*address), &value, Expect::Any)
            }
            Write::Disown { address, .. } => maps.endpoints.delete(&abi::bytes(*address)).map(drop),
            Write::Address { address, identity } => {
                maps.addresses.update(&abi::bytes(*address), &identity.0, Expect::Any)
            }
            Write::DropAddress { address } => {
                maps.addresses.delete(&abi::bytes(*address)).map(drop)
            }
            Write::Network { cidr, identity } => {
                maps.networks.update(&network(*cidr), &identity.0, Expect::Any)
            }
            Write::DropNetwork { cidr } => maps.networks.delete(&network(*cidr)).map(drop),
            Write::Backends { span, backends } => {
                for (index, backend) in (span.first..).zip(backends.iter()) {
                    maps.backends.fill(index, self::backend(*backend).as_bytes());
                }
                Ok(())
            }
            Write::Service { frontend, span } => {
                let value = abi::BackendsOf { first: span.first, count: span.count };
                maps.services.update(&self::frontend(*frontend), &value, Expect::Any)
            }
            Write::DropService { frontend } => {
                maps.services.delete(&self::frontend(*frontend)).map(drop)
            }
            other => unreachable!("not about an address: `{other:?}`"),
        }
    }
}

/// Waits until every CPU has left what it was reading: a packet that read a slot's word before this
/// has been judged.
pub(crate) fn wait_for_grace() -> io::Result<()> {
    const MEMBARRIER_CMD_GLOBAL: libc::c_int = 1;
    // SAFETY: no memory is passed.
    let result = unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A slot's word as the kernel holds it.
pub(crate) fn packed(word: Word) -> u64 {
    let Word { generation, both, enforce } = word;
    abi::SlotWord { generation, both, enforce }.pack()
}

/// A table's head as the kernel holds it.
pub(crate) fn head(halves: [HalfHead; 2]) -> abi::Table {
    abi::Table {
        fallback: halves.map(|half| row(half.fallback)),
        isolated: halves.map(|half| u32::from(half.isolation == Isolation::Isolated)),
    }
}

/// A span as a row of the kernel.
pub(crate) fn row(span: Span) -> abi::Row {
    abi::Row { start: span.first, length: span.count }
}

/// The key of a row.
pub(crate) fn row_key(place: RowPlace) -> abi::RowKey {
    let direction = u32::try_from(half(place.direction)).expect("0 or 1");
    abi::RowKey { table: place.table, identity: place.peer.0, direction }
}

/// The key of a range.
pub(crate) fn network(cidr: Cidr) -> abi::Network {
    let address = Address::from(cidr.network());
    abi::Network { prefix: u32::from(cidr.mapped_length()), address: abi::bytes(address) }
}

/// The key of a service.
pub(crate) fn frontend(frontend: Frontend) -> abi::Frontend {
    abi::Frontend {
        address: abi::bytes(frontend.address),
        port: U16::new(frontend.port),
        protocol: frontend.protocol.0,
        pad: [0; 5],
    }
}

/// A backend as the kernel holds it.
pub(crate) fn backend(backend: Backend) -> abi::Backend {
    abi::Backend { address: abi::bytes(backend.address), port: U16::new(backend.port), pad: [0; 6] }
}

//! Connections: the ones that were open before, and the end of those that are over.
//!
//! The hooks insert and renew; only user space deletes, and gives the slot's quota back.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::mem::offset_of;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::time::Duration;

use podwall_model::{Address, Direction, Protocol};
use thiserror::Error;
use zerocopy::byteorder::network_endian::U16;

use crate::abi;
use crate::clock::Clock;
use crate::datapath::Datapath;
use crate::kernel::WriteError;
use crate::map::Expect;
use crate::mirror::half;
use crate::wanted::Frontend;

/// How long a connection may be silent before it is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP that both ends speak. Long, since a forgotten one may be taken for another's.
    pub tcp: Duration,
    /// TCP that nobody answered.
    pub tcp_unanswered: Duration,
    /// TCP that was reset or closed by both ends.
    pub tcp_closed: Duration,
    /// UDP that was answered.
    pub udp: Duration,
    /// UDP that nobody answered.
    pub udp_unanswered: Duration,
    /// Everything else.
    pub other: Duration,
}

impl Default for Timeouts {
    /// Those of the kernel's own conntrack, but for TCP that is open: 6 hours.
    fn default() -> Timeouts {
        Timeouts {
            tcp: Duration::from_secs(6 * 3600),
            tcp_unanswered: Duration::from_secs(120),
            tcp_closed: Duration::from_secs(10),
            udp: Duration::from_secs(120),
            udp_unanswered: Duration::from_secs(30),
            other: Duration::from_secs(60),
        }
    }
}

/// A workload's side of a connection, as its socket table and the kernel's map name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ends {
    /// The workload's address.
    pub own: Address,
    /// Its port.
    pub own_port: u16,
    /// The other end.
    pub peer: Address,
    /// Its port.
    pub peer_port: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
}

/// A connection that was open before its workload had hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenConnection {
    /// Both ends.
    pub ends: Ends,
    /// In which direction it was opened.
    pub opener: Direction,
}

/// What `adopt_connections` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdoptedConnections {
    /// Written as new.
    pub written: u64,
    /// Known already with a direction that was only guessed, which was corrected.
    pub corrected: u64,
    /// Known already.
    pub known: u64,
    /// Of no workload, or over its quota.
    pub refused: u64,
}

/// What `expire` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Connections that there were.
    pub connections: u64,
    /// Connections that were forgotten.
    pub forgotten: u64,
    /// Names, slots and counters that nothing refers to any more.
    pub swept: u64,
}

/// Why connections could not be read or written.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// The kernel's tick could not be read.
    #[error("unable to read the kernel's clock")]
    Clock(#[source] io::Error),
    /// The connections could not be read or changed.
    #[error("unable to use the connections: `{what}`")]
    Connections {
        /// Which map.
        what: &'static str,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Something that nothing refers to could not be taken away.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What still refers to slots, rules and identities: what the connections hold.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) slots: BTreeMap<u32, u64>,
    pub(crate) rules: BTreeSet<u32>,
    pub(crate) identities: BTreeSet<u32>,
}

impl Datapath {
    /// Forgets connections that are over or were silent for too long, those of workloads that have
    /// gone, and then every name and number that nothing refers to any more. Before an open TCP
    /// connection is forgotten, `lives` is asked whether its socket still does; then it stays.
    pub fn expire(
        &mut self,
        timeouts: &Timeouts,
        mut lives: impl FnMut(&Ends) -> bool,
    ) -> Result<Expired, ConnectionError> {
        let clock = self.clock()?;
        let mut expired = Expired::default();
        let mut held = Held::default();
        for (key, connection) in self.connections()? {
            expired.connections += 1;
            let over = self.has_left(connection.slot)
                || (clock.since(connection.seen) > timeout(timeouts, &key, &connection)
                    && !(is_open_tcp(&key, &connection) && lives(&ends(&key))));
            if over && self.forget(&key, &connection)? {
                expired.forgotten += 1;
            } else {
                *held.slots.entry(connection.slot).or_default() += 1;
                held.rules.insert(connection.rule);
                held.identities.insert(connection.identity);
            }
        }
        expired.swept = self.sweep(&held)?;
        Ok(expired)
    }

    /// Lets connections that were open before be judged in the direction they were opened in. What
    /// the hooks know already stays, but for directions that they could only guess.
    pub fn adopt_connections(
        &mut self,
        connections: &[OpenConnection],
    ) -> Result<AdoptedConnections, ConnectionError> {
        let clock = self.clock()?;
        let mut done = AdoptedConnections::default();
        for open in connections {
            let Some((slot, interface)) = self.slot_at(open.ends.own) else {
                done.refused += 1;
                continue;
            };
            let value = self.opened_before(open, slot, interface, clock.now);
            self.adopt_connection(&key(&open.ends), &value, &mut done)?;
        }
        Ok(done)
    }

    fn adopt_connection(
        &mut self,
        key: &abi::ConnectionKey,
        value: &abi::Connection,
        done: &mut AdoptedConnections,
    ) -> Result<(), ConnectionError> {
        let map = &self.kernel.maps.connections;
        match map.update(key, value, Expect::Absent) {
            Ok(()) => {
                // One more is open: one less was given back.
                self.closed(value.slot).fetch_sub(1, Ordering::Relaxed);
                done.written += 1;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let known = map.look_up::<_, abi::Connection>(key).map_err(connections)?;
                let wrong =
                    known.is_some_and(|known| known.guessed != 0 && known.opener != value.opener);
                if !wrong {
                    done.known += 1;
                    return Ok(());
                }
                map.update(key, value, Expect::Any).map_err(connections)?;
                done.corrected += 1;
            }
            Err(error) if error.raw_os_error() == Some(libc::E2BIG) => done.refused += 1,
            Err(error) => return Err(connections(error)),
        }
        self.kernel.fuse.burn();
        Ok(())
    }

    fn opened_before(
        &self,
        open: &OpenConnection,
        slot: u32,
        interface: u32,
        now: u32,
    ) -> abi::Connection {
        let Ends { peer, peer_port, protocol, .. } = open.ends;
        let frontend = Frontend { address: peer, port: peer_port, protocol };
        let to_service =
            open.opener == Direction::Egress && self.mirror.services.contains_key(&frontend);
        abi::Connection {
            slot,
            ifindex: interface,
            seen: now,
            made: now,
            far: abi::bytes(peer),
            far_port: U16::new(peer_port),
            opener: u8::try_from(half(open.opener)).expect("0 or 1"),
            pending: u8::from(to_service),
            known: u8::from(!to_service),
            answered: 1,
            adopted: 1,
            ..abi::Connection::default()
        }
    }

    fn slot_at(&self, own: Address) -> Option<(u32, u32)> {
        let has = |slot: &&crate::mirror::Slot| slot.addresses.contains(&own);
        let (number, slot) =
            self.mirror.slots.iter().find(|(_, slot)| has(slot) && !slot.has_left())?;
        Some((*number, slot.interface))
    }

    /// All connections.
    pub(crate) fn connections(
        &self,
    ) -> Result<Vec<(abi::ConnectionKey, abi::Connection)>, ConnectionError> {
        self.kernel.maps.connections.all().map_err(connections)
    }

    fn forget(
        &mut self,
        key: &abi::ConnectionKey,
        read: &abi::Connection,
    ) -> Result<bool, ConnectionError> {
        let map = &self.kernel.maps.connections;
        let now = map.look_up::<_, abi::Connection>(key).map_err(connections)?;
        let is_as_read = now.is_some_and(|now| (now.seen, now.made) == (read.seen, read.made));
        if !is_as_read || !map.delete(key).map_err(connections)? {
            return Ok(false);
        }
        self.closed(read.slot).fetch_add(1, Ordering::Relaxed);
        self.kernel.fuse.burn();
        Ok(true)
    }

    fn closed(&self, slot: u32) -> &std::sync::atomic::AtomicU64 {
        self.kernel.maps.quotas.word(slot, offset_of!(abi::Quota, closed))
    }

    /// Counts the connections of each slot anew, after a process that may have been killed between
    /// deleting one and giving its place back.
    pub(crate) fn recount(&self) -> Result<(), ConnectionError> {
        let mut live: BTreeMap<u32, u64> = BTreeMap::new();
        for (_, connection) in self.connections()? {
            *live.entry(connection.slot).or_default() += 1;
        }
        for slot in self.mirror.slots.keys() {
            let opened = self.kernel.maps.opened.look_up::<u32, u64>(slot);
            let opened = opened
                .map_err(|source| ConnectionError::Connections { what: "pw_opened", source })?;
            let live = live.get(slot).copied().unwrap_or(0);
            let closed = opened.unwrap_or(0).wrapping_sub(live);
            self.closed(*slot).store(closed, Ordering::Relaxed);
        }
        Ok(())
    }

    fn has_left(&self, slot: u32) -> bool {
        self.mirror.slots.get(&slot).is_none_or(crate::mirror::Slot::has_left)
    }

    fn clock(&self) -> Result<Clock, ConnectionError> {
        let program = self.kernel.hooks.program("clock").map_err(ConnectionError::Clock)?;
        Clock::read(program.as_fd()).map_err(ConnectionError::Clock)
    }
}

fn connections(source: io::Error) -> ConnectionError {
    ConnectionError::Connections { what: "pw_connections", source }
}

fn is_open_tcp(key: &abi::ConnectionKey, connection: &abi::Connection) -> bool {
    key.protocol == Protocol::TCP.0 && connection.answered != 0 && connection.closed == 0
}

fn timeout(
    timeouts: &Timeouts,
    key: &abi::ConnectionKey,
    connection: &abi::Connection,
) -> Duration {
    match (Protocol(key.protocol), connection.answered != 0) {
        (Protocol::TCP, _) if connection.closed != 0 => timeouts.tcp_closed,
        (Protocol::TCP, true) => timeouts.tcp,
        (Protocol::TCP, false) => timeouts.tcp_unanswered,
        (Protocol::UDP, true) => timeouts.udp,
        (Protocol::UDP, false) => timeouts.udp_unanswered,
        _ => timeouts.other,
    }
}

fn key(ends: &Ends) -> abi::ConnectionKey {
    abi::ConnectionKey {
        pod: abi::bytes(ends.own),
        peer: abi::bytes(ends.peer),
        pod_port: U16::new(ends.own_port),
        peer_port: U16::new(ends.peer_port),
        protocol: ends.protocol.0,
        asker: abi::NOT_QUERY,
        pad: [0; 2],
    }
}

fn ends(key: &abi::ConnectionKey) -> Ends {
    Ends {
        own: Address(key.pod),
        own_port: key.pod_port.get(),
        peer: Address(key.peer),
        peer_port: key.peer_port.get(),
        protocol: Protocol(key.protocol),
    }
}

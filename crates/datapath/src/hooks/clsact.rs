//! Filters of a clsact queueing discipline, for kernels without tcx (before 6.6).
//!
//! Such a filter holds its program by itself. What we put on an interface is remembered by a mark:
//! the program, pinned under a name that says the interface and whether the discipline was ours.

use std::fs;
use std::io;
use std::os::fd::BorrowedFd;

use libbpf_rs::{ErrorKind, TC_EGRESS, TC_INGRESS, TcHook, TcHookBuilder};
use nix::net::if_::if_indextoname;

use crate::kernel::Fuse;
use crate::link::{InterfaceSide, pin};
use crate::load::into_io;

use super::{Hooking, Role};

/// The place of our filters on an interface; nobody else is known to use it.
const HANDLE: u32 = 0x7077;
/// Before filters that others put there.
const PRIORITY: u32 = 1;

/// What we put on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) interface: u32,
    role: Role,
    discipline: Discipline,
}

/// Whose queueing discipline our filters stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Discipline {
    /// Made by us, to be removed with our filters.
    Ours,
    /// There before us.
    Shared,
}

impl Mark {
    /// The mark that a pin's name is, if it is one.
    pub(super) fn parse(name: &str) -> Option<Mark> {
        let rest = name.strip_prefix("clsact_")?;
        let (discipline, rest) = rest.split_once('_')?;
        let (role, interface) = rest.split_once('_')?;
        let discipline = match discipline {
            "ours" => Discipline::Ours,
            "shared" => Discipline::Shared,
            _ => return None,
        };
        let role = match role {
            "workload" => Role::Workload,
            "uplink" => Role::Uplink,
            "tunnel" => Role::Tunnel,
            _ => return None,
        };
        Some(Mark { interface: interface.parse().ok()?, role, discipline })
    }

    fn name(self) -> String {
        let discipline = match self.discipline {
            Discipline::Ours => "ours",
            Discipline::Shared => "shared",
        };
        let role = match self.role {
            Role::Workload => "workload",
            Role::Uplink => "uplink",
            Role::Tunnel => "tunnel",
        };
        format!("clsact_{discipline}_{role}_{}", self.interface)
    }
}

impl Hooking {
    /// Replaces the programs of our filters; forgets the mark of an interface that has gone.
    pub(super) fn adopt_clsact(&mut self, mark: Mark, fuse: &mut Fuse) -> io::Result<()> {
        if if_indextoname(mark.interface).is_err() {
            return fs::remove_file(self.pins.link(&mark.name()));
        }
        self.put_filters(mark, fuse)
    }

    /// Whether our filters are on the interface: somebody may have deleted the discipline.
    pub(super) fn is_clsact_attached(&self, interface: u32) -> io::Result<bool> {
        let Some(mark) = self.mark_of(interface)? else { return Ok(false) };
        for (program, side) in mark.role.programs() {
            let mut hook = hook(self.program(program)?, interface, *side)?;
            if hook.query().is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts our filters on an interface, and a discipline if there is none.
    pub(super) fn attach_clsact(
        &mut self,
        role: Role,
        interface: u32,
        fuse: &mut Fuse,
    ) -> io::Result<()> {
        let mut discipline = hook(self.program("from_pod")?, interface, InterfaceSide::Ingress)?;
        let created = match discipline.create() {
            Ok(_) => Discipline::Ours,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Discipline::Shared,
            Err(error) => return Err(into_io(error)),
        };
        fuse.burn();
        let mark = Mark { interface, role, discipline: created };
        if self.mark_of(interface)?.is_none() {
            pin(self.program("from_pod")?, &self.pins.link(&mark.name()))?;
            fuse.burn();
        }
        self.put_filters(mark, fuse)
    }

    fn put_filters(&mut self, mark: Mark, fuse: &mut Fuse) -> io::Result<()> {
        for (program, side) in mark.role.programs() {
            let mut hook = hook(self.program(program)?, mark.interface, *side)?;
            hook.replace(true).attach().map_err(into_io)?;
            fuse.burn();
        }
        Ok(())
    }

    /// Takes our filters off, the discipline too where it was ours.
    pub(super) fn detach_clsact(&mut self, interface: u32, fuse: &mut Fuse) -> io::Result<()> {
        let Some(mark) = self.mark_of(interface)? else { return Ok(()) };
        if if_indextoname(interface).is_ok() {
            for (program, side) in mark.role.programs() {
                let mut hook = hook(self.program(program)?, interface, *side)?;
                ignore_absent(hook.detach())?;
                fuse.burn();
            }
            if mark.discipline == Discipline::Ours {
                let mut hook = hook(self.program("from_pod")?, interface, InterfaceSide::Ingress)?;
                hook.attach_point(TC_INGRESS | TC_EGRESS);
                ignore_absent(hook.destroy())?;
                fuse.burn();
            }
        }
        fs::remove_file(self.pins.link(&mark.name()))
    }

    fn mark_of(&self, interface: u32) -> io::Result<Option<Mark>> {
        let marks = self.pins.links()?;
        Ok(marks.iter().filter_map(|name| Mark::parse(name)).find(|m| m.interface == interface))
    }
}

fn hook(program: BorrowedFd<'_>, interface: u32, side: InterfaceSide) -> io::Result<TcHook> {
    let interface = i32::try_from(interface).map_err(io::Error::other)?;
    let mut builder = TcHookBuilder::new(program);
    builder.ifindex(interface).replace(false).handle(HANDLE).priority(PRIORITY);
    Ok(builder.hook(match side {
        InterfaceSide::Ingress => TC_INGRESS,
        InterfaceSide::Egress => TC_EGRESS,
    }))
}

fn ignore_absent(result: Result<(), libbpf_rs::Error>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(into_io(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_from_its_name() {
        for discipline in [Discipline::Ours, Discipline::Shared] {
            for role in [Role::Workload, Role::Uplink, Role::Tunnel] {
                let mark = Mark { interface: 17, role, discipline };
                assert_eq!(Mark::parse(&mark.name()), Some(mark));
            }
        }
        assert_eq!(Mark::parse("from_pod_17"), None);
    }
}

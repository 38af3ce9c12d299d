//! Hooks: programs on the interfaces of workloads and where packets leave the node's stack.
//!
//! Everything is pinned under the name of its place, so that a later process finds it, replaces its
//! programs without a gap, and takes it off.

mod clsact;
mod leave;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use libbpf_rs::Object;

use crate::kernel::Fuse;
use crate::link::{InterfaceSide, Link};
use crate::load::{OpenError, pinned};
use crate::map::check;
use crate::pins::Pins;
use crate::settings::{HookChoice, InterfaceHook};

pub use leave::LeaveKind;

/// How programs are put on interfaces here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceKind {
    /// tcx links: nobody takes them off by accident.
    Tcx,
    /// Filters of a clsact queueing discipline: they go with it.
    Clsact,
}

/// The programs, and how they are attached.
#[derive(Debug)]
pub(crate) struct Hooking {
    pins: Pins,
    programs: BTreeMap<String, OwnedFd>,
    interface: InterfaceKind,
    leave: LeaveKind,
}

/// What an interface is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// The host side of a workload's veth.
    Workload,
    /// It leads off the node, with an Ethernet header.
    Uplink,
    /// It leads off the node, packets beginning at their IP header.
    Tunnel,
}

impl Role {
    /// The programs that belong there. On a workload's interface the one for what it sends comes
    /// last, so that a connection's first packet never finds it alone.
    fn programs(self) -> &'static [(&'static str, InterfaceSide)] {
        match self {
            Role::Workload => {
                &[("to_pod", InterfaceSide::Egress), ("from_pod", InterfaceSide::Ingress)]
            }
            Role::Uplink => &[("uplink", InterfaceSide::Egress)],
            Role::Tunnel => &[("uplink_raw", InterfaceSide::Egress)],
        }
    }
}

impl Hooking {
    /// The programs of a loaded object, pinned, and the kinds of hooks that this kernel has.
    pub(crate) fn new(
        object: &Object,
        pins: &Pins,
        choice: HookChoice,
    ) -> Result<Hooking, OpenError> {
        let mut programs = BTreeMap::new();
        for program in object.progs().filter(|program| program.autoload()) {
            let name = program.name().to_string_lossy().into_owned();
            let descriptor = program.as_fd().try_clone_to_owned();
            let descriptor = descriptor.map_err(|source| pinned(&name, source))?;
            crate::link::pin(descriptor.as_fd(), &pins.program(&name))
                .map_err(|source| pinned(&name, source))?;
            programs.insert(name, descriptor);
        }
        let interface = match choice.interface {
            InterfaceHook::Probe if has_tcx() => InterfaceKind::Tcx,
            InterfaceHook::Probe | InterfaceHook::Clsact => InterfaceKind::Clsact,
            InterfaceHook::Tcx => InterfaceKind::Tcx,
        };
        let leave = leave::choose(choice.leave, programs.contains_key("leave"));
        Ok(Hooking { pins: pins.clone(), programs, interface, leave })
    }

    /// How programs are put on interfaces.
    pub(crate) fn interface_kind(&self) -> InterfaceKind {
        self.interface
    }

    /// How packets are met where they leave the node's stack.
    pub(crate) fn leave_kind(&self) -> LeaveKind {
        self.leave
    }

    /// Replaces the programs of everything that is attached by ours, each without a gap. What is
    /// left of interfaces that have gone is unpinned.
    pub(crate) fn adopt(&mut self, fuse: &mut Fuse) -> Result<(), OpenError> {
        let links = self.pins.links().map_err(|source| pinned("links", source))?;
        for name in links {
            self.adopt_link(&name, fuse).map_err(|source| pinned(&name, source))?;
        }
        Ok(())
    }

    fn adopt_link(&mut self, name: &str, fuse: &mut Fuse) -> io::Result<()> {
        if let Some(mark) = clsact::Mark::parse(name) {
            return self.adopt_clsact(mark, fuse);
        }
        let Some((program, _)) = name.rsplit_once('_') else { return Ok(()) };
        // Netfilter links cannot change their program; `hold_leave` puts new ones beside them.
        let Some(descriptor) = self.programs.get(program) else { return Ok(()) };
        let path = self.pins.link(name);
        let Some(link) = Link::open(&path)? else { return Ok(()) };
        if link.interface()?.is_none() {
            std::fs::remove_file(path)?;
        } else {
            link.replace(descriptor.as_fd())?;
        }
        fuse.burn();
        Ok(())
    }

    /// Whether both programs are on a workload's interface.
    pub(crate) fn is_attached(&self, interface: u32) -> io::Result<bool> {
        if interface == 0 {
            return Ok(false);
        }
        if self.interface == InterfaceKind::Clsact {
            return self.is_clsact_attached(interface);
        }
        for (program, _) in Role::Workload.programs() {
            let link = Link::open(&self.pins.link(&format!("{program}_{interface}")))?;
            match link {
                Some(link) if link.interface()? == Some(interface) => {}
                Some(_) | None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Puts both programs on a workload's interface; what is there already stays.
    pub(crate) fn attach(&mut self, interface: u32, fuse: &mut Fuse) -> io::Result<()> {
        self.put(Role::Workload, interface, fuse)
    }

    fn put(&mut self, role: Role, interface: u32, fuse: &mut Fuse) -> io::Result<()> {
        match self.interface {
            InterfaceKind::Tcx => {
                for (program, side) in role.programs() {
                    self.attach_tcx(program, interface, *side, fuse)?;
                }
                Ok(())
            }
            InterfaceKind::Clsact => self.attach_clsact(role, interface, fuse),
        }
    }

    fn attach_tcx(
        &self,
        program: &str,
        interface: u32,
        side: InterfaceSide,
        fuse: &mut Fuse,
    ) -> io::Result<()> {
        let path = self.pins.link(&format!("{program}_{interface}"));
        if let Some(link) = Link::open(&path)?
            && link.interface()? == Some(interface)
        {
            return Ok(());
        }
        let link = Link::tcx(self.program(program)?, interface, side)?;
        fuse.burn();
        link.pin(&path)?;
        fuse.burn();
        Ok(())
    }

    /// Takes the programs off an interface. One that has gone took its hooks with it.
    pub(crate) fn detach(&mut self, interface: u32, fuse: &mut Fuse) -> io::Result<()> {
        if self.interface == InterfaceKind::Clsact {
            return self.detach_clsact(interface, fuse);
        }
        for (program, _) in Role::Workload.programs() {
            self.drop_link(&format!("{program}_{interface}"), fuse)?;
        }
        Ok(())
    }

    /// Takes everything off that is pinned.
    pub(crate) fn detach_all(&mut self, fuse: &mut Fuse) -> io::Result<()> {
        for name in self.pins.links()? {
            match clsact::Mark::parse(&name) {
                Some(mark) => self.detach_clsact(mark.interface, fuse)?,
                None => self.drop_link(&name, fuse)?,
            }
        }
        Ok(())
    }

    fn drop_link(&self, name: &str, fuse: &mut Fuse) -> io::Result<()> {
        let path = self.pins.link(name);
        let Some(link) = Link::open(&path)? else { return Ok(()) };
        link.detach()?;
        fuse.burn();
        std::fs::remove_file(path)?;
        fuse.burn();
        Ok(())
    }

    /// One of the object's programs.
    pub(crate) fn program(&self, name: &str) -> io::Result<BorrowedFd<'_>> {
        let missing = || io::Error::other(format!("the kernel took no program `{name}`"));
        self.programs.get(name).map(AsFd::as_fd).ok_or_else(missing)
    }
}

/// Whether the kernel has tcx: asked of the loopback device, which is always the first.
fn has_tcx() -> bool {
    const LOOPBACK: i32 = 1;
    let mut options = libbpf_sys::bpf_prog_query_opts {
        sz: size_of::<libbpf_sys::bpf_prog_query_opts>() as libbpf_sys::size_t,
        ..Default::default()
    };
    // SAFETY: the options are a whole struct that says its own size, and ask for no arrays.
    check(unsafe {
        libbpf_sys::bpf_prog_query_opts(LOOPBACK, libbpf_sys::BPF_TCX_INGRESS, &raw mut options)
    })
    .is_ok()
}

//! Links: what holds a program to its hook. Pinned, they outlive the process.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libbpf_rs::query::{LinkInfo, LinkTypeInfo};

use crate::map::check;

/// A link, by its descriptor.
#[derive(Debug)]
pub(crate) struct Link(OwnedFd);

/// One of the two sides of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum InterfaceSide {
    /// What the interface receives: at the host side of a veth, what the workload sends.
    Ingress,
    /// What the interface sends.
    Egress,
}

/// Where in the stack a netfilter program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NetfilterPlace {
    /// `NFPROTO_IPV4` or `NFPROTO_IPV6`.
    pub(crate) family: u32,
    /// `NF_INET_FORWARD` or `NF_INET_LOCAL_IN`.
    pub(crate) hook: u32,
    /// Its place among all that runs there.
    pub(crate) priority: i32,
}

impl Link {
    /// Puts a program on one side of an interface by tcx, before every other one there.
    pub(crate) fn tcx(
        program: BorrowedFd<'_>,
        interface: u32,
        side: InterfaceSide,
    ) -> io::Result<Link> {
        let kind = match side {
            InterfaceSide::Ingress => libbpf_sys::BPF_TCX_INGRESS,
            InterfaceSide::Egress => libbpf_sys::BPF_TCX_EGRESS,
        };
        let mut options = link_options();
        options.flags = libbpf_sys::BPF_F_BEFORE;
        let interface = i32::try_from(interface).map_err(io::Error::other)?;
        Link::create(program, interface, kind, &options)
    }

    /// Puts a program into the stack of the current network namespace.
    pub(crate) fn netfilter(program: BorrowedFd<'_>, place: NetfilterPlace) -> io::Result<Link> {
        let mut options = link_options();
        options.__bindgen_anon_1.netfilter =
            libbpf_sys::bpf_link_create_opts__bindgen_ty_1__bindgen_ty_5 {
                pf: place.family,
                hooknum: place.hook,
                priority: place.priority,
                flags: 0,
            };
        Link::create(program, 0, libbpf_sys::BPF_NETFILTER, &options)
    }

    fn create(
        program: BorrowedFd<'_>,
        target: i32,
        kind: u32,
        options: &libbpf_sys::bpf_link_create_opts,
    ) -> io::Result<Link> {
        // SAFETY: the options are a whole struct that says its own size.
        let descriptor = unsafe {
            libbpf_sys::bpf_link_create(program.as_raw_fd(), target, kind, &raw const *options)
        };
        check(descriptor)?;
        // SAFETY: the kernel has just given us this descriptor.
        Ok(Link(unsafe { OwnedFd::from_raw_fd(descriptor) }))
    }

    /// Opens a pinned link; `None` where there is none.
    pub(crate) fn open(path: &Path) -> io::Result<Option<Link>> {
        let path = c_path(path)?;
        // SAFETY: the path is a string that ends in 0.
        let descriptor = unsafe { libbpf_sys::bpf_obj_get(path.as_ptr()) };
        match check(descriptor) {
            // SAFETY: the kernel has just given us this descriptor.
            Ok(()) => Ok(Some(Link(unsafe { OwnedFd::from_raw_fd(descriptor) }))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Pins it.
    pub(crate) fn pin(&self, path: &Path) -> io::Result<()> {
        pin(self.0.as_fd(), path)
    }

    /// Replaces its program; no packet meets none, or both.
    pub(crate) fn replace(&self, program: BorrowedFd<'_>) -> io::Result<()> {
        // SAFETY: two descriptors and no options.
        check(unsafe {
            libbpf_sys::bpf_link_update(self.0.as_raw_fd(), program.as_raw_fd(), std::ptr::null())
        })
    }

    /// The interface it is on; `None` once that has gone, or where it is on none.
    pub(crate) fn interface(&self) -> io::Result<Option<u32>> {
        let info = LinkInfo::from_fd(self.0.as_fd()).map_err(io::Error::other)?;
        Ok(match info.info {
            LinkTypeInfo::Tcx(tcx) if tcx.ifindex != 0 => Some(tcx.ifindex),
            _ => None,
        })
    }

    /// Takes the program off its hook, whoever else still holds the link.
    pub(crate) fn detach(&self) -> io::Result<()> {
        // SAFETY: one descriptor.
        match check(unsafe { libbpf_sys::bpf_link_detach(self.0.as_raw_fd()) }) {
            // Its interface has gone, and with it the hook.
            Err(error) if error.raw_os_error() == Some(libc::ENOLINK) => Ok(()),
            // Links of netfilter go with their last holder alone.
            Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => Ok(()),
            other => other,
        }
    }
}

/// Pins what a descriptor stands for, in the place of what was pinned there.
pub(crate) fn pin(descriptor: BorrowedFd<'_>, path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let path = c_path(path)?;
    // SAFETY: a descriptor and a string that ends in 0.
    check(unsafe { libbpf_sys::bpf_obj_pin(descriptor.as_raw_fd(), path.as_ptr()) })
}

fn link_options() -> libbpf_sys::bpf_link_create_opts {
    libbpf_sys::bpf_link_create_opts {
        sz: size_of::<libbpf_sys::bpf_link_create_opts>() as libbpf_sys::size_t,
        ..Default::default()
    }
}

fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)
}

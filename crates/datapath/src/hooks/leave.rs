//! Where packets leave the node's stack: netfilter links, or the egress of every device that leads
//! off the node (before 6.4).

use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsRawFd;

use nix::net::if_::if_nameindex;

use crate::kernel::Fuse;
use crate::link::{Link, NetfilterPlace};
use crate::settings::LeaveHook;

use super::{Hooking, Role};

/// How packets are met where they leave the node's stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveKind {
    /// Netfilter links at FORWARD and LOCAL_IN.
    Netfilter,
    /// The egress of each interface that leads off the node. Between its appearance and the next
    /// `hold_uplinks` a new one is not watched.
    Uplink,
}

/// The two priorities that take turns: a netfilter link cannot change its program, so a new one is
/// put beside it before it goes. Before mangle, after conntrack.
const PRIORITIES: [i32; 2] = [-161, -160];
/// `NF_INET_LOCAL_IN` and `NF_INET_FORWARD`.
const HOOKS: [(&str, u32); 2] = [("local-in", 1), ("forward", 2)];
/// `NFPROTO_IPV4` and `NFPROTO_IPV6`.
const FAMILIES: [(&str, u32); 2] = [("v4", 2), ("v6", 10)];

/// The kind to use.
pub(super) fn choose(choice: LeaveHook, kernel_takes_netfilter: bool) -> LeaveKind {
    match choice {
        LeaveHook::Probe if kernel_takes_netfilter => LeaveKind::Netfilter,
        LeaveHook::Probe | LeaveHook::Uplink => LeaveKind::Uplink,
        LeaveHook::Netfilter => LeaveKind::Netfilter,
    }
}

impl Hooking {
    /// Sees to it that our program runs where packets leave, and none of an earlier process.
    pub(crate) fn hold_leave(&mut self, fuse: &mut Fuse) -> io::Result<()> {
        if self.leave == LeaveKind::Uplink {
            return Ok(());
        }
        for (family_name, family) in FAMILIES {
            for (hook_name, hook) in HOOKS {
                let place = format!("leave_{family_name}-{hook_name}");
                let names = PRIORITIES.map(|priority| format!("{place}{priority}"));
                let pinned = self.pins.links()?;
                let old = names.iter().position(|name| pinned.contains(name));
                let fresh = old.map_or(0, |old| 1 - old);
                let priority = PRIORITIES[fresh];
                let link = Link::netfilter(
                    self.program("leave")?,
                    NetfilterPlace { family, hook, priority },
                )?;
                fuse.burn();
                link.pin(&self.pins.link(&names[fresh]))?;
                fuse.burn();
                if let Some(old) = old {
                    self.drop_link(&names[old], fuse)?;
                }
            }
        }
        Ok(())
    }

    /// Puts `uplink` on every device that is neither a workload's nor the loopback, where netfilter
    /// takes no programs.
    pub(crate) fn hold_uplinks(
        &mut self,
        workloads: &BTreeSet<u32>,
        fuse: &mut Fuse,
    ) -> io::Result<()> {
        if self.leave == LeaveKind::Netfilter {
            return Ok(());
        }
        for device in if_nameindex()?.iter() {
            let interface = device.index();
            let role = match link_header(&device.name().to_string_lossy())? {
                _ if workloads.contains(&interface) => continue,
                LinkHeader::Loopback => continue,
                LinkHeader::Ethernet => Role::Uplink,
                LinkHeader::None => Role::Tunnel,
            };
            self.put(role, interface, fuse)?;
        }
        Ok(())
    }
}

/// What a device's frames begin with.
enum LinkHeader {
    Loopback,
    Ethernet,
    None,
}

fn link_header(name: &str) -> io::Result<LinkHeader> {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
    let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    // SAFETY: all zeroes is a value of the struct.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(name.bytes().take(libc::IFNAMSIZ - 1)) {
        *place = byte.cast_signed();
    }
    // SAFETY: the request is a whole struct that the kernel reads and fills.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFHWADDR, &raw mut request) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has filled in the hardware address.
    let kind = unsafe { request.ifr_ifru.ifru_hwaddr.sa_family };
    Ok(match kind {
        libc::ARPHRD_LOOPBACK => LinkHeader::Loopback,
        libc::ARPHRD_ETHER => LinkHeader::Ethernet,
        _ => LinkHeader::None,
    })
}

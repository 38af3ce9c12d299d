//! A bell that rings when an interface of a namespace comes, goes or changes.
//!
//! It tells that something changed, not what: whoever hears it looks at the whole again, so that a
//! message that the kernel had no room for does no harm.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};

/// `RTMGRP_LINK` of `linux/rtnetlink.h`: news of interfaces.
const LINKS: u32 = 1;

/// Messages that are taken away at one ringing, at most; the rest rings again.
const MESSAGES_AT_ONCE: usize = 1024;

/// The bell of one namespace.
#[derive(Debug)]
pub struct LinkWatch {
    socket: OwnedFd,
}

impl LinkWatch {
    /// Listens in the calling thread's namespace.
    pub fn here() -> io::Result<LinkWatch> {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let protocol = SockProtocol::NetlinkRoute;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, LINKS))?;
        Ok(LinkWatch { socket })
    }

    /// Takes the news away; `true` if there was any.
    pub fn heard(&self) -> io::Result<bool> {
        let mut message = [0; 4096];
        for taken in 0..MESSAGES_AT_ONCE {
            match recv(self.socket.as_raw_fd(), &mut message, MsgFlags::empty()) {
                // Messages were dropped: that, too, is news.
                Ok(_) | Err(Errno::ENOBUFS) => {}
                Err(Errno::EAGAIN) => return Ok(taken > 0),
                Err(Errno::EINTR) => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        Ok(true)
    }
}

impl AsFd for LinkWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for LinkWatch {
    fn as_raw_fd(&self) -> i32 {
        self.socket.as_raw_fd()
    }
}

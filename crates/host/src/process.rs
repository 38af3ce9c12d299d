//! Programs inside namespaces: started there, dying with whoever started them, and named so that
//! no other process can be taken for them.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid};

use crate::namespace::Namespace;

/// How long a killed process may take to be gone.
const GONE_WITHIN_MS: libc::c_int = 5000;

/// A process that can be recognised later: its number alone could have been given to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since the machine did.
    pub start: u64,
}

impl Process {
    /// The process that has this number now.
    pub fn with_pid(pid: u32) -> io::Result<Process> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let start = start_of(&stat).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Process { pid, start })
    }

    /// Whether it is still there. A zombie, dead and not yet waited for, is not.
    pub fn is_alive(self) -> bool {
        let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", self.pid)) else {
            return false;
        };
        let zombie = after_name(&stat).is_none_or(|rest| rest.starts_with(['Z', 'X']));
        !zombie && start_of(&stat) == Some(self.start)
    }

    /// Kills it and waits until it is gone; another process with its number is never touched.
    pub fn kill(self) -> io::Result<()> {
        let handle = match open_handle(self.pid) {
            Err(cause) if cause.raw_os_error() == Some(libc::ESRCH) => return Ok(()),
            other => other?,
        };
        // Compared after the handle is open: from here on it cannot become another process.
        if !self.is_alive() {
            return Ok(());
        }
        send_kill(&handle)?;
        wait_for_end(&handle)
    }
}

/// Starts a program inside a namespace, in a process group of its own. It is killed when the
/// calling *thread* ends, so call this from one that lives as long as the program should.
pub fn spawn_in(namespace: &Namespace, command: &mut Command) -> io::Result<Child> {
    let inside = namespace.file().try_clone()?;
    let parent = Pid::this();
    let enter = move || {
        set_pdeathsig(Signal::SIGKILL)?;
        if getppid() != parent {
            return Err(Errno::ESRCH.into());
        }
        setns(&inside, CloneFlags::CLONE_NEWNET)?;
        Ok(())
    };
    // SAFETY: between fork and exec `enter` only makes system calls (prctl, getppid, setns); it
    // neither allocates nor takes a lock.
    unsafe { command.pre_exec(enter) };
    command.process_group(0).spawn()
}

fn open_handle(pid: u32) -> io::Result<OwnedFd> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: pidfd_open takes two numbers and touches no memory of ours.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = i32::try_from(Errno::result(fd)?).expect("file descriptors are small");
    // SAFETY: the call has just returned this descriptor, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn send_kill(handle: &OwnedFd) -> io::Result<()> {
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: the descriptor is an open pidfd; a null siginfo is allowed and means a plain kill.
    let sent = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, handle.as_raw_fd(), libc::SIGKILL, none, 0)
    };
    match Errno::result(sent) {
        Ok(_) | Err(Errno::ESRCH) => Ok(()),
        Err(cause) => Err(cause.into()),
    }
}

/// A pidfd becomes readable when its process ends.
fn wait_for_end(handle: &OwnedFd) -> io::Result<()> {
    let mut wanted = libc::pollfd { fd: handle.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: `wanted` is one pollfd that lives across the call.
    match Errno::result(unsafe { libc::poll(&raw mut wanted, 1, GONE_WITHIN_MS) })? {
        0 => Err(io::ErrorKind::TimedOut.into()),
        _ => Ok(()),
    }
}

/// What follows the name in `/proc/PID/stat`; the name may itself hold spaces and brackets.
fn after_name(stat: &str) -> Option<&str> {
    stat.rsplit_once(')').map(|(_, rest)| rest.trim_start())
}

/// `proc_pid_stat(5)`: starttime is field 22, the 20th behind the name.
fn start_of(stat: &str) -> Option<u64> {
    after_name(stat)?.split(' ').nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_hide_the_start() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 4242 1 2 3";
        assert_eq!(start_of(stat), Some(4242));
    }

    #[test]
    fn a_process_of_another_start_is_not_killed() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::with_pid(child.id()).unwrap();
        Process { start: process.start + 1, ..process }.kill().unwrap();
        assert!(process.is_alive());
        process.kill().unwrap();
        assert!(!process.is_alive());
        child.wait().unwrap();
    }
}

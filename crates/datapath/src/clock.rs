//! The kernel's tick, in which connections remember when they were last seen.
//!
//! A tick is a number of jiffies, which a program of ours reads. A jiffy is as long as the
//! resolution of the coarse clocks, since they move with it.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::time::{ClockId, clock_getres};

use crate::abi;
use crate::map::check;

/// When it is, in ticks, and how long one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) now: u32,
    jiffy: Duration,
}

impl Clock {
    /// Reads the tick by running the program `clock`.
    pub(crate) fn read(program: BorrowedFd<'_>) -> io::Result<Clock> {
        let now = run(program)?;
        let jiffy = Duration::from(clock_getres(ClockId::CLOCK_MONOTONIC_COARSE)?);
        Ok(Clock { now, jiffy })
    }

    /// How long ago a tick was.
    pub(crate) fn since(self, tick: u32) -> Duration {
        let ticks = self.now.wrapping_sub(tick);
        // A packet may have been seen after `now` was read.
        let ticks = if ticks > u32::MAX / 2 { 0 } else { ticks };
        self.jiffy.saturating_mul(ticks).saturating_mul(1 << abi::TICK_SHIFT)
    }
}

fn run(program: BorrowedFd<'_>) -> io::Result<u32> {
    // The least that the kernel takes for a frame.
    let frame = [0u8; 64];
    let mut options = libbpf_sys::bpf_test_run_opts {
        sz: size_of::<libbpf_sys::bpf_test_run_opts>() as libbpf_sys::size_t,
        data_in: frame.as_ptr().cast(),
        data_size_in: u32::try_from(frame.len()).expect("a frame is small"),
        repeat: 1,
        ..Default::default()
    };
    // SAFETY: the options are a whole struct that says its own size; the frame outlives the call.
    check(unsafe { libbpf_sys::bpf_prog_test_run_opts(program.as_raw_fd(), &raw mut options) })?;
    Ok(options.retval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_just_after_reading_is_no_age() {
        let clock = Clock { now: 10, jiffy: Duration::from_millis(4) };
        assert_eq!(clock.since(11), Duration::ZERO);
        assert_eq!(clock.since(8), Duration::from_millis(2048));
    }
}

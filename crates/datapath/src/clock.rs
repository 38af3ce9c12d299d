//! The kernel's tick, in which connections remember when they were last seen.
//!
//! A tick is a number of jiffies, and user space is told neither jiffies nor their length: a program
//! of ours reads the tick, and the length is the one that fits the time since boot.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::abi;
use crate::map::check;

/// Jiffies a second that kernels are built with.
const RATES: [u64; 4] = [100, 250, 300, 1000];
/// Jiffies begin this long before their 32-bit wrap.
const HEAD_START_SECONDS: u64 = 300;

/// When it is, in ticks, and how long one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) now: u32,
    jiffies_a_second: u64,
}

impl Clock {
    /// Reads the tick by running the program `clock`.
    pub(crate) fn read(program: BorrowedFd<'_>) -> io::Result<Clock> {
        let now = run(program)?;
        let uptime = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC)?);
        Ok(Clock::fit(now, uptime))
    }

    fn fit(now: u32, uptime: Duration) -> Clock {
        let expected = |rate: u64| {
            let since_boot = uptime.as_millis() as u64 * rate / 1000;
            ((1u64 << 32) - HEAD_START_SECONDS * rate + since_boot) >> abi::TICK_SHIFT
        };
        let distance = |rate: &u64| (expected(*rate) as u32).wrapping_sub(now).cast_signed().abs();
        let jiffies_a_second = RATES.into_iter().min_by_key(distance).expect("there are rates");
        Clock { now, jiffies_a_second }
    }

    /// How long ago a tick was.
    pub(crate) fn since(self, tick: u32) -> Duration {
        let ticks = self.now.wrapping_sub(tick);
        // A packet may have been seen after `now` was read.
        let ticks = if ticks > u32::MAX / 2 { 0 } else { ticks };
        Duration::from_millis((u64::from(ticks) << abi::TICK_SHIFT) * 1000 / self.jiffies_a_second)
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
    fn the_rate_is_found_from_the_time_since_boot() {
        for rate in RATES {
            for uptime in [1, 60, 299, 301, 86_400, 86_400 * 400] {
                let jiffies = (1u64 << 32) - 300 * rate + uptime * rate;
                let clock =
                    Clock::fit((jiffies >> abi::TICK_SHIFT) as u32, Duration::from_secs(uptime));
                assert_eq!(clock.jiffies_a_second, rate, "after {uptime} s");
            }
        }
    }

    #[test]
    fn what_was_seen_just_after_reading_is_no_age() {
        let clock = Clock { now: 10, jiffies_a_second: 250 };
        assert_eq!(clock.since(11), Duration::ZERO);
        assert_eq!(clock.since(8), Duration::from_millis(2048));
    }
}
